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

/// Adds the patient's switches, the doses of all regimens and the times of looking (after the start of treatment, ascending) to `plan`.
void add_course(const CompiledModel& model, const core::UnitSystem& units, const PatientStart& start,
                const std::vector<std::vector<protocol::DoseRecord>>& regimens, double weight_kg, const std::vector<core::Time>& looks,
                AtDose at_dose, solve::SubjectPlan& plan);

/// Ids of the outputs that serve a regimen: those without `when`, unless one for a drug of the regimen replaces them.
[[nodiscard]] std::vector<std::string> outputs_for(const model::Model& model, const protocol::Regimen& regimen);

}  // namespace osteosome::simulate
