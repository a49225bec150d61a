// SPDX-License-Identifier: Apache-2.0
#include "osteosome/evidence/group_test.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "osteosome/evidence/dunnett.hpp"

namespace osteosome::evidence {
namespace {

/// Fills in the p of every group but the control.
void test(GroupTest& t) {
  double squares = 0;
  std::vector<double> sizes;
  const TestedGroup* control = nullptr;
  for (const TestedGroup& g : t.groups) {
    squares += (g.data.n - 1) * g.data.sd * g.data.sd;
    t.degrees += g.data.n - 1;
    if (g.arm == t.control) {
      control = &g;
    } else {
      sizes.push_back(g.data.n);
    }
  }
  const double sd = std::sqrt(squares / t.degrees);
  for (TestedGroup& g : t.groups) {
    g.p = std::nan("");
    if (&g == control || sd == 0) continue;
    g.p = dunnett_p((g.mean - control->mean) / (sd * std::sqrt(1 / g.data.n + 1 / control->data.n)), sizes, control->data.n, t.degrees);
  }
}

}  // namespace

std::vector<GroupTest> test_groups(const cohort::Scenario& scenario, const std::vector<Comparison>& comparisons) {
  const std::string& control = scenario.control.empty() && scenario.power ? scenario.power->control : scenario.control;
  std::map<std::tuple<std::string, std::string, std::string, double>, GroupTest> tests;
  for (const auto& arm : scenario.arms) {
    for (const Comparison& c : comparisons) {
      if (c.role != "own" || c.arm != arm.name || c.group.n < 2) continue;
      GroupTest& t = tests[{c.group.table, c.outcome, c.unit, c.month}];
      if (t.groups.empty()) t = {c.outcome, c.unit, control, c.model, c.study, c.month, 0, {}};
      const bool here = std::any_of(t.groups.begin(), t.groups.end(), [&](const TestedGroup& g) { return g.arm == c.arm; });
      if (!here) t.groups.push_back({c.arm, c.observed, c.simulated, c.group, std::nan("")});  // of the first model that has it
    }
  }
  std::vector<GroupTest> all;
  for (auto& [key, t] : tests) {
    const bool controlled = std::any_of(t.groups.begin(), t.groups.end(), [&](const TestedGroup& g) { return g.arm == control; });
    if (!controlled || t.groups.size() < 2) continue;
    test(t);
    all.push_back(std::move(t));
  }
  return all;
}

std::string stars(double p) {
  if (std::isnan(p)) return "";
  return p < 0.001 ? "***" : p < 0.01 ? "**" : p < 0.05 ? "*" : "ns";
}

}  // namespace osteosome::evidence
