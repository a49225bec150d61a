// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "osteosome/compile/interpreter.hpp"
#include "osteosome/compile/program.hpp"

namespace osteosome::solve {

/// The past of one subject, for models with delays (method of steps): every step as a polynomial, and the parameters that held.
class History {
 public:
  explicit History(const compile::Program& program);

  void start(double time, std::span<const double> states, std::span<const double> parameters);
  /// The step from the end of the history to `time`, as Taylor coefficients about `time`.
  void add_step(double time, std::vector<std::vector<double>> taylor);
  /// States or parameters have jumped at the end of the history.
  void jump(std::span<const double> states, std::span<const double> parameters);

  /// Earlier values [n_delays] seen from (time, states), at or after the end of the history. Returns the shortest delay; a negative or
  /// undefined one makes it negative.
  double look_up(double time, std::span<const double> states, std::span<double> delayed);
  /// How long ago the value of delay `k` was, for the states and delayed values of now.
  double duration(std::size_t k, double time, std::span<const double> states, std::span<const double> delayed) {
    return evaluate(durations_[k], time, states, delayed);
  }

 private:
  struct Step {
    double from, to;
    std::vector<std::vector<double>> taylor;
  };
  struct Epoch {
    double from;
    std::vector<double> parameters;
  };
  /// A formula and the epoch whose parameters it is prepared for.
  struct Formula {
    compile::Interpreter interpreter;
    const Epoch* prepared = nullptr;
  };
  [[nodiscard]] std::vector<double> states_at(double time, double now, std::span<const double> states) const;
  const Epoch& epoch_at(double time) const;
  double evaluate(Formula& formula, double time, std::span<const double> states, std::span<const double> delayed);
  double value(std::size_t k, double time, double now, std::span<const double> states);

  const compile::Program& program_;
  std::vector<Formula> values_, durations_, before_;
  std::vector<Step> steps_;
  std::vector<std::unique_ptr<Epoch>> epochs_;
  double start_ = 0, end_ = 0;
  std::vector<double> last_;
};

}  // namespace osteosome::solve
