// SPDX-License-Identifier: Apache-2.0
// One model, doses as regimen text or event table, values as a table.
#include "osteosome/tasks/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "dosable_drugs.hpp"
#include "given_names.hpp"
#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/model/value_check.hpp"
#include "osteosome/simulate/dosing.hpp"
#include "osteosome/simulate/drug_rows.hpp"
#include "osteosome/simulate/patient.hpp"
#include "simulated_patient.hpp"
#include "simulation_request.hpp"

namespace osteosome::tasks {
namespace {

/// Of time: a look this near a discontinuity, and not at it, is noted; 0.333333 d misses a dose at 8 h by less.
constexpr double kNearMiss = 2e-6;

using core::usage;

/// Times of looking that were probably meant to be at a dose.
class NearMisses {
 public:
  /// `start` is the model's time at the start of the simulation.
  explicit NearMisses(double start) : start_(start) {}
  void look_at(const solve::SubjectPlan& plan) {
    for (const solve::OutputPoint& look : plan.outputs) {
      const auto after = plan.stops.begin() + look.after_stops;
      if (look.after_stops > 0 && missed(look, *(after - 1))) {
        note(look, *(after - 1));
      } else if (after != plan.stops.end() && missed(look, *after)) {
        note(look, *after);
      }
    }
  }
  void report(const std::string& unit, std::vector<std::string>& notes) const {
    if (count_ == 0) return;
    notes.push_back(fmt::format("{} times of looking lie beside a dose (or another change) by two millionths or less, not at it: {} {}", count_,
                                first_, unit));
  }

 private:
  [[nodiscard]] bool missed(const solve::OutputPoint& look, const solve::Stop& stop) const {
    const double off = std::abs(look.time - stop.time);
    return stop.kind != solve::StopKind::ChangeRate && off > 0 && off <= kNearMiss * std::abs(look.time - start_);
  }
  void note(const solve::OutputPoint& look, const solve::Stop& stop) {
    if (count_++ > 0) return;
    first_ = fmt::format("{} is {} {}", core::format_double(look.time - start_), look.time < stop.time ? "before" : "after",
                         core::format_double(stop.time - start_));
  }

  double start_;
  std::size_t count_ = 0;
  std::string first_;
};

std::string failure_text(const std::string& subject, solve::Status status, double time, const std::string& unit, const std::string& message) {
  return fmt::format("{}: {} at time {} {}: {}", subject, solve::name_of(status), core::format_double(time), unit, message);
}

bool is_per_kg(const cohort::Treatment& treatment) {
  for (const auto& regimen : treatment.regimens) {
    for (const auto& phase : regimen.phases) {
      if (std::any_of(phase.courses.begin(), phase.courses.end(), [](const auto& course) { return course.per_kg; })) return true;
    }
  }
  return false;
}

/// The words of a request without a table, in the terms of its model.
struct Understood {
  Looks looks;
  cohort::Observation observation;
  simulate::Patient patient;
  std::shared_ptr<const cohort::Treatment> treatment;
};

Understood understand(const SimulationRequest& o, const simulate::CompiledModel& model, const cohort::Workspace& workspace,
                      const protocol::DrugCatalogue& catalogue, std::vector<std::string>& warnings) {
  const core::UnitSystem& units = workspace.units();
  check_words(o, units);
  Looks looks = times_of_looking(o, model, units, warnings);
  cohort::Observation observation{looks.times, chosen(o, model.model()), o.at_dose};
  remark_length(model, observation.times.back().in(model.program().seconds_per_time_unit), warnings);
  cohort::Treatment treatment;
  for (const std::string& text : o.doses) {
    treatment.regimens.push_back(protocol::parse_regimen(text, catalogue, units));
    for (const std::string& remark : treatment.regimens.back().remarks) warnings.push_back(remark);
  }
  if (!o.weight.empty() && model.model().patient.body_mass.empty() && !is_per_kg(treatment))
    warnings.push_back("--weight " + o.weight + " is without effect: no dose is per kg, and the model has no body mass");
  simulate::Patient patient = patient_of(o, model, units);
  core::Diagnostics problems;
  GivenNames(model, problems).add(o);
  problems.throw_if_any(core::ErrorKind::Input);
  return {std::move(looks), std::move(observation), std::move(patient), std::make_shared<const cohort::Treatment>(std::move(treatment))};
}

/// What is worth knowing of the model and of the times of looking of a typical subject.
void note_model(const simulate::CompiledModel& model, double start, const solve::SubjectPlan& plan, std::vector<std::string>& notes) {
  NearMisses misses(start);
  misses.look_at(plan);
  misses.report(model.model().time.text, notes);
  if (model::is_sbml(model.model().file)) notes.insert(notes.end(), model.model().faults.begin(), model.model().faults.end());
  if (model.lane_hash().empty()) notes.push_back("engine " + model.engine_text());
}

Simulation simulate_regimens(const SimulationRequest& o, const simulate::CompiledModel& model, const cohort::Workspace& workspace,
                             const protocol::DrugCatalogue& catalogue, const cohort::Job& job) {
  const core::UnitSystem& units = workspace.units();
  Simulation out;
  const auto [looks, observation, patient, treatment] = understand(o, model, workspace, catalogue, out.warnings);
  if (const std::string note = who_note(o, patient, model); !note.empty()) out.notes.push_back(note);
  cohort::Subject subject;
  subject.patient = patient;
  subject.treatment = treatment;
  const double start = simulate::start_time(model, patient);
  const cohort::SubjectList subjects({std::move(subject)});
  out.quantities = quantities_of(model.program(), *observation.outputs);
  note_model(model, start, cohort::plan_of(model, units, subjects, observation, 0), out.notes);

  const auto values = cohort::simulate(model, units, subjects, observation, job);
  const cohort::Ending& ending = values.ending(0);
  out.cancelled = job.stop.stop_requested();
  if (ending.status != solve::Status::Completed)
    out.failures.push_back(failure_text("simulation", ending.status, ending.time_reached - start, model.model().time.text, ending.message));
  out.warnings.insert(out.warnings.end(), ending.remarks.begin(), ending.remarks.end());
  out.key_columns = {looks.unit.name.empty() ? "time" : "time [" + looks.unit.name + "]"};
  for (const core::Time& time : observation.times) out.keys.push_back({core::format_double(time.in(looks.unit.seconds))});
  out.time_unit = looks.unit.name;
  out.values.assign(values.values().begin(), values.values().end());
  return out;
}

/// Names and values that the model does not take, and correlations that cannot be. @throws Error(Input) with every problem.
void check_population(const SimulationRequest& o, cohort::Population& population, const simulate::CompiledModel& model) {
  core::Diagnostics problems;
  GivenNames names(model, problems);
  names.add(o);
  names.add(population);
  cohort::resolve_correlations(population, problems);
  problems.throw_if_any(core::ErrorKind::Input);
}

/// What the subjects have of their own, by column: of the model, then of the patient.
void record_subjects(const cohort::Population& population, const cohort::PopulationSubjects& subjects, PopulationSimulation& out) {
  const std::string prefix = std::string(cohort::kOfThePatient) + ".";
  std::vector<std::string> of_patient;
  for (const auto& q : population.quantities) {
    if (q.model == cohort::kOfThePatient) of_patient.push_back(q.name);
  }
  for (const std::string& column : population.table_columns) {
    if (column.starts_with(prefix)) of_patient.push_back(column.substr(prefix.size()));
  }
  out.columns = subjects.columns();
  for (const std::string& name : of_patient) out.columns.push_back(prefix + name);
  for (std::size_t s = 0; s < subjects.size(); ++s) {
    const cohort::Subject subject = subjects.at(s);
    out.drawn.insert(out.drawn.end(), subject.values.begin(), subject.values.end());
    for (const std::string& name : of_patient) out.drawn.push_back(simulate::quantity_of(subject.patient, name));
  }
}

/// The table, made rows of the model.
protocol::EventTable read_table(const SimulationRequest& o, const simulate::CompiledModel& model, const cohort::Workspace& workspace,
                                const protocol::DrugCatalogue& catalogue, std::vector<std::string>& warnings) {
  const core::UnitSystem& units = workspace.units();
  auto table = protocol::read_event_table(o.data, o.time_unit, model.program().parameters, model.program().states, units);
  for (std::string& remark : simulate::check_covariates(table, model.model())) table.remarks.push_back(std::move(remark));
  simulate::translate_drugs(table, model, units, catalogue, simulate::body_mass_kg(model, patient_of(o, model, units)),
                            model.program().parameter_values, table.remarks);
  for (const std::string& setting : o.set) {
    const std::string name = setting.substr(0, setting.find('='));
    const auto& columns = table.parameter_columns;
    if (std::find(columns.begin(), columns.end(), name) == columns.end()) continue;
    warnings.push_back(fmt::format("--set {} gives way to the column '{}' of {}", setting, name, o.data));
  }
  for (const std::string& remark : table.remarks) warnings.push_back(o.data + ": " + remark);
  return table;
}

/// What identifies the output rows; @throws Error(Input) for a column with the name of an output.
void add_keys(const protocol::EventTable& table, const std::string& file, Simulation& out) {
  out.key_columns = {"ID", "TIME"};
  out.key_columns.insert(out.key_columns.end(), table.carried_columns.begin(), table.carried_columns.end());
  core::Diagnostics problems;
  for (const Quantity& q : out.quantities) {
    if (std::find(out.key_columns.begin(), out.key_columns.end(), q.name) == out.key_columns.end()) continue;
    problems.add({"simulate-007",
                  "column '" + q.name + "' of the table has the name of an output",
                  {file, 1, 0},
                  "Rename the column, or choose other outputs with --observe."});
  }
  problems.throw_if_any(core::ErrorKind::Input);
  for (const auto& subject : table.subjects) {
    for (const auto& row : subject.rows) {
      if (row.evid != 0) continue;
      out.keys.push_back({subject.id, core::format_double(row.time)});
      out.keys.back().insert(out.keys.back().end(), row.carried.begin(), row.carried.end());
    }
  }
}

Simulation simulate_table(const SimulationRequest& o, const simulate::CompiledModel& model, const cohort::Workspace& workspace,
                          const protocol::DrugCatalogue& catalogue, const cohort::Job& job) {
  Simulation out;
  const auto table = read_table(o, model, workspace, catalogue, out.warnings);
  const simulate::Patient patient = patient_of(o, model, workspace.units());
  if (const std::string note = who_note(o, patient, model); !note.empty()) out.notes.push_back(note);
  const auto parameters = simulate::begin_patient(model, patient, model.program().parameter_values).parameters;
  std::vector<std::string> said;
  const auto episodes = simulate::plan_event_table(table, model, workspace.units(), parameters, {}, said);
  out.warnings.insert(out.warnings.end(), said.begin(), said.end());
  NearMisses misses(0);
  for (const auto& e : episodes) misses.look_at(e.plan);
  misses.report(model.model().time.text, out.notes);
  const auto names = chosen(o, model.model());
  out.quantities = quantities_of(model.program(), names);
  out.time_unit = table.time_unit_text;
  add_keys(table, o.data, out);

  // Where the output rows of each subject begin; a subject may come in several episodes.
  std::vector<std::vector<std::size_t>> place(table.subjects.size());
  std::size_t rows = 0;
  for (std::size_t s = 0; s < place.size(); ++s) {
    for (const auto& row : table.subjects[s].rows) place[s].push_back(row.evid == 0 ? rows++ : SIZE_MAX);
  }
  const std::size_t columns = names.size();
  out.values.assign(rows * columns, std::nan(""));
  simulate::ObservableReader reader(model.program(), names);
  std::size_t done = 0;
  model.run(
      episodes.size(), [&](std::size_t i) { return episodes[i].plan; },
      [&](std::size_t i, const solve::SubjectPlan& plan, solve::SubjectResult&& result) {
        if (job.progress) job.progress(++done, episodes.size());
        const auto& e = episodes[i];
        if (result.status != solve::Status::Completed) {
          out.failures.push_back(failure_text("ID " + table.subjects[e.subject].id, result.status, result.time_reached, model.model().time.text,
                                              result.message));
        }
        const auto read = reader.read(plan, result);
        for (std::size_t k = 0; k < e.rows.size(); ++k) {
          const std::size_t row = place[e.subject][e.rows[k]];
          if (row == SIZE_MAX) continue;
          std::copy_n(read.begin() + static_cast<std::ptrdiff_t>(k * columns), columns,
                      out.values.begin() + static_cast<std::ptrdiff_t>(row * columns));
        }
      },
      job.stop, {}, reader.states());
  out.cancelled = job.stop.stop_requested();
  return out;
}

simulate::CompiledModel compiled(const cohort::Workspace& workspace, const SimulationRequest& request, const protocol::DrugCatalogue& catalogue) {
  model::Model loaded = workspace.load({request.model, request.species, drugs_of(request, catalogue, workspace.units())});
  apply_set(loaded, request.set, workspace.units());
  return {std::move(loaded), request.solver};
}

}  // namespace

Simulation simulate(const cohort::Workspace& workspace, const SimulationRequest& request, const cohort::Job& job) {
  const protocol::DrugCatalogue catalogue = dosable_drugs(workspace, {request.model, request.species}, request.doses, request.data);
  const simulate::CompiledModel model = compiled(workspace, request, catalogue);
  if (request.data.empty()) return simulate_regimens(request, model, workspace, catalogue, job);
  if (!(request.doses.empty() && request.until.empty() && request.every.empty() && request.times.empty()))
    throw usage("--data excludes --dose, --until, --every and --times", "The table says what is given and when values are wanted.");
  if (!(request.age.empty() && request.menopause.empty() && request.ovariectomy.empty() && request.t_scores.empty()))
    throw usage("--data excludes --age, --menopause, --ovariectomy and --t-score",
                "A column with the name of a parameter sets it for each subject; for patients write a scenario.");
  return simulate_table(request, model, workspace, catalogue, job);
}

PopulationSimulation simulate(const cohort::Workspace& workspace, const SimulationRequest& request, cohort::Population population, std::uint64_t seed,
                              const cohort::Job& job) {
  if (!request.data.empty()) throw usage("a population excludes an event table", "The table says who the subjects are.");
  const core::UnitSystem& units = workspace.units();
  const protocol::DrugCatalogue catalogue = dosable_drugs(workspace, {request.model, request.species}, request.doses);
  const simulate::CompiledModel model = compiled(workspace, request, catalogue);
  PopulationSimulation out;
  const auto [looks, observation, patient, treatment] = understand(request, model, workspace, catalogue, out.warnings);
  for (auto& q : population.quantities) {
    if (q.model.empty()) q.model = model.name();  // so that they are drawn as in a scenario of this model
  }
  check_population(request, population, model);
  cohort::PopulationSubjects subjects(model, units, population, seed, patient, treatment, model.name());
  core::Diagnostics problems;
  subjects.check_values(problems);
  problems.throw_if_any(core::ErrorKind::Input);
  cohort::Baselines baselines;
  subjects.center(baselines);
  out.quantities = quantities_of(model.program(), *observation.outputs);
  note_model(model, simulate::start_time(model, patient), cohort::plan_of(model, units, subjects, observation, 0), out.notes);
  out.time_unit = looks.unit.name;
  for (const core::Time& time : observation.times) out.times.push_back(time.in(looks.unit.seconds));
  record_subjects(population, subjects, out);
  const bool patient_varies = out.columns.size() > subjects.columns().size();
  if (const std::string note = patient_varies ? "" : who_note(request, patient, model); !note.empty()) out.notes.push_back(note);
  out.values = cohort::simulate(model, units, subjects, observation, job);
  out.cancelled = job.stop.stop_requested();
  return out;
}

std::size_t write_csv(const Simulation& simulation, const std::function<void(const std::string&)>& write) {
  std::vector<std::string> cells = simulation.key_columns;
  for (const Quantity& q : simulation.quantities) cells.push_back(q.name);
  write(core::csv_line(cells));
  const std::size_t columns = simulation.quantities.size();
  std::size_t missing = 0;
  for (std::size_t row = 0; row < simulation.keys.size(); ++row) {
    cells = simulation.keys[row];
    for (std::size_t c = 0; c < columns; ++c) {
      const double value = simulation.values[row * columns + c];
      cells.push_back(std::isfinite(value) ? core::format_double(value) : "");
      missing += std::isfinite(value) ? 0 : 1;
    }
    write(core::csv_line(cells));
  }
  return missing;
}

std::string units_json(const Simulation& simulation) {
  nlohmann::ordered_json units;
  units[simulation.key_columns.front() == "ID" ? "TIME" : simulation.key_columns.front()] = {{"unit", simulation.time_unit}};
  for (const Quantity& q : simulation.quantities) units[q.name] = {{"unit", q.unit}, {"label", q.label}};
  return units.dump(2) + "\n";
}

}  // namespace osteosome::tasks
