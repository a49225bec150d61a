// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "osteosome/compile/interpreter.hpp"
#include "osteosome/compile/program.hpp"
#include "osteosome/solve/plan.hpp"

namespace osteosome::solve {

/// Initial values and tolerances of a subject, and the effect of stops and events on it: shared by both engines.
/// One object a thread.
class SubjectSetup {
 public:
  explicit SubjectSetup(const compile::Program& program);

  /// Initial states [n_states] for the plan's parameters and overrides.
  void initial_states(const SubjectPlan& plan, std::span<double> states);
  /// Absolute tolerance of each state: relative_tolerance * absolute_scale * kTypicalFraction * typical size, where the typical size is the
  /// declared one, else the initial value, else the plan's largest dose, else 1.
  void absolute_tolerances(const SubjectPlan& plan, const Options& options, std::span<double> tolerances);
  /// True for each event whose trigger holds with these branch bits.
  void triggers(std::span<const double> parameters, double time, std::span<const double> states, std::span<const double> bits, std::span<double> out);
  /// Evaluates and assigns the actions of event `k`; returns true if a parameter changed.
  bool fire(std::size_t k, std::span<double> parameters, double time, std::span<double> states);

 private:
  const compile::Program& program_;
  compile::Interpreter initial_, typical_, trigger_;
  std::vector<compile::Interpreter> actions_;
  std::vector<double> scratch_;
};

/// Applies a stop to the states and input rates; SetParameter is left to the caller. All spans are [n_states].
void apply_stop(const SubjectPlan& plan, const Stop& stop, std::span<double> states, std::span<double> rates);

}  // namespace osteosome::solve
