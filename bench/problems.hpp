// SPDX-License-Identifier: Apache-2.0
// The two problems every bench solves: the 2010 model under denosumab (60 months, six doses) and under daily teriparatide (24 months, 730
// doses), monthly output, 20 % log-normal variation of five parameters.
#pragma once

#include <time.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "osteosome/core/random.hpp"
#include "osteosome/model/document.hpp"
#include "osteosome/solve/engine.hpp"

namespace osteosome::bench {

inline double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

inline compile::Program load_program() {
  const core::UnitSystem units;
  const model::Library library{OSTEOSOME_ROOT};
  return compile::build_program(model::load_model(library.find_model("peterson-riggs-2010"), library, units));
}

enum class Problem { Denosumab, Teriparatide };
inline const char* name_of(Problem p) { return p == Problem::Denosumab ? "denosumab 60 months" : "teriparatide 24 months"; }

inline solve::SubjectPlan make_plan(const compile::Program& program, Problem problem, std::size_t subject) {
  constexpr double kMonth = 730.5;  // h
  solve::SubjectPlan plan;
  plan.parameters = program.parameter_values;
  for (const char* name : {"koutL", "kb", "TERICL", "DENCL", "DENVMAX"}) {
    core::RandomStream stream(1, subject, name);
    plan.parameters[*program.parameter_index(name)] *= std::exp(0.2 * stream.normal());
  }
  const int months = problem == Problem::Denosumab ? 60 : 24;
  if (problem == Problem::Denosumab) {
    for (int k = 0; k < 6; ++k) plan.stops.push_back({k * 6 * kMonth, solve::StopKind::Add, *program.state_index("DENSC"), 60 * 0.729e6});
  } else {
    for (int k = 0; k < 730; ++k) plan.stops.push_back({k * 24.0, solve::StopKind::Add, *program.state_index("TERISC"), 20e6 / 4117.8});
  }
  std::uint32_t stop = 0;
  for (int m = 0; m <= months; ++m) {
    while (stop < plan.stops.size() && plan.stops[stop].time < m * kMonth) ++stop;
    plan.outputs.push_back({m * kMonth, stop});
  }
  return plan;
}

/// Achieved error: max over states and output times of |x - tight| / max|tight|.
inline double achieved_error(const std::vector<double>& x, const std::vector<double>& tight, std::size_t n) {
  double worst = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double size = 0, difference = 0;
    for (std::size_t k = i; k < tight.size(); k += n) {
      size = std::max(size, std::abs(tight[k]));
      difference = std::max(difference, std::isnan(x[k]) ? HUGE_VAL : std::abs(x[k] - tight[k]));
    }
    if (size > 0) worst = std::max(worst, difference / size);
  }
  return worst;
}

struct Measured {
  double error = 0, cpu_ms = 0;
  std::uint64_t steps = 0, rejected = 0;
  std::vector<std::vector<double>> states;
};

/// Subjects [0, count) on one thread; the error is the largest over the subjects for which `tight` has a solution.
inline Measured run_lanes(const compile::Program& program, solve::LaneCode& code, Problem problem, std::size_t count, double rtol,
                          const std::vector<std::vector<double>>& tight, const char* method = "rodas5p", unsigned threads = 1) {
  Measured m;
  m.states.resize(count);
  solve::Options options;
  options.relative_tolerance = rtol;
  options.method = method;
  options.pass_over_periods = getenv("T_OFF") == nullptr;
  const double begin = cpu_seconds();
  solve::run_lanes(
      program, code, count, [&](std::size_t s) { return make_plan(program, problem, s); },
      [&](std::size_t s, const solve::SubjectPlan&, solve::SubjectResult&& r) {
        m.steps += r.statistics.steps;
        m.rejected += r.statistics.rejected;
        m.states[s] = std::move(r.states);
      },
      options, threads);
  m.cpu_ms = (cpu_seconds() - begin) * 1e3 / static_cast<double>(count);
  for (std::size_t s = 0; s < std::min(count, tight.size()); ++s)
    m.error = std::max(m.error, achieved_error(m.states[s], tight[s], program.states.size()));
  m.steps /= count;
  m.rejected /= count;
  return m;
}

}  // namespace osteosome::bench
