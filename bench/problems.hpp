// SPDX-License-Identifier: Apache-2.0
// The two problems of bench_peers and bench_work_precision: the 2010 model under denosumab (60 months, six doses) and under daily teriparatide (24
// months, 730 doses), monthly output, 20 % log-normal variation of five parameters.
#pragma once

#include <time.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "osteosome/core/random.hpp"
#include "osteosome/model/document.hpp"
#include "osteosome/simulate/compiled_model.hpp"
#include "osteosome/solve/engine.hpp"

namespace osteosome::bench {

inline double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// The names of a model's outputs.
inline std::vector<std::string> output_names(const model::Model& model) {
  std::vector<std::string> names;
  for (const auto& output : model.outputs) names.push_back(output.id);
  return names;
}

struct Bone {
  compile::Program program;
  std::vector<std::string> outputs;
};

inline Bone load_bone() {
  const core::UnitSystem units;
  const model::Library library{OSTEOSOME_ROOT};
  const model::Model model = model::load_model(library.find_model("peterson-riggs-2010"), library, units);
  return {compile::build_program(model), output_names(model)};
}

enum class Problem { Denosumab, Teriparatide };
inline const char* name_of(Problem p) { return p == Problem::Denosumab ? "denosumab 60 months" : "teriparatide 24 months"; }

/// What is looked at, and errors are measured over.
enum class Over { States, Outputs };
inline const char* name_of(Over over) { return over == Over::States ? "all states" : "outputs only"; }

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

/// Achieved error of a table [rows x columns]: max over columns and rows of |x - tight| / max|tight|.
inline double achieved_error(const std::vector<double>& x, const std::vector<double>& tight, std::size_t columns) {
  double worst = 0;
  for (std::size_t i = 0; i < columns; ++i) {
    double size = 0, difference = 0;
    for (std::size_t k = i; k < tight.size(); k += columns) {
      size = std::max(size, std::abs(tight[k]));
      difference = std::max(difference, std::isnan(x[k]) ? HUGE_VAL : std::abs(x[k] - tight[k]));
    }
    if (size > 0) worst = std::max(worst, difference / size);
  }
  return worst;
}

/// A way to integrate with lanes.
struct Way {
  double rtol = 1e-6;
  Over over = Over::States;
  bool pass_over_periods = true;
  const char* method = "rodas5p";
  double absolute_scale = 1;
};

/// One problem, and what is right for its first subjects.
class Work {
 public:
  /// As lanes at 1e-11 throughout have it.
  Work(const Bone& bone, solve::LaneCode& code, Problem problem, std::size_t subjects) : bone_(bone), code_(code), problem_(problem) {
    tight_ = run(subjects, {1e-11, Over::States, false}).states;
  }

  struct Measured {
    double error = 0, cpu_ms = 0;
    std::uint64_t steps = 0, rejected = 0;
    std::vector<std::vector<double>> states;
  };

  /// Subjects [0, count); the error is the largest over those for which there is a right solution.
  [[nodiscard]] Measured run(std::size_t count, const Way& way, unsigned threads = 1) const {
    Measured m;
    m.states.resize(count);
    solve::Options options;
    options.relative_tolerance = way.rtol;
    options.absolute_scale = way.absolute_scale;
    options.method = way.method;
    options.pass_over_periods = way.pass_over_periods;
    if (way.over == Over::Outputs) options.observed = simulate::ObservableReader(bone_.program, bone_.outputs).states();
    const double begin = cpu_seconds();
    solve::run_lanes(
        bone_.program, code_, count, [&](std::size_t s) { return plan(s); },
        [&](std::size_t s, const solve::SubjectPlan&, solve::SubjectResult&& r) {
          m.steps += r.statistics.steps;
          m.rejected += r.statistics.rejected;
          m.states[s] = std::move(r.states);
        },
        options, threads);
    m.cpu_ms = (cpu_seconds() - begin) * 1e3 / static_cast<double>(count);
    for (std::size_t s = 0; s < std::min(count, tight_.size()); ++s) m.error = std::max(m.error, error_of(s, m.states[s], way.over));
    m.steps /= count;
    m.rejected /= count;
    return m;
  }

  [[nodiscard]] double error_of(std::size_t subject, const std::vector<double>& states, Over over) const {
    if (over == Over::States) return achieved_error(states, tight_[subject], bone_.program.states.size());
    return achieved_error(outputs(subject, states), outputs(subject, tight_[subject]), bone_.outputs.size());
  }

  [[nodiscard]] solve::SubjectPlan plan(std::size_t subject) const { return make_plan(bone_.program, problem_, subject); }
  [[nodiscard]] Problem problem() const { return problem_; }
  [[nodiscard]] const Bone& bone() const { return bone_; }
  [[nodiscard]] solve::LaneCode& code() const { return code_; }

 private:
  [[nodiscard]] std::vector<double> outputs(std::size_t subject, const std::vector<double>& states) const {
    solve::SubjectResult result;
    result.states = states;
    return simulate::ObservableReader(bone_.program, bone_.outputs).read(plan(subject), result);
  }

  const Bone& bone_;
  solve::LaneCode& code_;
  Problem problem_;
  std::vector<std::vector<double>> tight_;
};

}  // namespace osteosome::bench
