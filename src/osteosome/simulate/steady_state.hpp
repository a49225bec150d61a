// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "influence.hpp"
#include "osteosome/simulate/dosing.hpp"
#include "osteosome/solve/plan.hpp"

namespace osteosome::simulate {

/// Where an endless train has brought the states.
struct SteadyState {
  std::vector<double> states;         ///< NaN: one that does not come to rest and keeps the value it has
  std::vector<std::string> drifting;  ///< names of those that go on changing
};

/// Finds steady states of one model. One object a thread.
class SteadyStates {
 public:
  explicit SteadyStates(const CompiledModel& model) : model_(model.model()), program_(model.program()), influence_(program_) {}

  /// The states at model time `now` that doses repeated since ever have brought about, the clock of the model included; the last of them was `since`
  /// earlier (0: it has just entered). `overrides` are initial values as in a plan.
  /// @throws Error(Numerics) steady-001 if the dosed drug comes to no rest, steady-002 if the train cannot be integrated; Error(Unsupported)
  /// steady-003 for a model with delays; Error(Dosing) steady-004 if the model leaves the dosed species out.
  [[nodiscard]] SteadyState find(const std::vector<double>& parameters, const std::vector<double>& overrides, const DoseTrain& train, double now,
                                 double since) const;

 private:
  [[nodiscard]] std::vector<char> left_out(const DoseTrain& train, bool dosed) const;
  [[nodiscard]] std::vector<std::string> drifting(const std::vector<double>& parameters, const DoseTrain& train, double end,
                                                  const std::vector<double>& states, const std::vector<char>& still) const;

  const model::Model& model_;
  const compile::Program& program_;
  Influence influence_;
};

}  // namespace osteosome::simulate
