// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "osteosome/compile/interpreter.hpp"
#include "osteosome/compile/program.hpp"
#include "osteosome/solve/state.hpp"

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

  /// How far the past goes now, to go back to.
  struct Mark {
    std::size_t steps = 0, epochs = 0;
    double end = 0;
    std::vector<double> last;
  };
  [[nodiscard]] Mark mark() const { return {past_.steps.size(), past_.epochs.size(), past_.end, past_.last}; }
  void go_back(const Mark& mark);
  [[nodiscard]] Past past_until(const Mark& mark) const;
  void set_past(const Past& past);

  /// Earlier values [n_delays] seen from (time, states), at or after the end of the history. Returns the shortest delay; a negative or
  /// undefined one makes it negative.
  double look_up(double time, std::span<const double> states, std::span<double> delayed);
  /// How long ago the value of delay `k` was, for the states and delayed values of now.
  double duration(std::size_t k, double time, std::span<const double> states, std::span<const double> delayed) {
    return evaluate(durations_[k], time, states, delayed);
  }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  /// A formula and the epoch whose parameters it is prepared for.
  struct Formula {
    compile::Interpreter interpreter;
    std::size_t prepared = kNone;
  };
  [[nodiscard]] std::vector<double> states_at(double time, double now, std::span<const double> states) const;
  [[nodiscard]] std::size_t epoch_at(double time) const;
  double evaluate(Formula& formula, double time, std::span<const double> states, std::span<const double> delayed);
  double value(std::size_t k, double time, double now, std::span<const double> states);

  const compile::Program& program_;
  std::vector<Formula> values_, durations_, before_;
  Past past_;
};

}  // namespace osteosome::solve
