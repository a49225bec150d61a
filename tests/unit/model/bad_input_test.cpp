// SPDX-License-Identifier: Apache-2.0
// One bad document a test: one problem, its message, and the line where it stands. Every document is the good one with one change.
#include <gtest/gtest.h>

#include <string>

#include "documents.hpp"

namespace osteosome::model {
namespace {

using support::error_of;
using support::expect_problem;
using support::line_of;
using support::load_text;

const std::string kGood = R"toml([model]
id = "small"
title = "A small model"
time = "h"
source = "doi:10.1000/small"

[functions]
hill = { arguments = ["x", "n"], formula = "x^n/(1 + x^n)" }

[parameters]
kout = { value = 0.5, unit = "1/h", source = "model", kind = "reported" }
PTH_0 = { value = 50, unit = "pmol", source = "model", kind = "reported" }
V1 = { value = 14, unit = "L", source = "model", kind = "reported" }
W = { value = 60, unit = "kg", source = "model", kind = "reported" }
n = { value = 2, unit = "1", source = "model", kind = "reported" }

[species]
PTH = { initial = "PTH_0", unit = "pmol", rate = "-kout*PTH" }

[rules]
cPTH = { formula = "PTH/V1", unit = "pM" }
effect = { formula = "hill(PTH/PTH_0, n)", unit = "1" }
)toml";

/// The good document with `from` (which must occur once) replaced by `to`.
std::string with(const std::string& from, const std::string& to) {
  std::string text = kGood;
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << "the good document lacks '" << from << "'";
  EXPECT_EQ(text.find(from, at + 1), std::string::npos) << "'" << from << "' is not unique";
  return text.replace(at, from.size(), to);
}
std::string and_also(const std::string& lines) { return kGood + lines; }

const std::string kMend = "Mend the units, or opt out with unchecked = \"reason\".";
const std::string kUnits = "Units are UDUNITS-2 text, e.g. 'pmol/L', 'mg', '1/h'; '1' if dimensionless.";

TEST(BadDocument, unchanged_loads) { EXPECT_EQ(load_text(kGood).rules.size(), 2u); }

TEST(BadDocument, misspeltParameter_isReportedWithNearMatch) {
  expect_problem(with("-kout*PTH", "-kot*PTH"), "model-021", "species 'PTH' rate: unknown name 'kot'", "Did you mean 'kout'?", "PTH = {");
}
TEST(BadDocument, misspeltParameterCase_isReportedWithNearMatch) {
  expect_problem(with("-kout*PTH", "-Kout*PTH"), "model-021", "species 'PTH' rate: unknown name 'Kout'", "Did you mean 'kout'?", "PTH = {");
}
TEST(BadDocument, parameterWithoutUnit_isReported) {
  expect_problem(with("value = 14, unit = \"L\"", "value = 14"), "toml-005", "parameter 'V1': 'unit' is missing", "", "V1 = {");
}
TEST(BadDocument, speciesWithoutUnit_isReported) {
  expect_problem(with("unit = \"pmol\", rate", "rate"), "toml-005", "species 'PTH': 'unit' is missing", "", "PTH = {");
}
TEST(BadDocument, blankUnit_isReported) {
  expect_problem(with("unit = \"L\"", "unit = \"\""), "toml-005", "parameter 'V1': 'unit' is empty", "", "V1 = {");
}
TEST(BadDocument, unknownUnit_isReported) {
  expect_problem(with("unit = \"L\"", "unit = \"litters\""), "unit-001", "parameter 'V1': unknown unit 'litters'", kUnits, "V1 = {");
}
TEST(BadDocument, offsetUnit_isReported) {
  expect_problem(with("unit = \"L\"", "unit = \"degC\""), "unit-001",
                 "parameter 'V1': unknown unit 'degC' (units with an offset or a logarithm are not supported)", kUnits, "V1 = {");
}
TEST(BadDocument, timeInMilligrams_isReported) {
  expect_problem(with("time = \"h\"", "time = \"mg\""), "model-004", "[model]: 'time' should be a unit of time, not 'mg'", "", "time = ");
}
TEST(BadDocument, ruleOfWrongDimension_isReported) {
  expect_problem(with("\"PTH/V1\"", "\"PTH*W\""), "unit-011", "rule 'cPTH': the formula yields [1e-12 kilogram mole], but 'pM' is declared", kMend,
                 "cPTH = {");
}
TEST(BadDocument, ruleOfWrongScale_isReported) {
  const core::Error error = error_of([] { (void)load_text(with("unit = \"pM\"", "unit = \"nM\"")); });
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics().front().code, "unit-011");
  EXPECT_NE(std::string(error.what()).find("but 'nM' is declared"), std::string::npos) << error.what();
}
TEST(BadDocument, rateOfWrongDimension_isReported) {
  expect_problem(with("-kout*PTH", "-PTH"), "unit-011", "species 'PTH' rate: the formula yields [1e-12 mole], but 'pmol per h' is declared", kMend,
                 "PTH = {");
}
TEST(BadDocument, initialOfWrongDimension_isReported) {
  expect_problem(with("initial = \"PTH_0\"", "initial = \"W\""), "unit-011",
                 "species 'PTH' initial: the formula yields [1 kilogram], but 'pmol' is declared", kMend, "PTH = {");
}
TEST(BadDocument, sumOfDifferentDimensions_isReported) {
  expect_problem(with("\"PTH/V1\"", "\"(PTH + W)/V1\""), "unit-010", "rule 'cPTH': '+' combines 'PTH' [1e-12 mole] with 'W' [1 kilogram]", kMend,
                 "cPTH = {");
}
TEST(BadDocument, comparisonOfDifferentDimensions_isReported) {
  expect_problem(with("\"PTH/V1\"", "\"piecewise(PTH/V1, PTH > W, 0)\""), "unit-010",
                 "rule 'cPTH': '>' combines 'PTH' [1e-12 mole] with 'W' [1 kilogram]", kMend, "cPTH = {");
}
TEST(BadDocument, literalAddedToAQuantity_isReported) {
  expect_problem(with("\"PTH/V1\"", "\"(PTH + 1)/V1\""), "unit-010", "rule 'cPTH': '+' combines 'PTH' [1e-12 mole] with '1' [1]", kMend, "cPTH = {");
}
TEST(BadDocument, zeroAddedToAQuantity_isFine) { EXPECT_NO_THROW((void)load_text(with("\"PTH/V1\"", "\"(PTH + 0)/V1\""))); }
TEST(BadDocument, exponentialOfAQuantity_isReported) {
  expect_problem(with("\"hill(PTH/PTH_0, n)\"", "\"exp(PTH)\""), "unit-010",
                 "rule 'effect': 'exp' is given 'PTH' [1e-12 mole], which is not dimensionless", kMend, "effect = {");
}
TEST(BadDocument, quantityToAParameterPower_isReported) {
  expect_problem(with("\"hill(PTH/PTH_0, n)\"", "\"PTH^n/PTH_0^n\""), "unit-010",
                 "rule 'effect': 'PTH' [1e-12 mole] is raised to a power that is no literal number", kMend, "effect = {");
}
TEST(BadDocument, exponentWithUnit_isReported) {
  expect_problem(with("\"hill(PTH/PTH_0, n)\"", "\"n^PTH\""), "unit-010", "rule 'effect': exponent 'PTH' has a unit [1e-12 mole]", kMend,
                 "effect = {");
}
TEST(BadDocument, quantityInsideAFunction_isReported) {
  expect_problem(with("hill(PTH/PTH_0, n)", "hill(PTH, n)"), "unit-010",
                 "rule 'effect': 'x' [1e-12 mole] is raised to a power that is no literal number", kMend, "effect = {");
}
TEST(BadDocument, uncheckedRule_mayHaveAnyUnits) {
  EXPECT_NO_THROW((void)load_text(with("\"PTH/V1\", unit = \"pM\"", "\"PTH*V1\", unit = \"pM\", unchecked = \"an empirical law\"")));
}
TEST(BadDocument, missingSource_isReported) {
  expect_problem(with("unit = \"L\", source = \"model\"", "unit = \"L\""), "model-010", "parameter 'V1': 'source' is missing",
                 "Every value names its source: DOI and place.", "V1 = {");
}
TEST(BadDocument, missingKind_isReported) {
  expect_problem(with("unit = \"L\", source = \"model\", kind = \"reported\"", "unit = \"L\", source = \"model\""), "model-011",
                 "parameter 'V1': 'kind' is missing", "One of reported, digitised, fitted, assumed, converted.", "V1 = {");
}
TEST(BadDocument, unknownKind_isReportedWithNearMatch) {
  expect_problem(with("unit = \"L\", source = \"model\", kind = \"reported\"", "unit = \"L\", source = \"model\", kind = \"fited\""), "model-011",
                 "parameter 'V1': unknown kind 'fited'", "One of reported, digitised, fitted, assumed, converted. Did you mean 'fitted'?", "V1 = {");
}
TEST(BadDocument, assumedWithoutRationale_isReported) {
  expect_problem(with("unit = \"L\", source = \"model\", kind = \"reported\"", "unit = \"L\", source = \"model\", kind = \"assumed\""), "model-012",
                 "parameter 'V1': an assumed value needs a 'rationale'", "", "V1 = {");
}
TEST(BadDocument, literalInitialWithoutSource_isReported) {
  const core::Error error = error_of([] { (void)load_text(with("initial = \"PTH_0\"", "initial = 50")); });
  ASSERT_EQ(error.diagnostics().size(), 2u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].message, "species 'PTH': 'source' is missing");
  EXPECT_EQ(error.diagnostics()[1].message, "species 'PTH': 'kind' is missing");
}
TEST(BadDocument, negatedLiteralInitialWithoutSource_isReported) {
  const core::Error error = error_of([] { (void)load_text(with("initial = \"PTH_0\"", "initial = -50")); });
  ASSERT_EQ(error.diagnostics().size(), 2u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].message, "species 'PTH': 'source' is missing");
}
TEST(BadDocument, zeroInitial_needsNoSource) { EXPECT_NO_THROW((void)load_text(with("initial = \"PTH_0\"", "initial = 0"))); }

TEST(BadDocument, cyclicRules_printTheCircle) {
  expect_problem(
      and_also("a = { formula = \"b\", unit = \"1\" }\nb = { formula = \"c\", unit = \"1\" }\nc = { formula = \"a + 1\", unit = \"1\" }\n"),
      "model-027", "rules depend on each other in a circle: a -> b -> c -> a", "", "a = {");
}
TEST(BadDocument, ruleOfItself_isACircle) {
  expect_problem(and_also("a = { formula = \"a + 1\", unit = \"1\" }\n"), "model-027", "rules depend on each other in a circle: a -> a", "", "a = {");
}
TEST(BadDocument, functionsCallingEachOther_areReported) {
  const core::Error error = error_of([] {
    (void)
        load_text(with("hill = { arguments = [\"x\", \"n\"], formula = \"x^n/(1 + x^n)\" }",
                       "hill = { arguments = [\"x\", \"n\"], formula = \"f(x, n)\" }\nf = { arguments = [\"x\", \"n\"], formula = \"hill(x, n)\" }"));
  });
  EXPECT_NE(std::string(error.what()).find("functions call each other in a circle"), std::string::npos) << error.what();
}
TEST(BadDocument, duplicateId_isReported) {
  expect_problem(and_also("V1 = { formula = \"n\", unit = \"1\" }\n"), "model-020", "rule 'V1' has the name of a parameter", "Names must be unique.",
                 "V1 = { formula");
}
TEST(BadDocument, functionNamedLikeAnother_isReported) {
  const core::Error error =
      error_of([] { (void)load_text(with("[functions]\n", "[functions]\nhill = { arguments = [\"x\"], formula = \"x\" }\n")); });
  EXPECT_EQ(error.diagnostics().front().code, "toml-001") << error.what();
}
TEST(BadDocument, unknownFunction_isReportedWithNearMatch) {
  expect_problem(with("hill(PTH/PTH_0, n)", "hil(PTH/PTH_0, n)"), "model-022", "rule 'effect': unknown function 'hil'", "Did you mean 'hill'?",
                 "effect = {");
}
TEST(BadDocument, wrongNumberOfArguments_isReported) {
  expect_problem(with("hill(PTH/PTH_0, n)", "hill(PTH/PTH_0)"), "model-023", "rule 'effect': 'hill' is given 1 arguments", "It takes 2.",
                 "effect = {");
}
TEST(BadDocument, unknownNameInFunction_isReported) {
  expect_problem(with("x^n/(1 + x^n)", "x^n/(1 + x^m)"), "model-016", "function 'hill': 'm' is not an argument", "", "hill = {");
}
TEST(BadDocument, oneArgumentLog_isReported) {
  expect_problem(with("hill(PTH/PTH_0, n)", "log(PTH/PTH_0)"), "formula-002", "rule 'effect': one-argument 'log' in formula 'log(PTH/PTH_0)'",
                 "Write ln(x) for the natural or log10(x) for the decimal logarithm.", "effect = {");
}
TEST(BadDocument, syntaxErrorInFormula_isReported) {
  const std::string text = with("hill(PTH/PTH_0, n)", "PTH/(PTH_0");
  const core::Error error = error_of([&] { (void)load_text(text); });
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics().front().code, "formula-001");
  EXPECT_EQ(error.diagnostics().front().where.line, line_of(text, "effect = {"));
  EXPECT_EQ(error.diagnostics().front().message.substr(0, 15), "rule 'effect': ");
}
TEST(BadDocument, initialFromASpecies_isReported) {
  expect_problem(with("initial = \"PTH_0\"", "initial = \"PTH\""), "model-026", "species 'PTH' initial: 'PTH' changes with time",
                 "Only parameters and parameter-only rules may stand here.", "PTH = {");
}
TEST(BadDocument, initialFromAChangingRule_isReported) {
  expect_problem(with("initial = \"PTH_0\"", "initial = \"cPTH*V1\""), "model-026", "species 'PTH' initial: 'cPTH' changes with time",
                 "Only parameters and parameter-only rules may stand here.", "PTH = {");
}
TEST(BadDocument, initialFromTime_isReported) {
  expect_problem(with("initial = \"PTH_0\"", "initial = \"PTH_0*kout*time\""), "model-026", "species 'PTH' initial: 'time' changes with time",
                 "Only parameters and parameter-only rules may stand here.", "PTH = {");
}
TEST(BadDocument, reservedName_isReported) {
  expect_problem(with("V1 = { value", "pi = { value = 3, unit = \"1\", source = \"model\", kind = \"reported\" }\nV1 = { value"), "model-003",
                 "'pi' is a built-in name of formulas", "Choose another name.", "pi = {");
}
TEST(BadDocument, nameWithADash_isReported) {
  expect_problem(with("V1 = { value", "a-b = { value = 3, unit = \"1\", source = \"model\", kind = \"reported\" }\nV1 = { value"), "model-002",
                 "'a-b' is no identifier", "Use letters, digits and '_'.", "a-b = {");
}
TEST(BadDocument, unknownKeyOfAParameter_isReportedWithNearMatch) {
  expect_problem(with("unit = \"L\", source", "unit = \"L\", meanings = \"volume\", source"), "toml-006", "parameter 'V1': unknown key 'meanings'",
                 "Did you mean 'meaning'?", "V1 = {");
}
TEST(BadDocument, unknownTable_isReportedWithNearMatch) {
  expect_problem(and_also("[output]\nx = { formula = \"n\", unit = \"1\" }\n"), "toml-006", "document: unknown key 'output'",
                 "Did you mean 'outputs'?", "[output]");
}
TEST(BadDocument, infiniteValue_isReported) {
  expect_problem(with("value = 14", "value = inf"), "model-014", "parameter 'V1': 'value' is not finite", "", "V1 = {");
}
TEST(BadDocument, notANumberValue_isReported) {
  expect_problem(with("value = 14", "value = nan"), "model-014", "parameter 'V1': 'value' is not finite", "", "V1 = {");
}
TEST(BadDocument, infiniteInitial_isReported) {
  const core::Error error = error_of([] { (void)load_text(with("initial = \"PTH_0\"", "initial = inf, source = \"model\", kind = \"reported\"")); });
  EXPECT_NE(std::string(error.what()).find("finite"), std::string::npos) << error.what();
}
TEST(BadDocument, textValue_isReported) {
  expect_problem(with("value = 14", "value = \"14\""), "toml-004", "parameter 'V1': 'value' should be a number, but is a string", "", "V1 = {");
}
TEST(BadDocument, valueOutsideBounds_isReported) {
  expect_problem(with("value = 14", "bounds = [1, 10], value = 14"), "model-013", "parameter 'V1': value 14 is outside its bounds", "", "V1 = {");
}
TEST(BadDocument, boundsInWrongOrder_isReported) {
  expect_problem(with("value = 14", "bounds = [20, 10], value = 14"), "model-013",
                 "parameter 'V1': 'bounds' should be two numbers, [low, high], low below high", "", "V1 = {");
}
TEST(BadDocument, missingModelTable_isReported) {
  const core::Error error = error_of([] { (void)load_text("[parameters]\n"); });
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics().front().code, "model-001");
  EXPECT_EQ(error.diagnostics().front().message, "document: the table [model] is missing");
}
TEST(BadDocument, doseIntoUnknownSpecies_isReported) {
  expect_problem(and_also("[doses]\ndenosumab = { into = \"PTG\" }\n"), "model-021", "dose 'denosumab': unknown name 'PTG'", "Did you mean 'PTH'?",
                 "denosumab = {");
}
TEST(BadDocument, doseFactorOfWrongDimension_isReported) {
  expect_problem(and_also("[doses]\nteriparatide = { into = \"PTH\", factor = \"W\", unit = \"mg\" }\n"), "unit-011",
                 "dose 'teriparatide' factor: the formula yields [1 kilogram], but 'pmol per mg' is declared", kMend, "teriparatide = {");
}
TEST(BadDocument, reactionOfUnknownSpecies_isReported) {
  expect_problem(and_also("[reactions]\nr = { equation = \"depot -> \", rate = \"kout*PTH_0\" }\n"), "model-021",
                 "reaction 'r': unknown name 'depot'", "", "r = {");
}
TEST(BadDocument, reactionOfASpeciesWithRate_isReported) {
  expect_problem(and_also("[reactions]\nr = { equation = \" -> PTH\", rate = \"kout*PTH_0\" }\n"), "model-024",
                 "reaction 'r': species 'PTH' also has a 'rate'", "A species changes by its rate or by reactions.", "r = {");
}
TEST(BadDocument, eventTargetUnknown_isReported) {
  expect_problem(and_also("[events]\ne = { trigger = \"time >= 0\", assign = { PTHH = \"PTH_0\" } }\n"), "model-025",
                 "event 'e': 'PTHH' is no species or parameter", "Did you mean 'PTH'?", "e = {");
}
TEST(BadDocument, startAtUnknownParameter_isReported) {
  expect_problem(and_also("[start]\nage_at_zero = \"age\"\n"), "model-021", "[start]: unknown name 'age'", "", "age_at_zero");
}

TEST(BadDocument, severalProblems_areReportedInOneGoInOrderOfLines) {
  std::string text = with("unit = \"L\"", "unit = \"litters\"");
  text.replace(text.find("value = 0.5"), 11, "value = nan");
  text.replace(text.find("kind = \"reported\" }\n\n[species]"), 17, "kind = \"guessed\" ");
  const core::Error error = error_of([&] { (void)load_text(text); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Model);
  ASSERT_EQ(error.diagnostics().size(), 3u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].message, "parameter 'kout': 'value' is not finite");
  EXPECT_EQ(error.diagnostics()[1].message, "parameter 'V1': unknown unit 'litters'");
  EXPECT_EQ(error.diagnostics()[2].message, "parameter 'n': unknown kind 'guessed'");
  EXPECT_LT(error.diagnostics()[0].where.line, error.diagnostics()[1].where.line);
}

TEST(BadDocument, unknownNamesInTwoPlaces_areBothReported) {
  std::string text = with("-kout*PTH", "-kot*PTH");
  text.replace(text.find("PTH/V1"), 6, "PTH/V2");
  const core::Error error = error_of([&] { (void)load_text(text); });
  EXPECT_EQ(error.diagnostics().size(), 2u) << error.what();
}

TEST(BadDocument, twoWrongUnits_areBothReported) {
  std::string text = with("-kout*PTH", "-PTH");
  text.replace(text.find("PTH/V1"), 6, "PTH*V1");
  const core::Error error = error_of([&] { (void)load_text(text); });
  EXPECT_EQ(error.diagnostics().size(), 2u) << error.what();
}

}  // namespace
}  // namespace osteosome::model
