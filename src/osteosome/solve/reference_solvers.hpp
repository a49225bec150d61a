// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "osteosome/compile/program.hpp"

namespace osteosome::solve {

/// What the SUNDIALS solvers ask of the subject they integrate, with branch bits frozen.
class System {
 public:
  virtual ~System() = default;
  /// x' at (t, x); false where it is not finite.
  virtual bool derivative(double t, std::span<const double> x, std::span<double> dx) = 0;
  /// Values of the entries of Program::jacobian.
  virtual void jacobian(double t, std::span<const double> x, std::span<double> entries) = 0;
  /// How many functions change their sign where a branch is left, and their values.
  [[nodiscard]] virtual std::size_t margin_count() const = 0;
  virtual void margins(double t, std::span<const double> x, std::span<double> margins) = 0;
  /// Residuals of Program::algebraic.
  virtual void residuals(double t, std::span<const double> x, std::span<double> residuals) = 0;
};

/// A SUNDIALS solver with the states it holds.
class Integrator {
 public:
  enum class Advance { Target, Stop, Root, Busy, Failed };
  virtual ~Integrator() = default;
  [[nodiscard]] virtual std::span<double> states() = 0;
  /// Absolute tolerances [n_states], to be set before the first start; each grows to `growth` times the largest value its state has reached.
  [[nodiscard]] virtual std::span<double> tolerances() = 0;
  [[nodiscard]] virtual std::span<double> growth() = 0;
  /// Starts at time `t` from the current states, for the first time or again; nothing happens before `end`. What the solver did before leaves no
  /// trace.
  virtual void restart(double t, double end, bool again) = 0;
  /// Integrates to `target`, or one step (`one_step`), never past `stop`; `t` is where it got.
  virtual Advance advance(double target, double stop, bool one_step, double& t) = 0;
  /// The states at `times`, which ascend from here, as they are passed: [passed times][n_states]. Changes no step and no root.
  virtual void watch(std::span<const double> times) = 0;
  [[nodiscard]] virtual const std::vector<std::vector<double>>& watched(double until) = 0;
  virtual void limit_step(double largest) = 0;
  /// After Root: +1 or -1 for margins that rise or fall through 0, else 0.
  virtual void crossings(std::span<int> directions) = 0;
  /// Taylor coefficients [order + 1][n_states] about `t` that hold over the last step; only CVODES' solutions need a history.
  [[nodiscard]] virtual std::vector<std::vector<double>> taylor(double t) = 0;
  struct Count {
    long steps = 0, failures = 0;
  };
  [[nodiscard]] virtual Count count() const = 0;  ///< since the last restart
};

/// CVODES (BDF, dense, analytic Jacobian), or IDA for models with algebraic equations.
[[nodiscard]] std::unique_ptr<Integrator> make_integrator(const compile::Program& program, System& system, double relative_tolerance);

}  // namespace osteosome::solve
