// SPDX-License-Identifier: Apache-2.0
#include "osteosome/compile/program.hpp"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "compile_support.hpp"

namespace osteosome::compile {
namespace {

using support::error_of;
using support::load_text;

const std::string kHead = R"toml([model]
id = "small"
title = "Small"
time = "h"
source = "doi:10.1000/x"

[compartments]
V = { size = 4, unit = "L", source = "model", kind = "reported" }

[parameters]
k = { value = 0.5, unit = "1/h", source = "model", kind = "reported" }
one = { value = 1, unit = "nmol", source = "model", kind = "reported" }
at = { value = 40, unit = "h", source = "model", kind = "reported" }

[species]
A = { initial = "2*one", unit = "nmol" }
C = { initial = 0, unit = "nmol/L", compartment = "V" }

[reactions]
r = { equation = "2 A -> C", rate = "k*A" }
)toml";

Program program_of(const std::string& more = "") { return build_program(load_text(kHead + more)); }

std::vector<double> derivative_at(const Program& p, double time, const std::vector<double>& states, const std::vector<double>& bits = {}) {
  Interpreter interpreter(p.graph, p.derivative);
  interpreter.prepare(p.parameter_values);
  std::vector<double> d(p.states.size());
  interpreter.evaluate(time, states, bits, d);
  return d;
}

TEST(Program, varyingCompartment_makesItsSpeciesAnAmount) {
  const Program p = program_of("[rules]\nlevel = { formula = \"C\", unit = \"nmol/L\" }\n");
  model::Model model = load_text(kHead);
  model.compartments[0].rate = expr::parse_formula("4");
  model.compartments[0].constant = false;
  const Program varying = build_program(model);
  EXPECT_EQ(varying.states, (std::vector<std::string>{"A", "C", "V"}));
  EXPECT_EQ(derivative_at(varying, 0, {3, 0, 4})[1], 0.5 * 3) << "an amount: not divided by the volume";
  EXPECT_EQ(derivative_at(p, 0, {3, 0})[1], 0.5 * 3 / 4);
}

TEST(Program, algebraicRule_movesItsQuantityWithTheOthers) {
  model::Model model = load_text(kHead + "[algebraic]\ntotal = { formula = \"A + 2*z - 5\" }\n" + "[species.z]\ninitial = 0\nunit = \"nmol\"\n");
  const Program p = build_program(model);
  ASSERT_EQ(p.algebraic.size(), 1u);
  EXPECT_EQ(p.states[p.algebraic[0].state], "z");
  const auto d = derivative_at(p, 0, {3, 0, 1});
  EXPECT_EQ(d[2], -d[0] / 2);
}

TEST(Program, algebraicRule_thatDeterminesNothing_isReported) {
  const model::Model model = load_text(kHead + "[algebraic]\ntotal = { formula = \"A - 5*one\" }\n");
  const core::Error error = error_of([&] { (void)build_program(model); });
  EXPECT_EQ(error.diagnostics().front().message, "algebraic rule 'total' determines nothing");
}

TEST(Program, delay_isBeyondLanes) {
  const Program p = program_of("[rules]\nearlier = { formula = \"delay(A, at)\", unit = \"nmol\" }\n");
  EXPECT_EQ(p.delays.size(), 1u);
  EXPECT_EQ(p.beyond_lanes, "'delay' needs a history");
}

TEST(Program, equalityOfMovingQuantities_isTwoSwitches) {
  EXPECT_EQ(program_of("[events]\npulse = { trigger = \"time == at\", assign = { A = \"one\" } }\n").switches.size(), 2u);
}

TEST(Program, states_keepTheOrderOfSpecies) { EXPECT_EQ(program_of().states, (std::vector<std::string>{"A", "C"})); }

TEST(Program, secondsPerTimeUnit_isThatOfHours) { EXPECT_EQ(program_of().seconds_per_time_unit, 3600); }

TEST(Program, reaction_movesAmountByStoichiometryAndVolume) {
  const auto d = derivative_at(program_of(), 0, {3, 0});
  EXPECT_EQ(d[0], -2 * 0.5 * 3);
  EXPECT_EQ(d[1], 0.5 * 3 / 4);
}

TEST(Program, initialValues_areFormulasOfParameters) {
  const Program p = program_of();
  Interpreter interpreter(p.graph, p.initial);
  interpreter.prepare(p.parameter_values);
  std::vector<double> x(2);
  interpreter.evaluate(0, {}, {}, x);
  EXPECT_EQ(x, (std::vector<double>{2, 0}));
}

TEST(Program, inclusiveComparisonOfTime_isAnInclusiveSwitch) {
  const Program p = program_of("[events]\npulse = { trigger = \"time >= at\", assign = { A = \"one\" } }\n");
  ASSERT_EQ(p.switches.size(), 1u);
  EXPECT_TRUE(p.switches[0].inclusive);
  Interpreter gap(p.graph, {p.switches[0].gap});
  gap.prepare(p.parameter_values);
  double value = 0;
  gap.evaluate(42, std::vector<double>{1, 1}, {}, std::span(&value, 1));
  EXPECT_EQ(value, 2);
}

TEST(Program, sameComparisonTwice_isOneSwitch) {
  const Program p = program_of(
      "[rules]\nx = { formula = \"piecewise(1, A > one, 0)\", unit = \"1\" }\ny = { formula = \"piecewise(2, one < A, 0)\", unit = \"1\" }\n");
  EXPECT_EQ(p.switches.size(), 1u);
}

TEST(Program, comparisonOfParametersOnly_isNoSwitch) {
  EXPECT_TRUE(program_of("[rules]\nx = { formula = \"piecewise(1, k*at > 3, 0)\", unit = \"1\" }\n").switches.empty());
}

TEST(Program, event_assignsTheNamedState) {
  const Program p = program_of("[events]\npulse = { trigger = \"time >= at\", assign = { C = \"one/V\" } }\n");
  ASSERT_EQ(p.events.size(), 1u);
  EXPECT_EQ(p.events[0].id, "pulse");
  ASSERT_EQ(p.events[0].actions.size(), 1u);
  EXPECT_TRUE(p.events[0].actions[0].is_state);
  EXPECT_EQ(p.events[0].actions[0].index, 1u);
}

TEST(Program, observables_areSpeciesRulesReactionsAndOutputs) {
  const Program p = program_of(
      "[rules]\ntwice = { formula = \"2*A\", unit = \"nmol\" }\n[outputs]\nshown = { formula = \"A\", unit = \"nmol\", label = \"amount\" }\n");
  for (const char* name : {"A", "C", "twice", "r", "shown"}) EXPECT_NE(p.find_observable(name), nullptr) << name;
  EXPECT_EQ(p.find_observable("shown")->label, "amount");
  EXPECT_EQ(p.find_observable("nothing"), nullptr);
}

TEST(Program, rateThatNamesNoTime_hasNoTimeDerivative) {
  const Program p = program_of();
  for (const NodeId node : p.time_derivative) EXPECT_TRUE(p.graph.is_constant(node, 0));
}

TEST(Interpreter, termMagnitude_isTheSumOfAbsoluteTerms) {
  expr::Graph g;
  const NodeId x = g.leaf(expr::Op::State, 0);
  const NodeId y = g.leaf(expr::Op::State, 1);
  const NodeId difference = g.make(expr::Op::Sub, g.make(expr::Op::Mul, x, x), y);
  Interpreter interpreter(g, {difference});
  interpreter.prepare({});
  double value = 0;
  interpreter.evaluate(0, std::vector<double>{3, 8}, {}, std::span(&value, 1));
  EXPECT_EQ(value, 1);
  EXPECT_EQ(interpreter.term_magnitude(0), 17);
}

}  // namespace
}  // namespace osteosome::compile
