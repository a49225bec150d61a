// SPDX-License-Identifier: Apache-2.0
// The subjects of a population: one draw of every random quantity each.
#include <algorithm>
#include <cmath>
#include <set>

#include "osteosome/cohort/population.hpp"
#include "osteosome/model/value_check.hpp"

namespace osteosome::cohort {
namespace {

/// A parameter, or the initial value of a state, for these parameters.
double typical(const CompiledModel& model, const ValueTarget& target, const std::vector<double>& parameters) {
  if (!target.is_state) return parameters[target.index];
  compile::Interpreter initial(model.program().graph, {model.program().initial[target.index]});
  initial.prepare(parameters);
  double value = 0;
  initial.evaluate(0, {}, {}, {&value, 1});
  return value;
}

}  // namespace

PopulationSubjects::PopulationSubjects(const CompiledModel& model, const core::UnitSystem& units, const Population& population, std::uint64_t seed,
                                       Patient patient, std::shared_ptr<const Treatment> treatment, const std::string& model_name,
                                       std::size_t model_index, bool from_rest)
    : model_(model), population_(population), seed_(seed), patient_(std::move(patient)), treatment_(std::move(treatment)), from_rest_(from_rest) {
  for (const protocol::Regimen& regimen : treatment_ == nullptr ? std::vector<protocol::Regimen>{} : treatment_->regimens)
    simulate::DoseTranslator(model, units).check(regimen, simulate::body_mass_kg(model, patient_));
  const auto add = [&](const std::string& column, const core::Location& where) {
    targets_.push_back(value_target(model, model_name.empty() ? model.name() : model_name, column, where));
    columns_.push_back(column);
  };
  for (std::size_t k = 0; k < population.quantities.size(); ++k) {
    if (population.quantities[k].model == kOfThePatient) patient_drawn_.push_back(k);
    if (population.quantities[k].model != model_name) continue;
    add(population.quantities[k].name, population.quantities[k].where);
    drawn_.push_back(k);
  }
  for (std::size_t c = 0; c < population.table_columns.size(); ++c) {
    const std::string& column = population.table_columns[c];
    if (is_of_the_patient(column)) patient_tabled_.push_back(c);
    if (!model.program().parameter_index(column) && !model.program().state_index(column)) continue;
    add(column, {population.table, 1, 0});
    tabled_.push_back(c);
  }
  for (const CalibrationDraws& draws : population.calibrations) {
    if (draws.model != model_index) continue;
    for (const std::string& column : draws.columns) add(column, {draws.file, 1, 0});
    calibrated_.push_back(&draws);
  }
  center_on(model.program().parameter_values);
}

void PopulationSubjects::center(Baselines& baselines) {
  if (drawn_.empty()) return;
  Patient patient = patient_;
  if (from_rest_) patient.age_days.reset();
  std::vector<simulate::PatientStart> start = {simulate::begin_patient(model_, patient, model_.program().parameter_values)};
  baselines.meet(model_, {{seed_, 0, patient, {}, nullptr, nullptr}}, {}, {std::vector(model_.program().states.size(), std::nan(""))}, start,
                 simulate::RunIns::Three);
  center_on(start.front().parameters);
}

void PopulationSubjects::center_on(const std::vector<double>& parameters) {
  centers_.assign(population_.quantities.size(), 1.0);
  for (std::size_t k = 0; k < drawn_.size(); ++k) centers_[drawn_[k]] = typical(model_, targets_[k], parameters);
}

Subject PopulationSubjects::at(std::size_t index) const {
  const auto random = drawn(index);
  return {seed_, index, patient(index, random).first, values(index, random), treatment_, nullptr};
}

void PopulationSubjects::check_values(core::Diagnostics& problems) const {
  std::set<std::string> said;
  const auto say = [&](std::size_t subject, const std::string& name, core::Diagnostic problem) {
    if (!said.insert(name).second) return;
    problem.message = "subject " + std::to_string(subject + 1) + ": " + problem.message;
    problem.hint += problem.hint.empty() ? "Give the distribution 'low' and 'high'." : " Give the distribution 'low' and 'high'.";
    problems.add(problem);
  };
  for (std::size_t subject = 0; subject < size(); ++subject) {
    const auto random = drawn(subject);
    const std::vector<double> own = values(subject, random);
    const auto look = [&](std::size_t at, const core::Location& where) {
      if (const auto problem = model::problem_of_value(model_.model(), columns_[at], own[at], where)) say(subject, columns_[at], *problem);
    };
    for (std::size_t k = 0; k < drawn_.size(); ++k) look(k, population_.quantities[drawn_[k]].where);
    for (std::size_t k = 0; k < tabled_.size(); ++k) {  // parameters were checked as they were read
      if (targets_[drawn_.size() + k].is_state) look(drawn_.size() + k, {population_.table, static_cast<int>(subject) + 2, 0});
    }
    const auto who = patient(subject, random);
    for (const core::Diagnostic& problem : who.second.all()) say(subject, problem.message.substr(0, problem.message.find(' ')), problem);
  }
}

std::vector<double> PopulationSubjects::drawn(std::size_t subject) const {
  if (drawn_.empty() && patient_drawn_.empty()) return {};
  return draw(population_, seed_, subject, [&](std::size_t k) { return centers_[k]; });
}

std::pair<Patient, core::Diagnostics> PopulationSubjects::patient(std::size_t subject, const std::vector<double>& drawn) const {
  std::pair<Patient, core::Diagnostics> own{patient_, {}};
  const auto set = [&](const std::string& name, double value, const core::Location& where) {
    const std::string problem = simulate::set_quantity(own.first, name, value);
    if (!problem.empty()) own.second.add({"scenario-006", "'" + name + "' = " + problem, where, ""});
  };
  for (const std::size_t k : patient_drawn_) set(population_.quantities[k].name, drawn[k], population_.quantities[k].where);
  for (const std::size_t c : patient_tabled_) {
    set(population_.table_columns[c].substr(std::string(kOfThePatient).size() + 1), population_.table_rows[subject][c],
        {population_.table, static_cast<int>(subject) + 2, 0});
  }
  const bool varies = !patient_drawn_.empty() || !patient_tabled_.empty();
  if (varies && !own.first.age_days && (!own.first.t_scores.empty() || own.first.years_since_menopause))
    own.second.add({"scenario-006", "T-scores and years since menopause need 'age'", {}, ""});
  if (from_rest_) own.first.age_days.reset();
  if (!varies) return own;
  try {
    (void)simulate::begin_patient(model_, own.first, model_.program().parameter_values);
  } catch (const core::Error& error) {
    own.second.add(error);
  }
  return own;
}

std::vector<double> PopulationSubjects::values(std::size_t subject, const std::vector<double>& drawn) const {
  std::vector<double> own;
  for (const std::size_t k : drawn_) own.push_back(drawn[k]);
  for (const std::size_t c : tabled_) own.push_back(population_.table_rows[subject][c]);
  for (const CalibrationDraws* draws : calibrated_) {
    const auto& row = draws->rows[subject % draws->rows.size()];
    own.insert(own.end(), row.begin(), row.end());
  }
  return own;
}

bool is_of_the_patient(const std::string& column) {
  const std::string prefix = std::string(kOfThePatient) + ".";
  const auto& names = simulate::patient_quantities();
  if (!column.starts_with(prefix)) return false;
  const std::string name = column.substr(prefix.size());
  return !simulate::site_of_t_score(name).empty() || std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace osteosome::cohort
