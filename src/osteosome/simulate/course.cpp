// SPDX-License-Identifier: Apache-2.0
#include "osteosome/simulate/course.hpp"

#include <algorithm>
#include <cmath>

namespace osteosome::simulate {

solve::SubjectPlan bare_plan(const CompiledModel& model, const PatientStart& start) {
  solve::SubjectPlan plan;
  plan.parameters = start.parameters;
  plan.initial_overrides.assign(model.program().states.size(), std::nan(""));
  return plan;
}

void add_course(const CompiledModel& model, const core::UnitSystem& units, const PatientStart& start,
                const std::vector<std::vector<protocol::DoseRecord>>& regimens, double weight_kg, const std::vector<core::Time>& looks,
                AtDose at_dose, solve::SubjectPlan& plan) {
  plan.stops = start.switches;
  DoseTranslator translator(model, units);
  core::sort_by_time(plan.stops);
  for (const auto& doses : regimens) translator.add_doses(doses, start.time, weight_kg, plan);
  std::vector<double> times;
  for (const core::Time& look : looks) times.push_back(start.time + look.in(model.program().seconds_per_time_unit));
  DoseTranslator::add_outputs(times, at_dose, plan);
}

std::vector<std::string> outputs_for(const model::Model& model, const protocol::Regimen& regimen) {
  std::vector<std::string> names;
  for (const auto& o : model.outputs) {
    if (!o.when.empty() && !regimen.contains(o.when)) continue;
    const bool replaced =
        o.when.empty() && !o.observable.empty() && std::any_of(model.outputs.begin(), model.outputs.end(), [&](const model::Output& other) {
          return other.observable == o.observable && !other.when.empty() && regimen.contains(other.when);
        });
    if (!replaced) names.push_back(o.id);
  }
  return names;
}

}  // namespace osteosome::simulate
