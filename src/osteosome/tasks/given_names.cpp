// SPDX-License-Identifier: Apache-2.0
// What of a simulation is given twice, and what of a population a model does not take.
#include "given_names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "osteosome/core/text.hpp"
#include "osteosome/model/value_check.hpp"

namespace osteosome::tasks {
namespace {
const std::string kPatient = std::string(cohort::kOfThePatient) + ".";
}  // namespace

GivenNames::GivenNames(const simulate::CompiledModel& model, core::Diagnostics& problems) : model_(model), problems_(problems) {
  const model::PatientInputs& patient = model.model().patient;
  of_patient_ = {{patient.turnover, kPatient + "turnover"},
                 {patient.age_at_menopause, kPatient + "years_since_menopause"},
                 {patient.body_mass, kPatient + "weight"}};
  for (const auto& density : patient.densities) of_patient_.emplace(density.scale, kPatient + "t_" + core::to_lower(density.site));
  of_patient_.erase("");
}

void GivenNames::once(const std::string& name, const core::Location& where) {
  const auto known = of_patient_.find(name);
  const auto [first, added] = given_.emplace(known == of_patient_.end() ? name : known->second, name);
  if (added) return;
  const std::string also = first->second == name ? "" : ": '" + first->second + "' says it, too";
  problems_.add({"scenario-028", "'" + name + "' is given twice" + also, where, "Leave one of them out."});
}

void GivenNames::add(const SimulationRequest& request) {
  std::set<std::string> settings;  // the last of one name holds
  for (const std::string& setting : request.set) settings.insert(setting.substr(0, setting.find('=')));
  for (const std::string& name : settings) once(name, {});
  if (!request.age.empty()) once(kPatient + "age", {});
  if (!request.weight.empty()) once(kPatient + "weight", {});
  if (!request.menopause.empty()) once(kPatient + "years_since_menopause", {});
  for (const std::string& score : request.t_scores) once(kPatient + "t_" + core::to_lower(core::trim(score.substr(0, score.find('=')))), {});
}

void GivenNames::add(const cohort::Population& population) {
  for (const auto& q : population.quantities) of_population(q.model == cohort::kOfThePatient ? kPatient + q.name : q.name, q.where);
  for (std::size_t c = 0; c < population.table_columns.size(); ++c) {
    const std::string& column = population.table_columns[c];
    of_population(column, {population.table, 1, 0});
    for (std::size_t s = 0; s < population.table_rows.size(); ++s) {
      const core::Location row{population.table, static_cast<int>(s) + 2, 0};
      const auto problem = model::problem_of_value(model_.model(), column, population.table_rows[s][c], row);
      if (problem) problems_.add(*problem);
      if (problem) break;
    }
  }
}

void GivenNames::of_population(const std::string& name, const core::Location& where) {
  once(name, where);
  if (!name.starts_with(kPatient)) {
    try {
      (void)cohort::value_target(model_, model_.name(), name, where);
    } catch (const core::Error& error) {
      problems_.add(error);
    }
  } else if (!cohort::is_of_the_patient(name)) {
    problems_.add({"scenario-006", "'" + name + "' is nothing that is known of a patient", where,
                   fmt::format("One of {}, or t_ and a site.", fmt::join(simulate::patient_quantities(), ", "))});
  } else if (!takes(name.substr(kPatient.size()))) {
    problems_.add({"simulate-012", "model '" + model_.name() + "' takes no '" + name + "'", where, ""});
  }
}

bool GivenNames::takes(const std::string& of_patient) const {
  const auto& patient = model_.model().patient;
  if (const std::string site = core::to_lower(simulate::site_of_t_score(of_patient)); !site.empty()) {
    return std::any_of(patient.densities.begin(), patient.densities.end(), [&](const auto& d) { return core::to_lower(d.site) == site; });
  }
  if (of_patient == "age") return !model_.model().age_at_zero.empty();
  if (of_patient == "turnover") return !patient.turnover.empty();
  if (of_patient == "years_since_menopause") return !patient.age_at_menopause.empty();
  return true;
}

}  // namespace osteosome::tasks
