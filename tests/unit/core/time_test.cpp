// SPDX-License-Identifier: Apache-2.0
// Expected doubles are the compiler's own correctly rounded constants and quotients of whole numbers, which IEEE division rounds once.
#include "osteosome/core/time.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "errors.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::core {
namespace {

Time of(const std::string& text) {
  static const UnitSystem units;
  return time_of(units, text);
}

TEST(Time, MultiplesOfAWrittenIntervalPrintAsTheyWouldBeWritten) {
  const Time tenth(0.1, kSecondsPerDay);
  for (int k = 0; k <= 1000; ++k) {
    const std::string text = std::to_string(k / 10) + (k % 10 == 0 ? "" : "." + std::to_string(k % 10));
    EXPECT_EQ(format_double((tenth * k).in(kSecondsPerDay)), text);
  }
}

TEST(Time, OneInstantIsOneDoubleByWhateverRoute) {
  for (int k = 0; k < 5000; ++k) {
    EXPECT_EQ((of("8 h") * k).in(kSecondsPerDay), k / 3.0) << k;
    EXPECT_EQ((of("8 h") * k), Time::microseconds(std::int64_t{28'800'000'000} * k));
    EXPECT_EQ((of("1 month") * k).in(kSecondsPerDay), k * 30.4375);
    EXPECT_EQ((of("0.1 month") * k).in(kSecondsPerMonth), k / 10.0);
    EXPECT_EQ((of("7 min") * k + of("0.5 h")).in(3600), (7 * k + 30) / 60.0);
  }
  EXPECT_EQ(of("1 year"), of("12 months"));
  EXPECT_EQ(of("1 y"), of("365.25 d"));
  EXPECT_EQ(of("24 h"), of("1 d"));
  EXPECT_EQ(of("1e6 us"), of("1 s"));
}

TEST(Time, WhatItPrintsReadsBackAsTheSameInstantOfItsUnit) {
  for (int k = 1; k < 2000; ++k) {
    const double days = (of("8 h") * k).in(kSecondsPerDay);
    EXPECT_EQ(Time(days, kSecondsPerDay).in(kSecondsPerDay), days);
  }
}

TEST(Time, KeepsInstantsApartThatDifferByMoreThanRounding) {
  EXPECT_LT(of("7.999999999 h"), of("8 h"));
  EXPECT_LT(of("7.999999999 h").in(kSecondsPerDay), of("8 h").in(kSecondsPerDay));
  EXPECT_NE(of("0.333333 d"), of("8 h"));
  EXPECT_LT(of("0.333333333333333 d"), of("8 h"));
  EXPECT_LT(Time(), of("1e-300 h"));
  EXPECT_LT(of("1e-300 h"), of("1e-9 h"));
  EXPECT_LT(of("-1e-300 h"), Time());
  EXPECT_EQ(of("1e-300 h").in(3600), 1e-300);
}

TEST(Time, HasNoRangeOfItsOwn) {
  const Time step(1e-8);  // of a model whose whole run lasts a microsecond
  EXPECT_EQ((step * 3).in(1), 3e-8);
  EXPECT_EQ((step * 100), Time(1e-6));
  EXPECT_EQ(of("1e6 years").in(kSecondsPerDay), 365.25e6);
  EXPECT_EQ((of("1e6 years") + of("8 h")).in(3600), 365.25e6 * 24 + 8);
  EXPECT_EQ((of("1e6 years") + of("1e-300 h")).in(kSecondsPerDay), 365.25e6);
  EXPECT_EQ(Time(1e300).in(1), 1e300);
  EXPECT_EQ(Time(1e-320).in(1e300), 0);
}

TEST(Time, NearestDoubleOfQuotientsThatNeverEnd) {
  // Thousandths of a second in days: whole numbers divided once.
  for (int k = 1; k < 3000; ++k) EXPECT_EQ(Time(k / 1000.0).in(kSecondsPerDay), k / 86400000.0) << k;
  EXPECT_EQ(Time(123456789012345678.0, 0.001).in(7), 123456789012345680.0 / 7000);
}

TEST(Time, WholeMicrosecondsRoundDownAndSaturate) {
  EXPECT_EQ(of("1 d").whole_microseconds(), 86'400'000'000);
  EXPECT_EQ(of("1 month").whole_microseconds(), 2'629'800'000'000);
  EXPECT_EQ(of("1.9 us").whole_microseconds(), 1);
  EXPECT_EQ(of("-0.1 us").whole_microseconds(), -1);
  EXPECT_EQ(of("1e-300 h").whole_microseconds(), 0);
  EXPECT_EQ(of("1e6 years").whole_microseconds(), std::int64_t{1} << 62) << "3e19 do not fit";
}

TEST(Time, RefusesWhatIsNoTime) {
  EXPECT_EQ(support::error_of([] { (void)of("8"); }).diagnostics().front().message, "'8' has no unit");
  EXPECT_EQ(support::error_of([] { (void)of("8 mg"); }).diagnostics().front().message, "'8 mg' has the wrong dimension");
}

TEST(SameInstant, IsTwoUnitsInTheLastPlace) {
  EXPECT_TRUE(same_instant(0.1 + 0.2, 0.3));
  EXPECT_TRUE(same_instant(7 * (1.0 / 3), 7 / 3.0));
  EXPECT_TRUE(same_instant(0, 0));
  EXPECT_FALSE(same_instant(0, 1e-300));
  EXPECT_FALSE(same_instant(7.999999999, 8));
  EXPECT_FALSE(same_instant(1, 1 + 4 * 2.220446049250313e-16));
  EXPECT_FALSE(same_instant(1e-6, 1e-6 + 1e-20));
}

TEST(TimeUnitTest, Usual_ones_have_their_names_and_others_are_as_written) {
  const UnitSystem units;
  const std::pair<const char*, std::pair<const char*, double>> cases[] = {
      {"months", {"month", 30.4375 * 86400}},
      {"mo", {"month", 30.4375 * 86400}},
      {"d", {"day", 86400}},
      {"weeks", {"week", 7 * 86400}},
      {"y", {"year", 365.25 * 86400}},
      {"min", {"minute", 60}},
      {"h", {"hour", 3600}},
      {"us", {"us", 1e-6}}};
  for (const auto& [text, expected] : cases) {
    const TimeUnit unit = time_unit(units, text);
    EXPECT_EQ(unit.name, expected.first) << text;
    EXPECT_EQ(unit.seconds, expected.second) << text;
  }
  EXPECT_THROW((void)time_unit(units, "mg"), Error);
}

}  // namespace
}  // namespace osteosome::core
