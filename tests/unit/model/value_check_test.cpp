// SPDX-License-Identifier: Apache-2.0
// What values may be, wherever they come from.
#include "osteosome/model/value_check.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "errors.hpp"

namespace osteosome::model {
namespace {

Parameter parameter(const std::string& unit, double value = 1) {
  Parameter p;
  p.id = "p";
  p.value = value;
  p.unit = {unit, support::units().parse(unit), true};
  p.provenance = {"doi:10.1000/test", "fitted", ""};
  return p;
}

std::string said(const Parameter& p, double value) {
  const auto problem = problem_of_value(p, value, {"x.csv", 3, 0});
  return problem ? problem->message : "";
}

TEST(ValueCheck, Flows_volumes_and_rate_constants_keep_their_sign) {
  for (const char* unit : {"L/h", "mL/min", "L/h/kg", "L/kg", "1/h", "1/d"}) {
    EXPECT_NE(said(parameter(unit), -1), "") << unit;
    EXPECT_EQ(said(parameter(unit), 0), "") << unit << ": none of it";
    EXPECT_EQ(said(parameter(unit), 2), "") << unit;
  }
  EXPECT_EQ(said(parameter("L"), -1), "'p' = -1 is no volume");
  EXPECT_EQ(said(parameter("L"), 0), "'p' = 0 is no volume");
  for (const char* unit : {"mg", "kg", "nmol/L", "cell"}) EXPECT_EQ(said(parameter(unit), -1), "'p' = -1 is less than nothing") << unit;
  EXPECT_EQ(said(parameter("L/h"), -0.5), "'p' = -0.5 is a flow or a volume below zero");
  EXPECT_EQ(said(parameter("1/h"), -0.5), "'p' = -0.5 is a rate constant below zero");
  for (const char* unit : {"1", "h", "mV"}) EXPECT_EQ(said(parameter(unit), -1), "") << unit << ": may be a difference";
  EXPECT_EQ(said(parameter("1/h", -2), -1), "") << "the document's own value is negative";
}

TEST(ValueCheck, Bounds_say_all_and_a_logarithmic_prior_needs_what_is_positive) {
  Parameter p = parameter("L/h");
  p.bounds = {-3, 3};
  EXPECT_EQ(said(p, -2), "") << "its own bounds allow it";
  EXPECT_EQ(said(p, 4), "'p' = 4 is outside its bounds");
  Parameter q = parameter("1");
  q.prior = Prior{1, 0.5, true};
  EXPECT_EQ(said(q, 0), "'p' = 0 is not positive, and its prior is one of the logarithm");
  EXPECT_EQ(said(q, std::nan("")), "'p' is not finite");
}

TEST(ValueCheck, Sizes_are_above_and_amounts_not_below_zero) {
  Model m;
  Compartment c;
  c.id = "plasma";
  c.unit = {"L", support::units().parse("L"), true};
  m.compartments.push_back(c);
  Species s;
  s.id = "drug";
  s.unit = {"nmol/L", support::units().parse("nmol/L"), true};
  s.initial = expr::Ast::number(1);
  m.species.push_back(s);
  s.id = "potential";
  s.unit = {"mV", support::units().parse("mV"), true};
  m.species.push_back(s);
  EXPECT_EQ(problem_of_value(m, "plasma", 0, {})->message, "'plasma' = 0 is no size of a compartment");
  EXPECT_EQ(problem_of_value(m, "drug", -1, {})->message, "'drug' = -1 is less than nothing");
  EXPECT_FALSE(problem_of_value(m, "drug", 0, {}));
  EXPECT_FALSE(problem_of_value(m, "potential", -70, {}));
  EXPECT_FALSE(problem_of_value(m, "nothing", -70, {}));
}

TEST(SetSymbol, What_a_rule_computes_is_refused_and_an_initial_assignment_gives_way) {
  Model m;
  m.parameters.push_back(parameter("1"));
  m.rules.push_back({"r", Rule::Kind::Assignment, expr::Ast::number(1), {}, "", "", false, {}});
  m.initial_assignments.push_back({"p", expr::Ast::number(4), {}});
  EXPECT_EQ(why_fixed(m, "p"), "an initial assignment computes it");
  core::Diagnostics problems;
  set_symbol(m, "r", 2, "--set r=2", {}, problems);
  set_symbol(m, "q", 2, "--set q=2", {}, problems);
  ASSERT_EQ(problems.all().size(), 2u);
  EXPECT_EQ(problems.all()[0].message, "'r' cannot be set: it is computed by a rule");
  EXPECT_EQ(problems.all()[1].message, "model '' has no parameter or species 'q'");
  EXPECT_EQ(m.initial_assignments.size(), 1u) << "nothing is changed by what is refused";
  set_symbol(m, "p", 2, "--set p=2", {}, problems);
  EXPECT_EQ(problems.all().size(), 2u);
  EXPECT_TRUE(m.initial_assignments.empty());
  EXPECT_EQ(m.parameters[0].value, 2);
}

TEST(SetSymbol, An_overridden_value_is_not_called_fitted) {
  Model m;
  m.parameters.push_back(parameter("1", 0.25));
  m.parameters[0].prior = Prior{0.25, 0.5, true};
  core::Diagnostics problems;
  set_symbol(m, "p", 2, "the scenario", {}, problems);
  const Parameter& p = m.parameters[0];
  EXPECT_EQ(p.provenance.kind, "assumed");
  EXPECT_EQ(p.provenance.source, "set by the scenario");
  EXPECT_EQ(p.provenance.rationale, "overrides 0.25 of the document");
  EXPECT_EQ(p.prior->mean, 2) << "as uncertain as before, about the new value";
}

}  // namespace
}  // namespace osteosome::model
