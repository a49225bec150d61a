// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "osteosome/simulate/patient.hpp"
#include "osteosome/tasks/simulation.hpp"

namespace osteosome::tasks {

/// The patient that the options of a request describe. @throws Error(Input) simulate-012 and "usage" with every problem of them.
[[nodiscard]] simulate::Patient patient_of(const SimulationRequest& o, const simulate::CompiledModel& model, const core::UnitSystem& units);
/// A line that says who it is, and how to say it otherwise; "" for a model of nobody in particular.
[[nodiscard]] std::string who_note(const SimulationRequest& o, const simulate::Patient& patient, const simulate::CompiledModel& model);

}  // namespace osteosome::tasks
