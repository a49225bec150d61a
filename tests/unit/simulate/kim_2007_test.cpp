// SPDX-License-Identifier: Apache-2.0
// Kim 2007 against a trajectory of its curated file (tests/data/kim2007), and its eleven-state reduction against the 28 species.
#include <gtest/gtest.h>

#include <cmath>
#include <iostream>

#include "documents.hpp"
#include "solve_support.hpp"

namespace osteosome::support {
namespace {

using Settings = std::vector<std::pair<std::string, double>>;

constexpr double kPulseStart = 500, kPulseEnd = 1000;  // [min]
constexpr double kHour = 60, kDay = 1440;              // [min]

const compile::Program& kim() {
  static const compile::Program program = compile::build_program(shipped("kim-2007"));
  return program;
}

/// The reduction with both inputs at `pulse` from t_on to t_off, else at wnt_tone and growth_tone.
const compile::Program& reduction() {
  static const compile::Program program = [] {
    std::string parameters;
    for (const auto& [id, unit] : {std::pair("pulse", "1"), {"wnt_tone", "1"}, {"growth_tone", "1"}, {"t_on", "min"}, {"t_off", "min"}}) {
      parameters += std::string(id) + " = { value = 0, unit = \"" + unit + "\", kind = \"reported\", source = \"model\" }\n";
    }
    return compile::build_program(load_text(
        "[model]\nid = \"driven\"\ntitle = \"driven\"\ntime = \"min\"\nsource = \"doi:10.0/none\"\n[parameters]\n" + parameters +
        "[rules]\n"
        "W = { formula = \"piecewise(pulse, time >= t_on && time < t_off, wnt_tone)\", unit = \"1\" }\n"
        "G = { formula = \"piecewise(pulse, time >= t_on && time < t_off, growth_tone)\", unit = \"1\" }\n"
        "[uses.net]\ndocument = \"osteosome/wnt-erk\"\nconnect = { wnt = \"W\", growth = \"G\" }\nset = { kcat7 = 1.5 }\n"));
  }();
  return program;
}

/// Named observables at `times`: [time][name]; starts from the states `from` if given.
std::vector<std::vector<double>> course(Engine engine, const compile::Program& program, const Settings& settings, const std::vector<double>& times,
                                        const std::vector<std::string>& names, const std::vector<double>& from = {}) {
  solve::SubjectPlan plan = plan_for(program, {}, times);
  plan.initial_overrides = from;
  for (const auto& [id, value] : settings) plan.parameters[program.parameter_index(id).value()] = value;
  const auto result = run_one(engine, program, plan, at_rtol(1e-9));
  EXPECT_EQ(result.status, solve::Status::Completed) << result.message;
  return observe(program, plan, result, names);
}

class Kim2007 : public testing::TestWithParam<Engine> {};

TEST_P(Kim2007, Published_pulse_matches_the_curated_file) {
  constexpr double kLimit = 1e-6;  // of a column's largest value: the file's own error of 2.5e-7 (its README) and that of a run at 1e-9
  const Table table = read_table(data_file("kim2007/BIOMD0000000149_ref.csv"));
  ASSERT_EQ(table.rows.size(), 81U);
  std::vector<std::string> names(table.header.begin() + 1, table.header.end());
  ASSERT_EQ(names, kim().states);
  std::vector<double> times;
  for (const auto& row : table.rows) times.push_back(number(row[0]));
  const auto values = course(GetParam(), kim(), {}, times, names);
  double worst = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    double size = 0;
    for (const auto& row : table.rows) size = std::max(size, std::abs(number(row[i + 1])));
    for (std::size_t k = 0; k < times.size(); ++k) {
      const double difference = std::abs(values[k][i] - number(table.rows[k][i + 1])) / size;
      EXPECT_LE(difference, kLimit) << names[i] << " at " << times[k] << " min";
      worst = std::max(worst, difference);
    }
  }
  std::cout << "  largest difference " << worst << " of the column's maximum\n";
}

TEST_P(Kim2007, Totals_are_conserved_through_the_pulse) {
  // Both methods keep linear sums up to rounding and the error of their linear solver.
  constexpr double kLimit = 1e-9;
  const std::vector<std::string> totals{
      "Dsh_total", "APC_total", "GSK3_total", "TCF_total", "Ras_total", "Raf_total", "MEK_total", "ERK_total", "RKIP_total"};
  const auto values = course(GetParam(), kim(), {}, even_times(0, 2000, 80), totals);
  for (std::size_t i = 0; i < totals.size(); ++i) {
    for (const auto& row : values) EXPECT_NEAR(row[i] / values[0][i], 1, kLimit) << totals[i];
  }
}

TEST_P(Kim2007, Transient_pulse_at_published_kcat7_locks_both_models_in_the_high_state) {
  // "100 h at W = 1 then 28 d at W = 0.02 stays at b 537.9, ERK* 248", from the low state "b 69.6, ERK* 4.9": as printed.
  const double pulse_end = 100 * kHour, end = pulse_end + 28 * kDay;
  Settings full{{"W_rest", 0.02}, {"t_on", 0}, {"t_off", pulse_end}};
  Settings reduced{{"wnt_tone", 0.02}, {"growth_tone", 0.02}, {"pulse", 1}, {"t_off", pulse_end}};
  auto x = course(GetParam(), kim(), full, {end}, {"X11", "X23"})[0];
  auto y = course(GetParam(), reduction(), reduced, {end}, {"net.b", "net.E"})[0];
  EXPECT_NEAR(x[0], 537.9, 0.05);
  EXPECT_NEAR(x[1], 248, 0.5);
  EXPECT_NEAR(y[0] / x[0], 1, 1e-3);
  EXPECT_NEAR(y[1] / x[1], 1, 1e-3);

  full.emplace_back("t_off", 0);
  reduced.emplace_back("t_off", 0);
  x = course(GetParam(), kim(), full, {end}, {"X11", "X23"})[0];
  y = course(GetParam(), reduction(), reduced, {end}, {"net.b", "net.E"})[0];
  EXPECT_NEAR(x[0], 69.6, 0.05);
  EXPECT_NEAR(x[1], 4.9, 0.05);
  EXPECT_NEAR(y[0] / x[0], 1, 1e-3);
  EXPECT_NEAR(y[1] / x[1], 1, 1e-3);
}

TEST_P(Kim2007, Transient_pulse_at_half_kcat7_returns_to_rest) {
  const double pulse_end = 100 * kHour, end = pulse_end + 28 * kDay;
  const auto x = course(GetParam(), kim(), {{"W_rest", 0.02}, {"t_on", 0}, {"t_off", pulse_end}, {"kcat7", 0.75}}, {pulse_end, end}, {"X11", "X23"});
  const auto y = course(GetParam(), reduction(), {{"wnt_tone", 0.02}, {"growth_tone", 0.02}, {"pulse", 1}, {"t_off", pulse_end}, {"net.kcat7", 0.75}},
                        {pulse_end, end}, {"net.b", "net.E", "net.beta_catenin_fold", "net.erk_fold"});
  EXPECT_GT(x[0][1], 290) << "the pulse has reached the high state";
  EXPECT_GT(y[0][1], 290);
  EXPECT_NEAR(y[1][2], 1, 1e-6);  // 28 d are hundreds of relaxation times; the two runs end within their tolerance
  EXPECT_NEAR(y[1][3], 1, 1e-6);
  EXPECT_NEAR(y[1][0] / x[1][0], 1, 1e-3);
  EXPECT_NEAR(y[1][1] / x[1][1], 1, 1e-3);
}

TEST_P(Kim2007, Reduction_follows_the_published_pulse) {
  // From its own rest at W = G = 0. The limits are those the reduction was derived with (8 % and 2.5 %) and, for active ERK, what it
  // reaches: 6 % of the maximum at any time, and 8.2 % of the value except while ERK rings and falls, where it is 12 %.
  const auto times = even_times(0, 2000, 400);
  const auto rest = course(GetParam(), reduction(), {}, {28 * kDay}, reduction().states)[0];
  const auto x = course(GetParam(), kim(), {}, times, {"X11", "X23", "X27"});
  const auto y =
      course(GetParam(), reduction(), {{"pulse", 1}, {"t_on", kPulseStart}, {"t_off", kPulseEnd}}, times, {"net.b", "net.E", "net.X"}, rest);
  double maximum = 0;
  for (const auto& row : x) maximum = std::max(maximum, row[1]);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(y[0][i] / x[0][i], 1, 1e-3) << "at rest, species " << i;
  double b = 0, erk = 0, erk_share = 0, factor = 0;
  for (std::size_t k = 0; k < times.size(); ++k) {
    const auto relative = [&](std::size_t i) { return std::abs(y[k][i] / x[k][i] - 1); };
    const double t = times[k];
    const bool ringing = t >= 600 && t <= 660;
    const bool falling = t >= kPulseEnd && t <= kPulseEnd + 60;
    EXPECT_LE(relative(0), 0.08) << t << " min";
    EXPECT_LE(relative(1), ringing || falling ? 0.12 : 0.082) << t << " min";
    EXPECT_LE(std::abs(y[k][1] - x[k][1]), 0.06 * maximum) << t << " min";
    EXPECT_LE(relative(2), 0.025) << t << " min";
    b = std::max(b, relative(0));
    erk = std::max(erk, relative(1));
    erk_share = std::max(erk_share, std::abs(y[k][1] - x[k][1]) / maximum);
    factor = std::max(factor, relative(2));
  }
  std::cout << "  beta-catenin " << 100 * b << " %, active ERK " << 100 * erk << " % (" << 100 * erk_share << " % of its maximum), X " << 100 * factor
            << " %\n";
}

TEST_P(Kim2007, Half_kcat7_has_a_second_state_at_raised_tone) {
  // A known fault of the module's own setting, named in the document: from wnt 0.065 on the state depends on the past. Here wnt 0.1.
  const double pulse_end = 100 * kHour, end = pulse_end + 28 * kDay;
  const Settings low{{"wnt_tone", 0.1}, {"growth_tone", 0.02}, {"net.kcat7", 0.75}};
  Settings high = low;
  high.insert(high.end(), {{"pulse", 1}, {"t_off", pulse_end}});
  EXPECT_LT(course(GetParam(), reduction(), low, {end}, {"net.erk_fold"})[0][0], 2);
  EXPECT_GT(course(GetParam(), reduction(), high, {end}, {"net.erk_fold"})[0][0], 40);
}

TEST_P(Kim2007, Wnt_can_start_at_zero_while_its_link_to_Ras_is_off) {
  // 0^0 has no derivative: a tone that is a state at 0 must not reach the power.
  const compile::Program program =
      compile::build_program(load_text("[model]\nid = \"rising\"\ntitle = \"rising\"\ntime = \"min\"\nsource = \"doi:10.0/none\"\n[parameters]\n"
                                       "k = { value = 0.01, unit = \"1/min\", kind = \"reported\", source = \"model\" }\n"
                                       "tone = { value = 0.02, unit = \"1\", kind = \"reported\", source = \"model\" }\n"
                                       "[species]\nw = { initial = 0, unit = \"1\", rate = \"k*(tone - w)\" }\n"
                                       "[uses.net]\ndocument = \"osteosome/wnt-erk\"\nconnect = { wnt = \"w\" }\n"));
  EXPECT_NEAR(course(GetParam(), program, {}, {28 * kDay}, {"net.beta_catenin_fold"})[0][0], 1, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Engines, Kim2007, testing::ValuesIn(kEngines), [](const auto& instance) { return name_of(instance.param); });

TEST(WntErk, Initial_state_is_at_rest) {
  const compile::Program program = published("wnt-erk");
  ASSERT_TRUE(program.switches.empty());
  std::vector<double> x(program.states.size()), d(x.size()), folds(2);
  compile::Interpreter initial(program.graph, program.initial), derivative(program.graph, program.derivative);
  compile::Interpreter fold(program.graph, {program.find_observable("beta_catenin_fold")->node, program.find_observable("erk_fold")->node});
  for (auto* interpreter : {&initial, &derivative, &fold}) interpreter->prepare(program.parameter_values);
  initial.evaluate(0, {}, {}, x);
  derivative.evaluate(0, x, {}, d);
  fold.evaluate(0, x, {}, folds);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    // Fluxes are up to 40 times their state per minute: rounding alone gives 40*1e-16*1440 = 6e-12 a day.
    EXPECT_LT(std::abs(d[i]) * kDay, 1e-10 * x[i]) << program.states[i];
    worst = std::max(worst, std::abs(d[i]) * kDay / x[i]);
  }
  EXPECT_EQ(folds, (std::vector<double>{1, 1}));
  std::cout << "  fastest drift " << worst << " a day\n";
}

TEST(WntErk, Link_from_Wnt_multiplies_growth_by_a_signed_power) {
  const compile::Program& program = reduction();
  for (const auto& [power, factor] : {std::pair(0.0, 1.0), {0.5, 2.0}, {-0.5, 0.5}, {1.0, 4.0}}) {
    const auto values =
        course(Engine::Reference, program, {{"wnt_tone", 0.08}, {"growth_tone", 0.03}, {"net.wnt_to_erk", power}}, {0}, {"net.G_effective"});
    EXPECT_DOUBLE_EQ(values[0][0], 0.03 * factor) << power;
  }
}

TEST(WntErk, Unconnected_ports_hold_the_tonic_inputs) {
  const compile::Program program = published("wnt-erk");
  const auto values = course(Engine::Reference, program, {{"wnt_rest", 0.05}, {"growth_rest", 0.07}}, {0}, {"wnt", "growth", "G_effective"});
  EXPECT_EQ(values[0], (std::vector<double>{0.05, 0.07, 0.07}));
}

}  // namespace
}  // namespace osteosome::support
