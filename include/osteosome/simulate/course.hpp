// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "osteosome/core/time.hpp"
#include "osteosome/protocol/regimen.hpp"
#include "osteosome/simulate/dosing.hpp"
#include "osteosome/simulate/patient.hpp"

namespace osteosome::simulate {

/// A plan without doses: the patient's parameters, no initial value replaced.
[[nodiscard]] solve::SubjectPlan bare_plan(const CompiledModel& model, const PatientStart& start);

/// Adds the patient's switches, the doses and the times of looking (after the start of treatment, ascending) to `plan`.
void add_course(const CompiledModel& model, const core::UnitSystem& units, const PatientStart& start, const std::vector<protocol::DoseRecord>& doses,
                double weight_kg, const std::vector<core::Time>& looks, solve::SubjectPlan& plan);

}  // namespace osteosome::simulate
