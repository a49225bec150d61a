// SPDX-License-Identifier: Apache-2.0
#include "osteosome/core/units.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>

#include "errors.hpp"

namespace osteosome::core {
namespace {

using support::error_of;
using support::units;

// Factors are products of at most ten rounded numbers: 10 roundings of 1.1e-16 each, doubled.
constexpr double kFactor = 2.5e-15;

void expect_factor(const char* from, const char* to, double factor) {
  const Unit a = units().parse(from);
  const Unit b = units().parse(to);
  ASSERT_TRUE(a.same_dimension(b)) << from << " and " << to;
  EXPECT_NEAR(a.factor_to(b) / factor, 1, kFactor) << from << " to " << to;
}

TEST(UnitSystem, nanomolar_isThousandPicomolar) { expect_factor("nM", "pM", 1000); }
TEST(UnitSystem, picomolar_isPicomolPerLitre) { expect_factor("pM", "pmol/L", 1); }
TEST(UnitSystem, millimolar_isMolPerCubicMetre) { expect_factor("mM", "mol/m3", 1); }
TEST(UnitSystem, month_is30point4375Days) { expect_factor("month", "d", 30.4375); }
TEST(UnitSystem, moAndMonths_areMonths) {
  expect_factor("mo", "month", 1);
  expect_factor("months", "month", 1);
}
TEST(UnitSystem, year_isTwelveMonths) { expect_factor("year", "month", 12); }
TEST(UnitSystem, y_isAYear) { expect_factor("y", "years", 1); }
TEST(UnitSystem, week_isSevenDays) {
  expect_factor("week", "d", 7);
  expect_factor("w", "weeks", 1);
}
TEST(UnitSystem, day_is24Hours) { expect_factor("d", "h", 24); }
TEST(UnitSystem, hour_is60Minutes) { expect_factor("h", "min", 60); }
TEST(UnitSystem, litre_isThousandMillilitres) { expect_factor("L", "mL", 1000); }
TEST(UnitSystem, perHour_isPerSecond) { expect_factor("1/h", "1/s", 1.0 / 3600); }
TEST(UnitSystem, microgram_isThousandNanograms) { expect_factor("ug", "ng", 1000); }
TEST(UnitSystem, cellsPerMillilitre_areCellsPerLitre) { expect_factor("cell/mL", "cell/L", 1000); }

TEST(UnitSystem, iu_isADimensionOfItsOwn) {
  const Unit iu = units().parse("IU");
  EXPECT_FALSE(iu.same_dimension(units().parse("mg")));
  EXPECT_FALSE(iu.same_dimension(units().parse("1")));
}

TEST(UnitSystem, cellAndParticle_areDifferent) {
  EXPECT_FALSE(units().parse("cell").same_dimension(units().parse("particle")));
  EXPECT_FALSE(units().parse("cell").dimensionless());
}

TEST(UnitSystem, one_isDimensionless) { EXPECT_TRUE(units().parse("1").dimensionless()); }

TEST(UnitSystem, unknownUnit_isRefusedByName) {
  const Error error = error_of([] { (void)units().parse("furlongz"); });
  EXPECT_EQ(error.kind(), ErrorKind::Unit);
  EXPECT_EQ(error.diagnostics().front().code, "unit-001");
  EXPECT_EQ(error.diagnostics().front().message, "unknown unit 'furlongz'");
  EXPECT_EQ(error.diagnostics().front().hint, "Units are UDUNITS-2 text, e.g. 'pmol/L', 'mg', '1/h'; '1' if dimensionless.");
}

TEST(UnitSystem, offsetUnit_isRefusedWithReason) {
  const Error error = error_of([] { (void)units().parse("degC"); });
  EXPECT_EQ(error.diagnostics().front().message, "unknown unit 'degC' (units with an offset or a logarithm are not supported)");
}

TEST(UnitSystem, logarithmicUnit_isRefusedWithReason) {
  const Error error = error_of([] { (void)units().parse("lg(re 1 mW)"); });
  EXPECT_EQ(error.diagnostics().front().message, "unknown unit 'lg(re 1 mW)' (units with an offset or a logarithm are not supported)");
}

TEST(UnitSystem, timestamp_isRefused) {
  const Error error = error_of([] { (void)units().parse("days since 2000-01-01"); });
  EXPECT_EQ(error.diagnostics().front().code, "unit-001");
}

TEST(UnitSystem, blank_isRefused) {
  const Error error = error_of([] { (void)units().parse("  "); });
  EXPECT_EQ(error.diagnostics().front().message, "unknown unit ''");
}

TEST(Unit, products_obeyTheAlgebraOfDimensions) {
  static const std::vector<std::string> names = {"mg", "pM", "1/h", "L", "cell", "IU/mL", "m2", "1", "mmol/d"};
  EXPECT_TRUE(rc::check("(a*b)/b is a, a^2 is a*a, a/a is 1", [] {
    const auto pick = [] { return units().parse(*rc::gen::elementOf(names)); };
    const Unit a = pick();
    const Unit b = pick();
    RC_ASSERT((a * b / b).equivalent(a));
    RC_ASSERT((a * b).equivalent(b * a));
    RC_ASSERT(a.pow(2).equivalent(a * a));
    RC_ASSERT((a / a).equivalent(Unit()));
    RC_ASSERT(a.pow(0.5).pow(2).equivalent(a));
  }));
}

TEST(Unit, factors_areReciprocalAndChain) {
  static const std::vector<std::string> times = {"s", "min", "h", "d", "w", "mo", "y"};
  EXPECT_TRUE(rc::check("f(a,b)*f(b,c) is f(a,c)", [] {
    const auto pick = [] { return units().parse(*rc::gen::elementOf(times)); };
    const Unit a = pick();
    const Unit b = pick();
    const Unit c = pick();
    RC_ASSERT(std::abs(a.factor_to(b) * b.factor_to(c) / a.factor_to(c) - 1) < kFactor);
  }));
}

TEST(Unit, sameDimensionOtherScale_isNotEquivalent) {
  EXPECT_TRUE(units().parse("nM").same_dimension(units().parse("pM")));
  EXPECT_FALSE(units().parse("nM").equivalent(units().parse("pM")));
}

TEST(Unit, toText_showsScaleAndPowers) { EXPECT_EQ(units().parse("kg").pow(2).to_text(), "1 kilogram^2"); }
// Conversion factors carry rounding noise; a person should not have to read it.
TEST(Unit, toText_hidesRoundingNoise) { EXPECT_EQ(units().parse("L").to_text(), "0.001 meter^3"); }

TEST(ParseQuantity, numberAndUnit_areSeparated) {
  const QuantityText q = parse_quantity(" 12.5 months ");
  EXPECT_EQ(q.value, 12.5);
  EXPECT_EQ(q.unit, "months");
}
TEST(ParseQuantity, unitWithoutSpace_isSeparated) {
  const QuantityText q = parse_quantity("60mg");
  EXPECT_EQ(q.value, 60);
  EXPECT_EQ(q.unit, "mg");
}
TEST(ParseQuantity, exponent_isPartOfTheNumber) {
  const QuantityText q = parse_quantity("-2e-3 mg/L");
  EXPECT_EQ(q.value, -2e-3);
  EXPECT_EQ(q.unit, "mg/L");
}
TEST(ParseQuantity, bareNumber_hasNoUnit) { EXPECT_EQ(parse_quantity("7").unit, ""); }

TEST(ParseQuantity, unitStartingWithE_isNotAnExponent) {
  const QuantityText q = parse_quantity("3 eV");
  EXPECT_EQ(q.value, 3);
  EXPECT_EQ(q.unit, "eV");
}

TEST(ParseQuantity, numberDirectlyBeforeReciprocalUnit_isSeparated) {
  const QuantityText q = parse_quantity("3 1/h");
  EXPECT_EQ(q.value, 3);
  EXPECT_EQ(q.unit, "1/h");
}

TEST(ParseQuantity, noNumber_isRefused) {
  const Error error = error_of([] { (void)parse_quantity("months"); });
  EXPECT_EQ(error.kind(), ErrorKind::Input);
  EXPECT_EQ(error.diagnostics().front().code, "input-001");
  EXPECT_EQ(error.diagnostics().front().message, "'months' is no quantity");
  EXPECT_EQ(error.diagnostics().front().hint, "Write a number and a unit, e.g. '48 months'.");
}
TEST(ParseQuantity, blank_isRefused) {
  EXPECT_EQ(error_of([] { (void)parse_quantity(""); }).diagnostics().front().message, "'' is no quantity");
}
TEST(ParseQuantity, infinite_isRefused) {
  EXPECT_EQ(error_of([] { (void)parse_quantity("inf h"); }).diagnostics().front().message, "'inf h' is no quantity");
}
TEST(ParseQuantity, overflow_isRefused) {
  EXPECT_EQ(error_of([] { (void)parse_quantity("1e999 h"); }).diagnostics().front().message, "'1e999 h' is no quantity");
}

TEST(QuantityIn, months_becomeDays) { EXPECT_NEAR(quantity_in(units(), "48 months", units().parse("d")) / (48 * 30.4375), 1, kFactor); }
TEST(QuantityIn, missingUnit_isRefused) {
  const Error error = error_of([] { (void)quantity_in(units(), "48", units().parse("d")); });
  EXPECT_EQ(error.kind(), ErrorKind::Unit);
  EXPECT_EQ(error.diagnostics().front().code, "unit-002");
  EXPECT_EQ(error.diagnostics().front().message, "'48' has no unit");
  EXPECT_EQ(error.diagnostics().front().hint, "There is no default unit.");
}
TEST(QuantityIn, wrongDimension_isRefused) {
  const Error error = error_of([] { (void)quantity_in(units(), "48 mg", units().parse("s")); });
  EXPECT_EQ(error.diagnostics().front().code, "unit-003");
  EXPECT_EQ(error.diagnostics().front().message, "'48 mg' has the wrong dimension");
  EXPECT_EQ(error.diagnostics().front().hint, "It should be convertible to 1 second.");
}

}  // namespace
}  // namespace osteosome::core
