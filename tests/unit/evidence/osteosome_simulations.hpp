// SPDX-License-Identifier: Apache-2.0
// The shipped integrated model, and women on regimens: all of them over lanes at once.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "documents.hpp"
#include "osteosome/protocol/regimen.hpp"
#include "osteosome/simulate/dosing.hpp"
#include "osteosome/simulate/patient.hpp"
#include "prepared_patients.hpp"

namespace osteosome::support {

inline constexpr double kMonth = core::kDaysPerMonth, kYear = 12 * kMonth;  // days; the model's time is in days

inline const simulate::CompiledModel& compiled_model(const std::string& id) {
  static std::map<std::string, simulate::CompiledModel> models;
  const auto found = models.find(id);
  if (found != models.end()) return found->second;
  return models.try_emplace(id, model::load_model(library().find_model(id), library(), units()), simulate::SolverSettings{}).first->second;
}
/// The model users get: with its overlay.
inline const simulate::CompiledModel& integrated() { return compiled_model("osteosome"); }

inline const protocol::DrugCatalogue& drug_catalogue() {
  static const auto catalogue = protocol::load_catalogue(library().root);
  return catalogue;
}

inline double& parameter(std::vector<double>& values, const std::string& name) {
  return values.at(integrated().program().parameter_index(name).value());
}

/// Declared size of each state, else its initial value.
inline std::vector<double> typical_sizes(const std::vector<double>& parameters) {
  const auto& program = integrated().program();
  std::vector<expr::NodeId> roots;
  for (std::size_t i = 0; i < program.states.size(); ++i) roots.push_back(program.typical[i].value_or(program.initial[i]));
  compile::Interpreter interpreter(program.graph, roots);
  interpreter.prepare(parameters);
  std::vector<double> sizes(roots.size());
  interpreter.evaluate(0, {}, {}, sizes);
  return sizes;
}

inline std::vector<double> every(double step, double until, double from = 0) {
  std::vector<double> times;
  for (int k = 0; from + k * step <= until + 1e-9; ++k) times.push_back(from + k * step);
  return times;
}

/// Woman on `regimen`, looked at `months` after its start, on the day of a dose before it.
inline solve::SubjectPlan plan_of(const simulate::PatientStart& start, const std::string& regimen, const std::vector<double>& months) {
  solve::SubjectPlan plan;
  plan.parameters = start.parameters;
  plan.initial_overrides.assign(integrated().program().states.size(), std::nan(""));
  plan.stops = start.switches;
  const auto parsed = protocol::parse_regimen(regimen, drug_catalogue(), units());
  const auto last = static_cast<protocol::Microseconds>(months.back() * kMonth * protocol::kMicrosecondsPerDay);
  simulate::DoseTranslator translator(integrated(), units());
  translator.check(parsed, 0);
  translator.add_doses(protocol::expand(parsed, last + 1), start.time, 0, plan);
  std::vector<double> times;
  for (const double month : months) times.push_back(start.time + month * kMonth);
  simulate::DoseTranslator::add_outputs(times, simulate::AtDose::Pre, plan);
  return plan;
}

/// Values of one woman over months.
struct FollowUp {
  std::vector<double> months;
  std::map<std::string, std::vector<double>> values;

  [[nodiscard]] double at(const std::string& name, double month) const {
    const auto found = std::find_if(months.begin(), months.end(), [&](double m) { return std::abs(m - month) < 1e-6; });
    if (found == months.end()) throw std::out_of_range("no output at month " + std::to_string(month));
    return values.at(name).at(static_cast<std::size_t>(found - months.begin()));
  }
  /// Percent of the value at `from`.
  [[nodiscard]] double change(const std::string& name, double from, double to) const { return 100 * (at(name, to) / at(name, from) - 1); }
};

/// The same woman on each regimen. Every one must arrive at the end.
inline std::vector<FollowUp> follow(const simulate::Patient& woman, const std::vector<std::string>& regimens, const std::vector<double>& months,
                                    const std::vector<std::string>& names) {
  const auto start = prepare_patients(integrated(), {woman}, {integrated().program().parameter_values}).front();
  std::vector<FollowUp> out(regimens.size());
  simulate::ObservableReader reader(integrated().program(), names);
  integrated().run(
      regimens.size(), [&](std::size_t i) { return plan_of(start, regimens[i], months); },
      [&](std::size_t i, const solve::SubjectPlan& plan, solve::SubjectResult&& result) {
        EXPECT_EQ(result.status, solve::Status::Completed) << regimens[i] << ": " << result.message;
        const auto table = reader.read(plan, result);
        out[i].months = months;
        for (std::size_t k = 0; k < table.size(); ++k) out[i].values[names[k % names.size()]].push_back(table[k]);
      });
  return out;
}

/// Woman of 68 with osteoporosis, on calcium and vitamin D.
inline simulate::Patient osteoporotic_woman() {
  simulate::Patient woman;
  woman.age_days = 68 * kYear;
  woman.t_scores = {{"LS", -2.7}, {"TH", -1.9}, {"FN", -2.2}};
  return woman;
}

}  // namespace osteosome::support
