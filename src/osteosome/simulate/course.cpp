// SPDX-License-Identifier: Apache-2.0
#include "osteosome/simulate/course.hpp"

#include <cmath>

namespace osteosome::simulate {

solve::SubjectPlan bare_plan(const CompiledModel& model, const PatientStart& start) {
  solve::SubjectPlan plan;
  plan.parameters = start.parameters;
  plan.initial_overrides.assign(model.program().states.size(), std::nan(""));
  return plan;
}

void add_course(const CompiledModel& model, const core::UnitSystem& units, const PatientStart& start, const std::vector<protocol::DoseRecord>& doses,
                double weight_kg, const std::vector<core::Time>& looks, solve::SubjectPlan& plan) {
  plan.stops = start.switches;
  DoseTranslator(model, units).add_doses(doses, start.time, weight_kg, plan);
  std::vector<double> times;
  for (const core::Time& look : looks) times.push_back(start.time + look.in(model.program().seconds_per_time_unit));
  DoseTranslator::add_outputs(times, AtDose::Pre, plan);
}

}  // namespace osteosome::simulate
