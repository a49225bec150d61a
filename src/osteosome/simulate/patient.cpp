// SPDX-License-Identifier: Apache-2.0
#include "osteosome/simulate/patient.hpp"

#include <algorithm>
#include <cmath>

#include "osteosome/core/text.hpp"
#include "osteosome/core/time.hpp"
#include "osteosome/model/value_check.hpp"

namespace osteosome::simulate {
namespace {

constexpr double kSecondScale = 0.8;  // of the two run-ins: near the densities of osteoporosis
constexpr double kLeastMove = 0.01;   // of a scale whose two run-ins give its slope
constexpr double kLeastScale = 0.3, kGreatestScale = 2;
constexpr double kDaysPerYear = 12 * core::kDaysPerMonth;
constexpr double kOldestYears = 130, kLightestKg = 1e-3, kHeaviestKg = 700, kGreatestTScore = 5;

double days_per_unit(const CompiledModel& model) { return model.program().seconds_per_time_unit / 86400; }

/// Index of parameter `name` and the number that turns its unit into days.
struct TimeParameter {
  std::uint32_t index;
  double days;
};
std::optional<TimeParameter> time_parameter(const CompiledModel& model, const std::string& name) {
  if (name.empty()) return std::nullopt;
  return TimeParameter{*model.program().parameter_index(name), model.model().find_parameter(name)->unit.unit.scale() / 86400};
}

/// T-scores at the start of treatment, untreated, with scales times `factor`.
std::vector<std::vector<double>> run_in(const CompiledModel& model, const std::vector<PatientStart>& starts,
                                        const std::vector<std::vector<double>>& initial, const std::vector<std::string>& scores, double factor,
                                        const std::stop_token& stop) {
  std::vector<std::vector<double>> values(starts.size());
  ObservableReader reader(model.program(), scores);
  model.run(
      starts.size(),
      [&](std::size_t k) {
        solve::SubjectPlan plan;
        plan.parameters = starts[k].parameters;
        for (const auto& d : model.model().patient.densities) plan.parameters[*model.program().parameter_index(d.scale)] *= factor;
        plan.initial_overrides = initial[k];
        plan.outputs.push_back({starts[k].time, 0});
        return plan;
      },
      [&](std::size_t k, const solve::SubjectPlan& plan, solve::SubjectResult&& result) { values[k] = reader.read(plan, result); }, stop);
  return values;
}

std::vector<std::string> t_scores_of(const CompiledModel& model) {
  std::vector<std::string> scores;
  for (const auto& d : model.model().patient.densities) scores.push_back(d.t_score);
  return scores;
}

/// Moves each scale along a line of this slope from the T-score it gives to the reported one.
void move_scales(const CompiledModel& model, const Patient& patient, const std::vector<double>& value, const std::vector<double>& slope,
                 PatientStart& start) {
  const auto& densities = model.model().patient.densities;
  for (std::size_t k = 0; k < densities.size(); ++k) {
    const auto score = std::find_if(patient.t_scores.begin(), patient.t_scores.end(), [&](const auto& t) { return t.first == densities[k].site; });
    if (score == patient.t_scores.end()) continue;
    double& scale = start.parameters[*model.program().parameter_index(densities[k].scale)];
    scale = std::clamp(scale + (score->second - value[k]) / slope[k], kLeastScale, kGreatestScale);
  }
}

/// Change of each T-score with its scale, between what it is and what it is with `factor` times the scale.
std::vector<double> slopes_of(const std::vector<double>& scales, const std::vector<double>& scores, const std::vector<double>& others,
                              double factor) {
  std::vector<double> slopes;
  for (std::size_t k = 0; k < scores.size(); ++k) slopes.push_back((others[k] - scores[k]) / (scales[k] * (factor - 1)));
  return slopes;
}

std::vector<double> scales_of(const CompiledModel& model, const PatientStart& start) {
  std::vector<double> scales;
  for (const auto& d : model.model().patient.densities) scales.push_back(start.parameters[*model.program().parameter_index(d.scale)]);
  return scales;
}

}  // namespace

const std::vector<std::string>& patient_quantities() {
  static const std::vector<std::string> names = {"age", "weight", "years_since_menopause", "turnover"};
  return names;
}

std::string site_of_t_score(const std::string& name) {
  if (!name.starts_with("t_") || name.size() < 3) return "";
  std::string site = name.substr(2);
  for (char& c : site) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return site;
}

std::string set_quantity(Patient& patient, const std::string& name, double value) {
  const auto outside = [&](double low, double high) {
    return value >= low && value <= high
               ? ""
               : core::format_double(value) + " lies outside " + core::format_double(low) + " to " + core::format_double(high);
  };
  if (name == "age") {
    patient.age_days = value * kDaysPerYear;
    return outside(0, kOldestYears);
  }
  if (name == "weight") {
    patient.weight_kg = value;
    return outside(kLightestKg, kHeaviestKg);
  }
  if (name == "years_since_menopause") {
    patient.years_since_menopause = value;
    return outside(-100, 100);
  }
  if (name == "turnover") {
    patient.turnover = value;
    return outside(0.1, 10);
  }
  const std::string site = site_of_t_score(name);
  std::erase_if(patient.t_scores, [&](const auto& known) { return known.first == site; });
  patient.t_scores.emplace_back(site, value);
  return outside(-kGreatestTScore, kGreatestTScore);
}

double quantity_of(const Patient& patient, const std::string& name) {
  if (name == "age") return patient.age_days ? *patient.age_days / kDaysPerYear : std::nan("");
  if (name == "weight") return patient.weight_kg > 0 ? patient.weight_kg : std::nan("");
  if (name == "years_since_menopause") return patient.years_since_menopause.value_or(std::nan(""));
  if (name == "turnover") return patient.turnover.value_or(std::nan(""));
  const std::string site = site_of_t_score(name);
  const auto score = std::find_if(patient.t_scores.begin(), patient.t_scores.end(), [&](const auto& t) { return t.first == site; });
  return score == patient.t_scores.end() ? std::nan("") : score->second;
}

std::string unit_of_quantity(const std::string& name) {
  if (name == "weight") return "kg";
  return name == "age" || name == "years_since_menopause" ? "year" : "1";
}

double body_mass_kg(const CompiledModel& model, const Patient& patient) {
  const std::string& name = model.model().patient.body_mass;
  if (patient.weight_kg > 0 || name.empty()) return patient.weight_kg;
  return model.program().parameter_values[*model.program().parameter_index(name)] * model.model().find_parameter(name)->unit.unit.scale();
}

double start_time(const CompiledModel& model, const Patient& patient) {
  const auto age_at_zero = time_parameter(model, model.model().age_at_zero);
  if (!age_at_zero || !patient.age_days) return 0;
  const double age = model.program().parameter_values[age_at_zero->index] * age_at_zero->days;
  const double time = (*patient.age_days - age) / days_per_unit(model);
  if (patient.days_since_gonadectomy && *patient.days_since_gonadectomy > *patient.age_days) {
    throw core::Error(core::ErrorKind::Input, {"scenario-025",
                                               "the patient was operated before birth",
                                               {},
                                               "'age' and the time since the operation both count back from the start of treatment."});
  }
  if (time < 0) {
    throw core::Error(core::ErrorKind::Input,
                      {"scenario-014",
                       "model '" + model.name() + "' starts at age " + core::format_double(std::round(age / 365.25 * 1e3) / 1e3) +
                           " years, after the patient's age",
                       {},
                       ""});
  }
  return time;
}

PatientStart begin_patient(const CompiledModel& model, const Patient& patient, std::vector<double> parameters) {
  const auto& inputs = model.model().patient;
  PatientStart start{std::move(parameters), start_time(model, patient), {}};
  const auto set = [&](const std::string& name, double value) {
    if (name.empty()) return;
    if (const auto problem = model::problem_of_value(model.model(), name, value, {})) throw core::Error(core::ErrorKind::Input, *problem);
    start.parameters[*model.program().parameter_index(name)] = value;
  };
  if (patient.surgical) set(inputs.surgical, 1);
  if (patient.turnover) set(inputs.turnover, *patient.turnover);
  const auto menopause = time_parameter(model, inputs.age_at_menopause);
  if (menopause && patient.age_days && patient.years_since_menopause) {
    start.parameters[menopause->index] = (*patient.age_days - *patient.years_since_menopause * kDaysPerYear) / menopause->days;
  }
  const auto age_0 = time_parameter(model, model.model().age_at_zero);
  const double zero_days = age_0 ? model.program().parameter_values[age_0->index] * age_0->days : 0;
  const double age_days = patient.age_days.value_or(zero_days);
  if (menopause && patient.days_since_gonadectomy) {
    set(inputs.surgical, 1);
    start.parameters[menopause->index] = (age_days - *patient.days_since_gonadectomy) / menopause->days;
  }
  const auto switch_at = [&](const std::string& name, double time, double value) {
    if (!name.empty()) start.switches.push_back({time, solve::StopKind::SetParameter, *model.program().parameter_index(name), value});
  };
  if (patient.unloading_days) {
    const auto after = [&](double days) { return start.time + core::Time(days, core::kSecondsPerDay).in(model.program().seconds_per_time_unit); };
    switch_at(inputs.unloaded, after(patient.unloading_days->first), 1);
    switch_at(inputs.unloaded, after(patient.unloading_days->second), 0);
  }
  if (patient.weight_kg > 0 && !inputs.body_mass.empty()) {
    set(inputs.body_mass, patient.weight_kg / model.model().find_parameter(inputs.body_mass)->unit.unit.scale());
  }
  if (patient.supplement) switch_at(inputs.supplement, start.time, 1);
  return start;
}

std::vector<double> scores_without_bone(const CompiledModel& model, const std::stop_token& stop) {
  const auto scores = t_scores_of(model);
  const std::vector<PatientStart> typical = {begin_patient(model, {}, model.program().parameter_values)};
  const std::vector<std::vector<double>> initial(1, std::vector<double>(model.program().states.size(), std::nan("")));
  const auto first = run_in(model, typical, initial, scores, 1, stop), second = run_in(model, typical, initial, scores, kSecondScale, stop);
  if (stop.stop_requested()) return {};
  std::vector<double> values;
  for (std::size_t k = 0; k < first[0].size(); ++k) values.push_back((second[0][k] - kSecondScale * first[0][k]) / (1 - kSecondScale));
  return values;
}

void meet_densities(const CompiledModel& model, const std::vector<Patient>& patients, const std::vector<std::vector<double>>& initial,
                    std::vector<PatientStart>& starts, const std::vector<double>* without_bone, const std::stop_token& stop) {
  if (patients.empty()) return;
  const std::size_t n = starts.size();
  const auto scores = t_scores_of(model);
  const auto run = [&](double factor) { return run_in(model, starts, initial, scores, factor, stop); };
  std::vector<std::vector<double>> scales, slopes;
  for (const PatientStart& start : starts) scales.push_back(scales_of(model, start));
  const auto first = run(1);
  const auto other = without_bone == nullptr ? run(kSecondScale) : std::vector(n, *without_bone);
  const double factor = without_bone == nullptr ? kSecondScale : 0;
  if (stop.stop_requested()) return;
  for (std::size_t k = 0; k < n; ++k) {
    slopes.push_back(slopes_of(scales[k], first[k], other[k], factor));
    move_scales(model, patients[k], first[k], slopes[k], starts[k]);
  }
  const auto corrected = run(1);  // density is not quite linear in the scale
  if (stop.stop_requested()) return;
  for (std::size_t k = 0; k < n; ++k) {
    const auto moved = scales_of(model, starts[k]);
    for (std::size_t d = 0; d < moved.size() && without_bone != nullptr; ++d) {
      if (std::abs(moved[d] - scales[k][d]) > kLeastMove) slopes[k][d] = (corrected[k][d] - first[k][d]) / (moved[d] - scales[k][d]);
    }
    move_scales(model, patients[k], corrected[k], slopes[k], starts[k]);
  }
}

}  // namespace osteosome::simulate
