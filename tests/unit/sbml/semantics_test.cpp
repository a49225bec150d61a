// SPDX-License-Identifier: Apache-2.0
// What else SBML core means: amounts and volumes, conversion factors, algebraic rules, fast reactions, delays, rates.
#include <gtest/gtest.h>

#include <cmath>

#include "sbml_text.hpp"

namespace osteosome::support {
namespace {

using simulate::EngineChoice;

class SbmlSemantics : public testing::TestWithParam<EngineChoice> {
 protected:
  std::vector<double> at(const std::string& text, const std::vector<std::string>& names, double time) const {
    return trajectory(import(text).model, names, {0, time}, GetParam(), 1e-10)[1];
  }
};

std::string species(const std::string& id, const std::string& more) {
  return "<species id=\"" + id + "\" compartment=\"c\" hasOnlySubstanceUnits=\"false\" boundaryCondition=\"false\" constant=\"false\" " + more + "/>";
}
std::string reaction(const std::string& from, const std::string& to, const std::string& rate, const std::string& attributes = "",
                     const std::string& n = "1") {
  const auto reference = [&](const std::string& s) {
    return "<speciesReference species=\"" + s + "\" stoichiometry=\"" + n + "\" constant=\"true\"/>";
  };
  return "<reaction id=\"r_" + from + to + "\" reversible=\"false\" " + attributes + ">" +
         (from.empty() ? "" : "<listOfReactants>" + reference(from) + "</listOfReactants>") +
         (to.empty() ? "" : "<listOfProducts>" + reference(to) + "</listOfProducts>") + "<kineticLaw>" + math(rate) + "</kineticLaw></reaction>";
}
const std::string kCompartment =
    "<listOfCompartments><compartment id=\"c\" size=\"2\" spatialDimensions=\"3\" constant=\"true\"/></listOfCompartments>";

// Runs are at rtol 1e-10 over a few steps: 1e-7 leaves a hundredfold margin.
constexpr double kAccuracy = 1e-7;

TEST_P(SbmlSemantics, Reaction_movesAmountsAndShowsConcentrations) {
  const auto x = at(sbml(kCompartment + "<listOfSpecies>" + species("S", "initialAmount=\"6\"") + species("P", "initialConcentration=\"0\"") +
                         "</listOfSpecies><listOfReactions>" + reaction("S", "P", op("times", cn(0.5) + ci("S") + ci("c"))) + "</listOfReactions>"),
                    {"S", "P"}, 2);
  EXPECT_NEAR(x[0], 3 * std::exp(-1), kAccuracy);
  EXPECT_NEAR(x[1], 3 * (1 - std::exp(-1)), kAccuracy);
}

TEST_P(SbmlSemantics, GrowingCompartment_dilutes) {
  const auto x = at(
      sbml("<listOfCompartments><compartment id=\"c\" size=\"2\" spatialDimensions=\"3\" constant=\"false\"/></listOfCompartments><listOfSpecies>" +
           species("S", "initialConcentration=\"3\"") + "</listOfSpecies><listOfRules><rateRule variable=\"c\">" + math(cn(1)) +
           "</rateRule></listOfRules>"),
      {"S", "c"}, 4);
  EXPECT_NEAR(x[1], 6, kAccuracy);
  EXPECT_NEAR(x[0], 1, kAccuracy) << "6 in a volume of 6";
}

TEST_P(SbmlSemantics, ConversionFactor_multipliesWhatReactionsDo) {
  const auto x =
      at(sbml(kCompartment + "<listOfSpecies>" + species("S", "initialAmount=\"0\" conversionFactor=\"f\"") + "</listOfSpecies><listOfParameters>" +
              parameter("f", 10) + "</listOfParameters><listOfReactions>" + reaction("", "S", cn(1)) + "</listOfReactions>"),
         {"S"}, 3);
  EXPECT_NEAR(x[0], 10 * 3 / 2.0, kAccuracy);
}

TEST_P(SbmlSemantics, AlgebraicRule_determinesWhatNothingElseDoes) {
  // z^3 + z = x with x = 2 + 8 t: from z = 1 to z = 2.
  const std::string cube = op("plus", op("power", ci("z") + cn(3)) + ci("z"));
  const auto x = at(sbml("<listOfParameters>" + parameter("x", 2, false) +
                         "<parameter id=\"z\" constant=\"false\"/></listOfParameters><listOfRules><rateRule variable=\"x\">" + math(cn(8)) +
                         "</rateRule><algebraicRule>" + math(op("minus", cube + ci("x"))) + "</algebraicRule></listOfRules>"),
                    {"z"}, 1);
  EXPECT_NEAR(x[0], 2, kAccuracy);
}

TEST_P(SbmlSemantics, FastReaction_restsAtEveryInstant) {
  // A <-> B fast with A = 2 B; the sum is fed with 3 a time unit into volume 1.
  std::string text =
      sbml("<listOfCompartments><compartment id=\"c\" size=\"1\" spatialDimensions=\"3\" constant=\"true\"/></listOfCompartments><listOfSpecies>" +
           species("A", "initialAmount=\"3\"") + species("B", "initialAmount=\"0\"") + "</listOfSpecies><listOfReactions>" +
           reaction("A", "B", op("minus", ci("A") + op("times", cn(2) + ci("B"))), "fast=\"true\"") + reaction("", "A", cn(3), "fast=\"false\"") +
           "</listOfReactions>");
  text.replace(text.find("version2/core"), 13, "version1/core");
  text.replace(text.find("level=\"3\" version=\"2\""), 21, "level=\"3\" version=\"1\"");
  const auto table = trajectory(import(text).model, {"A", "B"}, {0, 1}, GetParam(), 1e-10);
  EXPECT_NEAR(table[0][0], 2, kAccuracy);
  EXPECT_NEAR(table[1][0], 4, kAccuracy);
  EXPECT_NEAR(table[1][1], 2, kAccuracy);
}

TEST_P(SbmlSemantics, RateOf_isTheDerivative) {
  const std::string rate_of =
      "<apply><csymbol encoding=\"text\" definitionURL=\"http://www.sbml.org/sbml/symbols/rateOf\">rateOf</csymbol><ci>x</ci></apply>";
  const auto x =
      at(sbml("<listOfParameters>" + parameter("x", 1, false) +
              "<parameter id=\"y\" constant=\"false\"/></listOfParameters><listOfRules><rateRule variable=\"x\">" +
              math(op("times", cn(-0.5) + ci("x"))) + "</rateRule><assignmentRule variable=\"y\">" + math(rate_of) +
              "</assignmentRule></listOfRules>"),
         {"y"}, 2);
  EXPECT_NEAR(x[0], -0.5 * std::exp(-1), kAccuracy);
}

TEST_P(SbmlSemantics, Constraint_isReportedAndNotEnforced) {
  std::vector<std::string> remarks;
  const auto model =
      import(sbml("<listOfParameters>" + parameter("x", 0, false) + "</listOfParameters><listOfRules><rateRule variable=\"x\">" + math(cn(1)) +
                  "</rateRule></listOfRules><listOfConstraints><constraint>" + math(op("leq", ci("x") + cn(1.5))) +
                  "<message><p xmlns=\"http://www.w3.org/1999/xhtml\">x is too large</p></message></constraint></listOfConstraints>"))
          .model;
  const auto table = trajectory(model, {"x"}, {0, 4}, GetParam(), 1e-9, 1, &remarks);
  EXPECT_NEAR(table[1][0], 4, kAccuracy);
  ASSERT_EQ(remarks.size(), 1u);
  EXPECT_EQ(remarks[0].substr(0, 25), "x is too large (from time");
}

INSTANTIATE_TEST_SUITE_P(Engines, SbmlSemantics, testing::Values(EngineChoice::Reference, EngineChoice::Lanes), [](const auto& p) {
  return p.param == EngineChoice::Lanes ? "lanes" : "reference";
});

TEST(SbmlDelay, MethodOfSteps_followsTheDelayEquation) {
  // x' = -x(t - 1), x = 1 before 0: 1 - t up to 1, then 1 - t + (t - 1)^2/2 up to 2.
  const std::string delayed =
      "<apply><csymbol encoding=\"text\" definitionURL=\"http://www.sbml.org/sbml/symbols/delay\">delay</csymbol><ci>x</ci><cn>1</cn></apply>";
  const auto model = import(sbml("<listOfParameters>" + parameter("x", 1, false) + "</listOfParameters><listOfRules><rateRule variable=\"x\">" +
                                 math(op("minus", delayed)) + "</rateRule></listOfRules>"))
                         .model;
  const auto table = trajectory(model, {"x"}, {0, 0.5, 1, 2}, EngineChoice::Auto, 1e-9);
  EXPECT_NEAR(table[1][0], 0.5, kAccuracy);
  EXPECT_NEAR(table[2][0], 0, kAccuracy);
  EXPECT_NEAR(table[3][0], -0.5, kAccuracy);
}

TEST(SbmlDelay, Lanes_refuseByName) {
  const std::string delayed =
      "<apply><csymbol encoding=\"text\" definitionURL=\"http://www.sbml.org/sbml/symbols/delay\">delay</csymbol><ci>x</ci><cn>1</cn></apply>";
  const auto model = import(sbml("<listOfParameters>" + parameter("x", 1, false) + "</listOfParameters><listOfRules><rateRule variable=\"x\">" +
                                 math(delayed) + "</rateRule></listOfRules>"))
                         .model;
  simulate::SolverSettings settings;
  settings.engine = EngineChoice::Lanes;
  const core::Error error = error_of([&] { (void)simulate::CompiledModel(model, settings); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Unsupported);
  EXPECT_EQ(error.diagnostics().front().message, "the engine 'lanes' cannot run this model: 'delay' needs a history");
}

}  // namespace
}  // namespace osteosome::support
