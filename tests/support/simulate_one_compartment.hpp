// SPDX-License-Identifier: Apache-2.0
// One compartment with first-order absorption, run from an event table, and the same regimen as a sum of closed-form responses.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "documents.hpp"
#include "osteosome/simulate/dosing.hpp"

namespace osteosome::support {

inline constexpr double kCL = 1.1, kV = 20, kKA = 1.5;

/// NONMEM's ADVAN2 TRANS2 with ALAG2, F2, R2 and D2; lag, F, rate and duration belong to `central` only. `more` goes into [species].
inline std::string one_compartment_document(const std::string& more = "") {
  std::string text = R"([model]
id = "onecmt"
title = "One compartment"
time = "h"
source = "test"
[parameters]
)";
  const auto parameter = [&](const char* id, const char* value, const char* unit) {
    text += std::string(id) + " = { value = " + value + ", unit = \"" + unit + "\", kind = \"assumed\", rationale = \"test\", source = \"test\" }\n";
  };
  parameter("CL", "1.1", "L/h");
  parameter("V", "20", "L");
  parameter("KA", "1.5", "1/h");
  parameter("lagt", "0", "h");
  parameter("bioav", "1", "1");
  parameter("rat2", "0", "mg/h");
  parameter("dur2", "0", "h");
  parameter("unit_amount", "1", "mg");
  text += R"([species]
depot = { initial = 0, unit = "mg", rate = "-KA*depot" }
central = { initial = 0, unit = "mg", rate = "KA*depot - CL/V*central", bioavailability = "bioav", lag = "lagt", infusion_rate = "rat2", infusion_duration = "dur2" }
)";
  return text + more + R"(
[doses]
denosumab = { into = "central", as = "bolus", route = "sc" }
alendronate = { into = "depot", as = "bolus", route = "po" }
zoledronate = { into = "central", as = "bolus", route = "iv" }
[outputs]
cp = { formula = "central/V", unit = "mg/L", observable = "TH", label = "concentration" }
)";
}

/// Integration at this tolerance is good to about 1e-10 (lanes) and 3e-8 (CVODES) of a curve's maximum on such chains (classic_test.cpp);
/// steady states are solved for to 1e-9. Curves are therefore compared to 2e-7 of their maximum.
inline constexpr double kRelativeTolerance = 1e-9;
inline constexpr double kAccuracy = 2e-7;

inline std::unique_ptr<simulate::CompiledModel> compile_text(const std::string& text, simulate::EngineChoice engine, double rtol = kRelativeTolerance,
                                                             unsigned threads = 1) {
  simulate::SolverSettings settings;
  settings.engine = engine;
  settings.relative_tolerance = rtol;
  settings.threads = threads;
  return std::make_unique<simulate::CompiledModel>(load_text(text), settings);
}

inline const simulate::CompiledModel& one_compartment(simulate::EngineChoice engine) {
  static std::map<simulate::EngineChoice, std::unique_ptr<simulate::CompiledModel>> models;
  auto& model = models[engine];
  if (!model) model = compile_text(one_compartment_document(), engine);
  return *model;
}

struct TableRun {
  std::vector<std::vector<double>> values;  ///< one an output row, in order
  std::vector<std::string> warnings;
};

/// Values of `names` at the output rows of a table, in order of the rows.
inline TableRun run_table(const simulate::CompiledModel& model, const std::string& csv, const std::vector<std::string>& names,
                          const std::string& time_unit = "h") {
  TableRun run;
  const auto& program = model.program();
  const auto table = protocol::parse_event_table(csv, "events.csv", time_unit, program.parameters, program.states, units());
  const auto episodes = simulate::plan_event_table(table, model, units(), program.parameter_values, {}, run.warnings);
  std::vector<std::vector<std::vector<double>>> by_episode(episodes.size());
  model.run(
      episodes.size(), [&](std::size_t e) { return episodes[e].plan; },
      [&](std::size_t e, const solve::SubjectPlan& plan, solve::SubjectResult&& result) {
        EXPECT_EQ(result.status, solve::Status::Completed) << result.message;
        simulate::ObservableReader reader(program, names);
        const auto flat = reader.read(plan, result);
        for (std::size_t k = 0; k < plan.outputs.size(); ++k)
          by_episode[e].emplace_back(flat.begin() + static_cast<std::ptrdiff_t>(k * names.size()),
                                     flat.begin() + static_cast<std::ptrdiff_t>((k + 1) * names.size()));
      });
  for (auto& episode : by_episode) run.values.insert(run.values.end(), episode.begin(), episode.end());
  return run;
}

inline std::vector<double> run_central(const simulate::CompiledModel& model, const std::string& csv, const std::string& time_unit = "h") {
  std::vector<double> out;
  for (const auto& row : run_table(model, csv, {"central"}, time_unit).values) out.push_back(row[0]);
  return out;
}

/// One dose of the closed form. What it has left in the body counts from `from` on and before `until` (a reset wipes it).
struct Input {
  double time = 0;
  int compartment = 2;  ///< 1 depot, 2 central
  double amount = 0;    ///< that reaches the compartment
  double duration = 0;  ///< 0: bolus
  double from = -std::numeric_limits<double>::infinity();
  double until = std::numeric_limits<double>::infinity();
};

/// Central amount at t of a linear one-compartment model: the sum of the responses to all inputs up to and including t.
inline double central_of(const std::vector<Input>& inputs, double t) {
  constexpr double k = kCL / kV, c = kKA / (kKA - k);
  const auto response = [&](int compartment, double s) {
    return s < 0 ? 0 : compartment == 2 ? std::exp(-k * s) : c * (std::exp(-k * s) - std::exp(-kKA * s));
  };
  const auto integral = [&](int compartment, double s) {
    if (s <= 0) return 0.0;
    const double elimination = -std::expm1(-k * s) / k;
    return compartment == 2 ? elimination : c * (elimination + std::expm1(-kKA * s) / kKA);
  };
  double sum = 0;
  for (const Input& i : inputs) {
    if (t < i.from || t >= i.until) continue;
    const double s = t - i.time;
    sum += i.duration > 0 ? i.amount / i.duration * (integral(i.compartment, s) - integral(i.compartment, s - i.duration))
                          : i.amount * response(i.compartment, s);
  }
  return sum;
}

/// A dose at `time` and `additional` ones after it.
inline std::vector<Input> series(Input first, double interval, int additional) {
  std::vector<Input> out;
  for (int n = 0; n <= additional; ++n) {
    out.push_back(first);
    first.time += interval;
  }
  return out;
}

/// The doses of an endless train before `next`, felt from `from` on. 600 of them: with intervals of at least 6 h the oldest has decayed
/// by exp(-0.055 * 3600), to nothing in double precision.
inline std::vector<Input> past(Input next, double interval, double from) {
  std::vector<Input> out;
  for (int n = 1; n <= 600; ++n) {
    Input i = next;
    i.time -= n * interval;
    i.from = from;
    out.push_back(i);
  }
  return out;
}

inline std::vector<Input> operator+(std::vector<Input> a, const std::vector<Input>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
/// The same inputs, wiped at `time`.
inline std::vector<Input> until(std::vector<Input> inputs, double time) {
  for (Input& i : inputs) i.until = std::min(i.until, time);
  return inputs;
}

}  // namespace osteosome::support
