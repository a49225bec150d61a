// SPDX-License-Identifier: Apache-2.0
// A woman of 30 who does not age and takes no drug stays as she is; the totals of signalling hold whatever she takes.
#include <set>

#include "compile_support.hpp"
#include "osteosome/solve/subject.hpp"
#include "osteosome_simulations.hpp"

namespace osteosome::support {
namespace {

/// Neither ageing nor menopause.
std::vector<double> ageless() {
  auto values = integrated().program().parameter_values;
  for (const char* name : {"endocrine.progenitor_loss", "endocrine.late_progenitor_loss", "endocrine.late_rankl"}) parameter(values, name) = 0;
  parameter(values, "endocrine.age_at_menopause") = 200;
  return values;
}

/// A rate that counts: 1e-10 of the state a day; of its typical size if it is 0.
constexpr double kAtRest = 1e-10;

/// States whose rate at their initial value counts, on any of the first `days`.
std::vector<std::string> states_that_move(const std::vector<double>& parameters, int days) {
  const auto& program = integrated().program();
  EXPECT_EQ(program.seconds_per_time_unit, 86400) << "rates are a day";
  compile::Interpreter initial(program.graph, program.initial), derivative(program.graph, program.derivative);
  initial.prepare(parameters);
  derivative.prepare(parameters);
  Point point{0, parameters, std::vector<double>(program.states.size())};
  initial.evaluate(0, {}, {}, point.states);
  const auto typical = typical_sizes(parameters);
  std::vector<double> rates(program.states.size());
  std::map<std::string, std::string> moving;
  for (int day = 0; day <= days; day += 5) {
    point.time = day;
    derivative.evaluate(point.time, point.states, branch_bits(program, point), rates);
    for (std::size_t i = 0; i < rates.size(); ++i) {
      const double size = point.states[i] != 0 ? std::abs(point.states[i]) : typical[i];
      EXPECT_GT(size, 0) << program.states[i] << " starts at 0 and has no typical size";
      if (!(std::abs(rates[i]) <= kAtRest * size)) moving[program.states[i]] = std::to_string(rates[i] / size * 1e10) + "e-10 a day";
    }
  }
  std::vector<std::string> out;
  for (const auto& [state, rate] : moving) out.push_back(state + ": " + rate);
  return out;
}

TEST(OsteosomeRest, Woman_of_30_without_ageing_stays_as_she_is) { EXPECT_EQ(states_that_move(ageless(), 365), std::vector<std::string>{}); }

TEST(OsteosomeRest, So_does_one_with_other_bone_and_turnover) {
  auto values = ageless();
  parameter(values, "scale_LS") = 0.8;
  parameter(values, "scale_TH") = 0.7;
  parameter(values, "scale_FN") = 1.2;
  parameter(values, "turnover_scale") = 1.5;
  EXPECT_EQ(states_that_move(values, 365), std::vector<std::string>{});
}

/// Rest is stable, too: integration over a year, which adds its own errors, brings her nowhere else.
TEST(OsteosomeRest, A_year_on_the_reference_engine_changes_nothing) {
  const auto& program = integrated().program();
  solve::SubjectPlan plan;
  plan.parameters = ageless();
  plan.outputs = {{0, 0}, {365, 0}};
  solve::Options options;
  options.relative_tolerance = 1e-11;
  const auto result = solve::run_reference(program, plan, options);
  ASSERT_EQ(result.status, solve::Status::Completed) << result.message;
  const std::size_t n = program.states.size();
  const auto typical = typical_sizes(plan.parameters);
  for (std::size_t i = 0; i < n; ++i) {
    const double before = result.states[i], after = result.states[n + i];
    EXPECT_NEAR(after, before, 365 * kAtRest * (before != 0 ? std::abs(before) : typical[i])) << program.states[i];
  }
}

/// Every form of a protein of the signalling module, and what is left of its total, lies between 0 and the total.
TEST(OsteosomeSignalling, Totals_hold_under_romosozumab_and_teriparatide) {
  const std::map<std::string, std::vector<std::string>> proteins = {
      {"Dsht", {"D"}},         {"Rast", {"R", "Ras_i"}}, {"Raft", {"F", "C", "Raf"}},
      {"MEKt", {"M", "MEK"}},  {"ERKt", {"E", "ERK"}},   {"RKIPt", {"C", "Q", "RKIP"}},
      {"GSKt", {"Gi", "GSK"}}, {"APCt", {"apc"}},        {"TCFt", {"T"}}};
  std::set<std::string> names = {"signal.b", "signal.AT", "signal.X", "signal.ax", "signal.C3"};
  for (const auto& [total, forms] : proteins) {
    for (const auto& form : forms) names.insert("signal." + form);  // C is both Raf-1 and RKIP
  }
  std::vector<double> months = every(0.01, 0.2);  // a third of a day, within the pulse of teriparatide and between two
  for (const double month : every(0.1, 18, 0.3)) months.push_back(month);
  const std::vector<std::string> regimens = {"romosozumab 210 mg sc monthly x 12 then none", "teriparatide 20 ug sc daily for 12 months then none",
                                             "romosozumab 420 mg sc monthly x 12 & teriparatide 40 ug sc daily for 12 months"};
  const auto arms = follow(osteoporotic_woman(), regimens, months, {names.begin(), names.end()});
  auto values = integrated().program().parameter_values;
  constexpr double kRounding = 1e-9;
  for (std::size_t a = 0; a < arms.size(); ++a) {
    for (const auto& [total, forms] : proteins) {
      const double all = parameter(values, "signal." + total);
      ASSERT_GT(all, 0) << total;
      for (const double month : months) {
        double sum = 0;
        for (const auto& form : forms) {
          const double amount = arms[a].at("signal." + form, month);
          sum += amount;
          EXPECT_GE(amount, -kRounding * all) << form << ", month " << month << ", " << regimens[a];
          EXPECT_LE(amount, (1 + kRounding) * all) << form << ", month " << month << ", " << regimens[a];
        }
        if (forms.size() > 1) {
          EXPECT_NEAR(sum, all, kRounding * all) << total << ", month " << month << ", " << regimens[a];
        }
      }
    }
    for (const char* name : {"signal.b", "signal.AT", "signal.X", "signal.ax", "signal.C3"}) {
      for (const double month : months) EXPECT_GT(arms[a].at(name, month), 0) << name << ", month " << month << ", " << regimens[a];
    }
  }
  EXPECT_GT(arms[0].at("signal.b", 1), 1.05 * arms[0].at("signal.b", 0)) << "romosozumab raises beta-catenin, or nothing was tested";
}

}  // namespace
}  // namespace osteosome::support
