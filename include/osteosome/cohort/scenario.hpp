// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "osteosome/cohort/population.hpp"
#include "osteosome/core/time.hpp"
#include "osteosome/protocol/regimen.hpp"
#include "osteosome/simulate/compiled_model.hpp"
#include "osteosome/simulate/dosing.hpp"
#include "osteosome/simulate/patient.hpp"

namespace osteosome::cohort {

using simulate::EngineChoice;
using simulate::SolverSettings;

/// A model of the scenario and what the scenario changes in it.
struct ScenarioModel {
  std::string name;      ///< key in [models]
  std::string document;  ///< as written
  std::string path;      ///< found document
  std::vector<std::pair<std::string, double>> set;  ///< parameters or initial values
  std::vector<std::string> overlays;  ///< documents whose values replace those of parameters
  std::string species;   ///< species overlay, or ""
  bool from_rest = false;  ///< start at the model's time 0 whatever the patient's age
  core::Location where;
};

/// A treatment arm.
struct ScenarioArm {
  std::string name;
  std::string label;
  protocol::Regimen regimen;
  protocol::Adherence adherence;
  Patient patient;  ///< the scenario's, with what the arm says otherwise
  std::vector<std::string> evidence;  ///< arm ids of studies to lay over
  core::Location where;
};

/// A table of the user's own data to lay over the scenario (evidence/own_data.hpp).
struct OwnTable {
  std::string path;
  std::string arm = {};  ///< the only arm it is laid over, or "": those it names
};

/// What the next study should be able to show ([power] of a scenario).
struct PowerPlan {
  std::string control;                 ///< arm that the others are compared with
  std::vector<std::string> endpoints;  ///< evidence codes
  std::vector<double> days;            ///< after the start of treatment
  double wished = 0.8;
  std::size_t most = 60;               ///< animals a group that are tried at most
  std::map<std::string, double> cv;    ///< by endpoint: the spread between animals, in place of that of the evidence
  core::Location where;
};

/// A scenario file, checked (docs/reference/scenario.md).
struct Scenario {
  std::string file, text;
  std::string title, question;
  core::Time until, every;
  core::TimeUnit time_unit = {"month", core::kSecondsPerMonth};  ///< of `until`, as written: tables of the run count in it
  std::uint64_t seed = 1;
  Patient patient;
  std::vector<ScenarioModel> models;
  std::vector<ScenarioArm> arms;
  Population population;
  EngineChoice engine = EngineChoice::Auto;
  double relative_tolerance = 1e-6, absolute_scale = 1;
  std::vector<core::Time> extra_times;  ///< further times of looking, e.g. the visits of a trial that is laid over
  std::vector<std::string> outcomes;  ///< evidence codes to show, in order; empty: all the models have
  bool absolute = false;              ///< the report shows values in their units, not percent change
  std::vector<std::pair<std::string, double>> responders = {};  ///< outcome, and the change in percent that makes a responder
  std::string control;                ///< arm that animal studies laid over compare with, or ""
  std::vector<OwnTable> own_tables = {};
  std::optional<PowerPlan> power;
  /// Model and arm that are not simulated, as the model has not the drug and another has (check_arms).
  std::vector<std::pair<std::size_t, std::size_t>> left_out = {};
  [[nodiscard]] bool leaves_out(std::size_t model, std::size_t arm) const;
  [[nodiscard]] double until_days() const { return until.in(core::kSecondsPerDay); }
  [[nodiscard]] double every_days() const { return every.in(core::kSecondsPerDay); }
};

/// @throws Error with every problem of the file.
[[nodiscard]] Scenario load_scenario(const std::string& path, const model::Library& library, const core::UnitSystem& units);
/// The same from text; `path` names it in messages and is where its subject table is looked up.
[[nodiscard]] Scenario read_scenario(const std::string& text, const std::string& path, const model::Library& library, const core::UnitSystem& units);

/// Values of one arm of one model.
struct ArmResult {
  std::size_t model = 0, arm = 0;
  std::vector<std::string> outputs;                      ///< output ids of the model that apply to the arm
  std::vector<std::vector<double>> values;               ///< [subject][time x output]; empty for a subject not run
  std::vector<solve::Status> status;                     ///< [subject]
  std::vector<std::string> message;                      ///< [subject]
  std::vector<double> time_reached_days;                 ///< [subject], after the start of treatment
  std::vector<solve::Statistics> statistics;             ///< [subject]
  std::vector<std::string> columns = {};                 ///< what differs between the subjects: parameters and initial values
  std::vector<std::vector<double>> drawn = {};           ///< [subject][column], in the units of the model
  std::vector<Patient> patients = {};                    ///< [subject]
  std::vector<std::size_t> doses = {};                   ///< [subject], given up to the last look
  [[nodiscard]] solve::Statistics total() const;         ///< summed over subjects
};

/// Values of every arm of every model.
struct ScenarioResult {
  std::vector<double> days;  ///< output times after the start of treatment
  std::vector<ArmResult> arms;
  std::vector<std::string> engines;  ///< one a model
  bool cancelled = false;
  [[nodiscard]] std::size_t failed() const;
  [[nodiscard]] std::size_t total() const;
};

/// A model of the scenario with the drugs of its arms. @throws Error with every problem of its documents.
[[nodiscard]] model::Model load_model(const Scenario& scenario, const ScenarioModel& model, const model::Library& library,
                                      const core::UnitSystem& units);

/// Loads and compiles the scenario's models, applies `set`. Index = index of the scenario's model.
[[nodiscard]] std::vector<CompiledModel> compile_models(const Scenario& scenario, const SolverSettings& settings, const model::Library& library,
                                                        const core::UnitSystem& units);

/// With `population.uncertain_constants`: adds the draws of the models' calibrations, and a random quantity for every other constant with a
/// prior; what the scenario gives by `set`, a distribution or the table stays as given. Then resolves the correlations.
/// @throws Error(Input) for correlations that cannot be, and for `priors` where a calibration would be thrown away.
void add_uncertain_constants(Scenario& scenario, const std::vector<CompiledModel>& models);
/// How the uncertain constants count in this scenario, in a sentence or two.
[[nodiscard]] std::string uncertainty_text(const Scenario& scenario, const std::vector<CompiledModel>& models);
/// What of the population has no effect or not the one that may be meant; not an error.
[[nodiscard]] std::vector<core::Diagnostic> population_remarks(const Scenario& scenario, const std::vector<CompiledModel>& models);
/// Values of the subject table and of `set` that contradict each other or the bounds of the models, and columns that nothing has.
void check_table(const Scenario& scenario, const std::vector<CompiledModel>& models, const model::Library& library, const core::UnitSystem& units,
                 core::Diagnostics& problems);

/// Checks that the models have the drugs and random quantities the arms need. An arm whose drug some of the models have is left out of the others
/// (Scenario::left_out); everything else adds to `problems`.
void check_arms(Scenario& scenario, const std::vector<CompiledModel>& models, const core::UnitSystem& units, core::Diagnostics& problems);

/// The plan of one arm of one model without the population's variation: what the typical subject of the scenario gets.
[[nodiscard]] solve::SubjectPlan typical_plan(const Scenario& scenario, const std::vector<CompiledModel>& models, std::size_t model, std::size_t arm,
                                              const core::UnitSystem& units);

/// When a scenario is looked at, after the start of treatment: every `every`, at `until` and at the extra times; ascending, each once.
[[nodiscard]] std::vector<core::Time> times_of_looking(const Scenario& scenario);

/// Called with (done, total) after each finished block; may be empty.
using Progress = std::function<void(std::size_t done, std::size_t total)>;
/// Called when subjects [first, last) of an arm are complete, for writing parts; may be empty.
using BlockDone = std::function<void(const ArmResult& arm, std::size_t first, std::size_t last)>;
/// Fills the values of a block that was computed earlier and returns true; may be empty.
using BlockKnown = std::function<bool(ArmResult& arm, std::size_t first, std::size_t last)>;

/// What a caller of run_scenario is told, and how many subjects make a block.
struct RunHooks {
  Progress progress;
  BlockDone block_done;
  BlockKnown block_known;
  std::size_t block = 256;
};

[[nodiscard]] ScenarioResult run_scenario(const Scenario& scenario, const std::vector<CompiledModel>& models, const core::UnitSystem& units,
                                          const RunHooks& hooks, const std::stop_token& stop);

}  // namespace osteosome::cohort
