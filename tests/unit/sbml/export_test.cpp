// SPDX-License-Identifier: Apache-2.0
// Writing SBML and TOML: every number reads back, libSBML finds nothing to say, trajectories stay.
#include "osteosome/sbml/export.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>

#include "documents.hpp"
#include "sbml_text.hpp"

namespace osteosome::support {
namespace {

using simulate::EngineChoice;

class BuiltIn : public testing::TestWithParam<std::string> {};

TEST_P(BuiltIn, Export_isConsistentSbmlWithoutWarnings) {
  const auto found = sbml::check_consistency(sbml::to_sbml(shipped(GetParam())), "x.xml");
  for (const auto& e : found.errors) ADD_FAILURE() << core::to_text(e);
  for (const auto& w : found.warnings) ADD_FAILURE() << core::to_text(w);
}

/// Largest difference of two tables, relative to the largest magnitude of each column.
double difference(const std::vector<std::vector<double>>& a, const std::vector<std::vector<double>>& b) {
  double worst = 0;
  for (std::size_t c = 0; c < a[0].size(); ++c) {
    double scale = 0, d = 0;
    for (std::size_t r = 0; r < a.size(); ++r) {
      scale = std::max(scale, std::abs(a[r][c]));
      d = std::max(d, std::abs(a[r][c] - b[r][c]));
    }
    if (scale > 0) worst = std::max(worst, d / scale);
  }
  return worst;
}

/// Every parameter value by its plain name, and every number of its provenance.
void expect_same_values(const model::Model& before, const model::Model& after) {
  const auto names = model::plain_names(before);
  for (const model::Parameter& p : before.parameters) {
    const std::string id = names.contains(p.id) ? names.at(p.id) : p.id;
    const model::Parameter* q = after.find_parameter(id);
    ASSERT_NE(q, nullptr) << id;
    EXPECT_EQ(q->value, p.value) << id;
    EXPECT_EQ(q->unit.text, p.unit.text) << id;
    EXPECT_EQ(q->provenance.source, p.provenance.source) << id;
    EXPECT_EQ(q->provenance.kind, p.provenance.kind) << id;
    EXPECT_EQ(q->provenance.rationale, p.provenance.rationale) << id;
  }
}

TEST_P(BuiltIn, RoundTrip_throughSbmlAndToml_keepsValuesAndTrajectories) {
  const model::Model& before = shipped(GetParam());
  const model::Model through_sbml = sbml::parse_sbml(sbml::to_sbml(before), "round.xml", units()).model;
  const model::Model after = load_text(model::to_toml(through_sbml));
  expect_same_values(before, through_sbml);
  expect_same_values(before, after);
  EXPECT_EQ(after.outputs.size(), before.outputs.size());
  EXPECT_EQ(after.doses.size(), before.doses.size());
  const auto names = model::plain_names(before);
  std::vector<std::string> own, plain;
  for (const auto& s : before.species) {
    own.push_back(s.id);
    plain.push_back(names.contains(s.id) ? names.at(s.id) : s.id);
  }
  const double end = 100 * 86400 / before.time.unit.scale();
  const std::vector<double> times = {0, end / 3, end};
  const auto reference = trajectory(before, own, times, EngineChoice::Lanes);
  // Sums may come in another order: 1e-12 is some thousand roundings.
  EXPECT_LE(difference(reference, trajectory(through_sbml, plain, times, EngineChoice::Lanes)), 1e-12);
  EXPECT_LE(difference(reference, trajectory(after, plain, times, EngineChoice::Lanes)), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Models, BuiltIn, testing::Values("kim-2007", "joerg-2022", "peterson-riggs-2010", "osteosome", "culture"),
                         [](const auto& p) {
                           std::string name = p.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(SbmlExport, AnyNumber_readsBackToTheSameDouble) {
  rc::check([](double value, double literal) {
    RC_PRE((std::isnormal(value) || value == 0) && std::isfinite(literal));  // libSBML does not read subnormal attributes
    model::Model m = shipped("joerg-2022");
    m.parameters[0].value = value;
    m.rules[0].formula = expr::Ast::number(literal);
    m.rules[0].unit.known = false;
    const auto back = sbml::parse_sbml(sbml::to_sbml(m), "x.xml", units()).model;
    RC_ASSERT(back.parameters[0].value == value);
    RC_ASSERT(back.rules[0].formula.kind == expr::Ast::Kind::Number);
    RC_ASSERT(back.rules[0].formula.value == literal);
  });
}

/// Our annotations hold formula text, in which "pi" is the number: they must speak of the quantity of that name as import will call it.
TEST(SbmlExport, NamesThatFormulasHaveBuiltIn_areTheirQuantitiesInAnnotationsToo) {
  const std::string text =
      sbml("<listOfParameters>" + parameter("exp", 8, false) + parameter("pi", 0.5) + "</listOfParameters><listOfRules><rateRule variable=\"exp\">" +
           math(op("minus", ci("exp"))) + "</rateRule></listOfRules>");
  model::Model before = import(text).model;
  before.species[0].typical = expr::parse_formula("2*pi_");
  before.species[0].lag = expr::parse_formula("1 + pi_");
  for (int trip = 0; trip < 2; ++trip) {
    const model::Model after = import(sbml::to_sbml(before)).model;
    EXPECT_EQ(expr::to_text(after.species[0].typical.value()), "2*pi_");
    EXPECT_EQ(expr::to_text(after.species[0].lag.value()), "1 + pi_");
    ASSERT_EQ(after.outputs.size(), 1u);
    EXPECT_EQ(after.outputs[0].id, "exp_");
    EXPECT_EQ(expr::to_text(after.outputs[0].formula), "exp_");
    before = after;
  }
}

TEST(SbmlExport, EverythingSbmlHas_survivesTheRoundTripThroughToml) {
  const std::string text = sbml(
      "<listOfCompartments><compartment id=\"c\" size=\"2\" spatialDimensions=\"3\" constant=\"false\"/></listOfCompartments>"
      "<listOfSpecies><species id=\"S\" compartment=\"c\" initialAmount=\"6\" hasOnlySubstanceUnits=\"false\" boundaryCondition=\"false\" "
      "constant=\"false\" conversionFactor=\"f\"/>"
      "<species id=\"P\" compartment=\"c\" initialAmount=\"0\" hasOnlySubstanceUnits=\"true\" boundaryCondition=\"false\" "
      "constant=\"false\"/></listOfSpecies><listOfParameters>" +
      parameter("f", 1.5) + parameter("k", 0.1) + parameter("p", 0, false) +
      "<parameter id=\"z\" constant=\"false\"/><parameter id=\"w\" constant=\"false\"/></listOfParameters>" +
      "<listOfInitialAssignments><initialAssignment symbol=\"w\">" + math(op("times", cn(2) + ci("S"))) +
      "</initialAssignment></listOfInitialAssignments>" + "<listOfRules><rateRule variable=\"c\">" + math(cn(0.1)) + "</rateRule><algebraicRule>" +
      math(op("minus", ci("z") + ci("S"))) + "</algebraicRule></listOfRules>" + "<listOfConstraints><constraint>" +
      math(op("leq", ci("p") + cn(100))) + "</constraint></listOfConstraints>" +
      "<listOfReactions><reaction id=\"r\" reversible=\"true\"><listOfReactants><speciesReference species=\"S\" stoichiometry=\"2\" "
      "constant=\"true\"/></listOfReactants><listOfProducts>"
      "<speciesReference species=\"P\" stoichiometry=\"1\" constant=\"true\"/></listOfProducts><kineticLaw>" +
      math(op("times", ci("k") + ci("S") + ci("c"))) + "</kineticLaw></reaction></listOfReactions><listOfEvents>" +
      event("e", op("geq", kTimeSymbol + cn(1)), {{"p", ci("z")}}, "<priority>" + math(cn(2)) + "</priority><delay>" + math(cn(0.5)) + "</delay>",
            "initialValue=\"false\" persistent=\"false\"", "useValuesFromTriggerTime=\"false\"") +
      "</listOfEvents>");
  const model::Model before = import(text).model;
  const std::vector<std::string> names = {"S", "P", "c", "z", "p", "w"};
  const std::vector<double> times = {0, 1, 1.5, 3};
  const auto reference = trajectory(before, names, times, EngineChoice::Lanes);
  EXPECT_GT(reference[3][4], 0) << "the event has fired";
  EXPECT_LE(difference(reference, trajectory(load_text(model::to_toml(before)), names, times, EngineChoice::Lanes)), 1e-12);
  EXPECT_LE(difference(reference, trajectory(import(sbml::to_sbml(before)).model, names, times, EngineChoice::Lanes)), 1e-12);
}

TEST(SbmlExport, FastReactions_areRefusedByName) {
  model::Model m = shipped("kim-2007");
  m.reactions[0].fast = true;
  const core::Error error = error_of([&] { (void)sbml::to_sbml(m); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Unsupported);
}

TEST(SbmlExport, OperatorsOfNoneAndMinimaOfMany_areWritten) {
  std::string many;
  for (int k = 0; k < 30; ++k) many += op("times", kTimeSymbol + cn(k + 1));
  const auto m =
      import(sbml("<listOfParameters><parameter id=\"y\" constant=\"false\"/><parameter id=\"z\" constant=\"false\"/></listOfParameters><listOfRules>"
                  "<assignmentRule variable=\"y\">" +
                  math(op("plus", op("plus", "") + op("times", ""))) + "</assignmentRule><assignmentRule variable=\"z\">" + math(op("max", many)) +
                  "</assignmentRule></listOfRules>"))
          .model;
  const auto back = import(sbml::to_sbml(m)).model;
  EXPECT_EQ(trajectory(back, {"y", "z"}, {0, 2}, EngineChoice::Reference)[1], (std::vector<double>{1, 60}));
}

}  // namespace
}  // namespace osteosome::support
