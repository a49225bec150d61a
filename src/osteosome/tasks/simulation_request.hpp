// SPDX-License-Identifier: Apache-2.0
// What a SimulationRequest asks for, in the terms of its model.
#pragma once

#include <string>
#include <vector>

#include "osteosome/tasks/simulation.hpp"

namespace osteosome::tasks {

/// Times of looking, and the unit that they were asked for in; the model's own has its text for a name, maybe none.
struct Looks {
  std::vector<core::Time> times;
  core::TimeUnit unit;
};

/// --set NAME=VALUE: a parameter or the initial value of a species; VALUE may carry a unit.
void apply_set(model::Model& model, const std::vector<std::string>& settings, const core::UnitSystem& units);
/// Every drug the regimens or the table name.
[[nodiscard]] std::vector<std::string> drugs_of(const SimulationRequest& request, const protocol::DrugCatalogue& catalogue,
                                                const core::UnitSystem& units);
/// What contradicts itself among --until, --every, --times and --time-unit. @throws Error(Input) usage.
void check_words(const SimulationRequest& request, const core::UnitSystem& units);
/// As --times, or --until and --every say.
[[nodiscard]] Looks times_of_looking(const SimulationRequest& request, const simulate::CompiledModel& model, const core::UnitSystem& units,
                                     std::vector<std::string>& warnings);
/// Time [of the model] that no simulated person reaches is said.
void remark_length(const simulate::CompiledModel& model, double until, std::vector<std::string>& warnings);
/// Observables in the order asked for, or all states and outputs.
[[nodiscard]] std::vector<std::string> chosen(const SimulationRequest& request, const model::Model& model);
/// @throws Error(Input) for unknown names, with near matches.
[[nodiscard]] std::vector<Quantity> quantities_of(const compile::Program& program, const std::vector<std::string>& names);

}  // namespace osteosome::tasks
