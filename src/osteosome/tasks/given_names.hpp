// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>

#include "osteosome/tasks/simulation.hpp"

namespace osteosome::tasks {

/// Collects what is given twice, by whatever names, and what a model does not take from a population. A parameter that the model has for something of
/// the patient (its menopause, turnover, weight, the scale of a site) is that of the patient.
class GivenNames {
 public:
  GivenNames(const simulate::CompiledModel& model, core::Diagnostics& problems);
  /// Options and settings.
  void add(const SimulationRequest& request);
  /// Quantities and columns, also of bounds. Adds scenario-006, scenario-028, simulate-012, value-00n to the problems.
  void add(const cohort::Population& population);

 private:
  void once(const std::string& name, const core::Location& where);
  void of_population(const std::string& name, const core::Location& where);
  [[nodiscard]] bool takes(const std::string& of_patient) const;

  const simulate::CompiledModel& model_;
  core::Diagnostics& problems_;
  std::map<std::string, std::string> of_patient_;  ///< parameter -> "patient.age" and so on
  std::map<std::string, std::string> given_;  ///< what it is -> the name that it was given by
};

}  // namespace osteosome::tasks
