// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "osteosome/cohort/workspace.hpp"

namespace osteosome::tasks {

/// As the parameter `time_unit`: times are plain numbers in the model's own unit.
inline constexpr const char* kModelUnit = "model";

/// One model, and doses as regimen text or as an event table. Texts are those of the command line (docs/reference/command-line.md).
struct SimulationRequest {
  std::string model, species;
  std::vector<std::string> doses;  ///< regimen texts
  std::string data;                ///< event table (CSV or TSV), or ""
  std::vector<std::string> set;    ///< NAME=VALUE; VALUE may carry a unit
  std::string until, every;        ///< "60 months"
  std::string times;               ///< CSV file with output times
  std::string time_unit;           ///< of the table or the times
  std::string observe;             ///< comma-separated quantities; "": all species and outputs
  simulate::AtDose at_dose = simulate::AtDose::Pre;
  std::string weight;  ///< body weight, "60 kg"
  std::string age;          ///< when the simulation starts, "65 years", or "13 weeks" of an animal; "": as the model starts
  std::string menopause;    ///< age at it, "50 years"
  std::string ovariectomy;  ///< how long before the start of the simulation, "2 years"
  std::vector<std::string> t_scores;  ///< SITE=X, at the start of the simulation
  simulate::SolverSettings solver;
};

/// A quantity that was looked at.
struct Quantity {
  std::string name, unit, label;
};

/// Values by row, with what identifies each row before them.
struct Simulation {
  std::vector<std::string>
      key_columns;        ///< "time [month]", in the unit that was asked for; of a table ID, TIME and the columns that were carried along
  std::vector<std::vector<std::string>> keys;  ///< by row
  std::string time_unit;  ///< of the first key, or of TIME
  std::vector<Quantity> quantities;
  std::vector<double> values;         ///< [row x quantity]; what is not known is NaN
  std::vector<std::string> warnings;  ///< what may not be meant
  std::vector<std::string> notes;     ///< what is worth knowing
  std::vector<std::string> failures;  ///< subjects that did not complete, with status and reason
  bool cancelled = false;
};

/// @throws Error with every problem of the request, the model or the table.
[[nodiscard]] Simulation simulate(const cohort::Workspace& workspace, const SimulationRequest& request, const cohort::Job& job = {});

/// Values of subjects x times x quantities.
struct PopulationSimulation {
  cohort::Trajectories values{0, {}, {}};  ///< a subject that failed has its reason there
  std::vector<double> times;               ///< in `time_unit`, after the start
  std::string time_unit;
  std::vector<Quantity> quantities;
  std::vector<std::string> columns;        ///< what differs between the subjects: parameters, initial values, "patient.age" and so on
  std::vector<double> drawn;               ///< [subject x column], in the units of the model and of simulate::unit_of_quantity
  std::vector<std::string> warnings, notes;
  bool cancelled = false;
};

/// The same for the subjects of a population instead of one. `seed`, the number of a subject and the name are the key of its random values, as in a
/// scenario; quantities without a model are of this one.
/// @throws Error with every problem; Error(Input) value-001 for values outside the bounds of the model.
[[nodiscard]] PopulationSimulation simulate(const cohort::Workspace& workspace, const SimulationRequest& request, cohort::Population population,
                                            std::uint64_t seed, const cohort::Job& job = {});

/// Hands the lines of a CSV file to `write`, one after another; what is not finite is left empty. How many values that are.
[[nodiscard]] std::size_t write_csv(const Simulation& simulation, const std::function<void(const std::string&)>& write);
/// Unit and label of each column as JSON.
[[nodiscard]] std::string units_json(const Simulation& simulation);

}  // namespace osteosome::tasks
