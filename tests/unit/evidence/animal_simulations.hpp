// SPDX-License-Identifier: Apache-2.0
// The shipped model as an animal or a dish, with the products a test names, and groups that follow a regimen.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "documents.hpp"
#include "osteosome/protocol/regimen.hpp"
#include "osteosome/simulate/course.hpp"
#include "osteosome/simulate/patient.hpp"
#include "prepared_patients.hpp"

namespace osteosome::support {

inline constexpr double kWeek = 7, kMinute = 1.0 / 1440, kHour = 1.0 / 24;  // days

inline const protocol::DrugCatalogue& shipped_drugs() {
  static const auto catalogue = protocol::load_catalogue(library().root);
  return catalogue;
}

/// The document with its overlays as users get it, for a species ("" for none), with these products.
inline const simulate::CompiledModel& model_of(const std::string& document, const std::string& species, const std::vector<std::string>& products) {
  static std::map<std::string, std::unique_ptr<simulate::CompiledModel>> models;
  std::string key = document + " " + species;
  for (const auto& p : products) key += " " + p;
  auto& known = models[key];
  if (!known) {
    auto loaded = model::load_model(library().find_model(document), library(), units(), model::LoadOptions{species, products, {}});
    known = std::make_unique<simulate::CompiledModel>(std::move(loaded), simulate::SolverSettings{});
  }
  return *known;
}

/// One group: who it is, what it gets, and constants that differ from the shipped ones.
struct AnimalGroup {
  simulate::Patient animal;
  std::string regimen = "none";
  std::map<std::string, double> set{};
};

/// Values of one group over days after the start of treatment.
struct GroupCourse {
  std::vector<double> days;
  std::map<std::string, std::vector<double>> values;

  [[nodiscard]] double at(const std::string& name, double day) const {
    const auto found = std::find_if(days.begin(), days.end(), [&](double d) { return std::abs(d - day) < 1e-9; });
    if (found == days.end()) throw std::out_of_range("no output at day " + std::to_string(day));
    return values.at(name).at(static_cast<std::size_t>(found - days.begin()));
  }
};

/// Runs the groups; every one must arrive at the end. `names`: outputs, species or rules of the model.
inline std::vector<GroupCourse> follow(const simulate::CompiledModel& model, const std::vector<AnimalGroup>& groups, const std::vector<double>& days,
                                       const std::vector<std::string>& names) {
  std::vector<simulate::Patient> animals;
  std::vector<std::vector<double>> parameters;
  for (const AnimalGroup& g : groups) {
    animals.push_back(g.animal);
    parameters.push_back(model.program().parameter_values);
    for (const auto& [name, value] : g.set) parameters.back()[model.program().parameter_index(name).value()] = value;
  }
  const auto starts = prepare_patients(model, animals, parameters);
  std::vector<GroupCourse> out(groups.size());
  simulate::ObservableReader reader(model.program(), names);
  std::vector<core::Time> looks;
  for (const double day : days) looks.emplace_back(day, core::kSecondsPerDay);
  const auto horizon = protocol::horizon_after(looks.back());
  model.run(
      groups.size(),
      [&](std::size_t i) {
        const auto regimen = protocol::parse_regimen(groups[i].regimen, shipped_drugs(), units());
        const double mass = simulate::body_mass_kg(model, animals[i]);
        simulate::DoseTranslator(model, units()).check(regimen, mass);
        auto plan = simulate::bare_plan(model, starts[i]);
        simulate::add_course(model, units(), starts[i], {protocol::expand(regimen, horizon)}, mass, looks, simulate::AtDose::Pre, plan);
        return plan;
      },
      [&](std::size_t i, const solve::SubjectPlan& plan, solve::SubjectResult&& result) {
        EXPECT_EQ(result.status, solve::Status::Completed) << groups[i].regimen << ": " << result.message;
        const auto table = reader.read(plan, result);
        out[i].days = days;
        for (std::size_t k = 0; k < table.size(); ++k) out[i].values[names[k % names.size()]].push_back(table[k]);
      });
  return out;
}

/// Animal of this age at the start, as studies keep them: chow has calcium and vitamin D.
inline simulate::Patient intact(double weeks) {
  simulate::Patient animal;
  animal.age_days = kWeek * weeks;
  animal.supplement = false;
  return animal;
}
/// The same, gonads removed `weeks_ago` before the start of treatment.
inline simulate::Patient gonadectomised(double weeks, double weeks_ago) {
  simulate::Patient animal = intact(weeks);
  animal.days_since_gonadectomy = kWeek * weeks_ago;
  return animal;
}

inline double percent(double treated, double control) { return 100 * (treated / control - 1); }

}  // namespace osteosome::support
