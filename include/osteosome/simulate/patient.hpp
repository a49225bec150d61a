// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "osteosome/simulate/compiled_model.hpp"

namespace osteosome::simulate {

/// What is known of a woman, an animal or the mean of a trial arm when treatment starts.
struct Patient {
  std::optional<double> age_days = {};
  double weight_kg = 0;  ///< 0: not known
  std::optional<double> years_since_menopause = {};  ///< negative before it
  bool surgical = false;
  std::optional<double> turnover = {};  ///< relative to the typical woman of her age
  std::optional<double> days_since_gonadectomy = {};  ///< ovaries or testes removed so long before the start of treatment
  std::optional<std::pair<double, double>> unloading_days = {};  ///< limbs unloaded from when to when, after the start of treatment
  bool supplement = true;          ///< calcium and vitamin D from the start of treatment on
  std::vector<std::pair<std::string, double>> t_scores = {};  ///< site, T-score at the start of treatment
  bool operator==(const Patient&) const = default;
};

/// What may differ between the patients of a population: age [years], weight [kg], years_since_menopause, turnover; besides the T-score of a site,
/// t_th.
[[nodiscard]] const std::vector<std::string>& patient_quantities();
/// The site of a T-score, TH of t_th; "" for other names.
[[nodiscard]] std::string site_of_t_score(const std::string& name);
/// Sets one of these. Returns what is wrong with the value, or "". @pre `name` is one of them
[[nodiscard]] std::string set_quantity(Patient& patient, const std::string& name, double value);
/// What set_quantity sets, in the same unit; NaN for what is not known. @pre as set_quantity
[[nodiscard]] double quantity_of(const Patient& patient, const std::string& name);
/// Unit of these: year, kg or 1.
[[nodiscard]] std::string unit_of_quantity(const std::string& name);

/// A patient in the terms of one model.
struct PatientStart {
  std::vector<double> parameters;  ///< all parameters of the model
  double time = 0;                 ///< model time at which treatment starts; the model runs untreated up to it
  std::vector<solve::Stop> switches;  ///< parameters that change on the way, e.g. calcium and vitamin D at the start of treatment
};

/// Body mass of the patient: as given, else the model's own, else 0 (not known).
[[nodiscard]] double body_mass_kg(const CompiledModel& model, const Patient& patient);

/// Model time at which the patient's treatment starts: 0 without an age, or if the model has no age.
/// @throws Error(Input) scenario-014 if the model starts at a later age.
[[nodiscard]] double start_time(const CompiledModel& model, const Patient& patient);

/// The patient in the model's terms, with `parameters` besides; what a model does not take is left out. Her densities are not met yet.
/// @throws Error(Input) as start_time, and value-001 for a weight or turnover outside the bounds of the model.
[[nodiscard]] PatientStart begin_patient(const CompiledModel& model, const Patient& patient, std::vector<double> parameters);

/// Untreated runs by which the densities of a patient are met: three (two give the slope of each T-score by the scale of its site, the third corrects
/// the first step), or two, for populations (the first step goes along the line to the T-score without bone, the second along that through both
/// runs).
enum class RunIns { Two, Three };
/// T-score of each site without bone, extrapolated from the model's own patient at the start of the model: the same for everybody, as a T-score is a
/// density less a number, in units of another. After a stop empty. @pre the model has densities
[[nodiscard]] std::vector<double> scores_without_bone(const CompiledModel& model, const std::stop_token& stop = {});
/// Moves the scales of `starts` to the T-scores of `patients`, by two runs each where `without_bone` is known, else by three; scales are kept within
/// [0.3, 2]. `initial` are initial states, NaN for the model's own. A patient whose run-in fails has NaN parameters. @pre the model has densities
void meet_densities(const CompiledModel& model, const std::vector<Patient>& patients, const std::vector<std::vector<double>>& initial,
                    std::vector<PatientStart>& starts, const std::vector<double>* without_bone = nullptr, const std::stop_token& stop = {});

}  // namespace osteosome::simulate
