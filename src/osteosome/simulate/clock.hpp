// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "osteosome/compile/interpreter.hpp"
#include "osteosome/compile/program.hpp"

namespace osteosome::simulate {

/// What a model's clock does, by comparing its rates and events at times a shift apart.
class Clock {
 public:
  /// `states` are sets of states to compare at.
  Clock(const compile::Program& program, const std::vector<double>& parameters, std::vector<std::vector<double>> states);

  /// True if nothing changes when the clock is put back by `shift`, once or many times, from any time within `shift` before `end`.
  [[nodiscard]] bool repeats(double shift, double end);
  /// The shortest shift that repeats among a day, a week and a year; nothing if none does.
  [[nodiscard]] std::optional<double> period(double end);

 private:
  [[nodiscard]] std::vector<double> rates(double time, const std::vector<double>& states);

  const compile::Program& program_;
  std::vector<std::vector<double>> states_;
  std::vector<compile::NodeId> roots_;
  compile::Interpreter gaps_, formulas_;
  std::vector<double> scale_;
};

}  // namespace osteosome::simulate
