// SPDX-License-Identifier: Apache-2.0
// Scenario -> sampled subjects x arms -> values.
#include <algorithm>
#include <cmath>
#include <mutex>
#include <set>
#include <utility>

#include "osteosome/core/random.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/model/value_check.hpp"
#include "osteosome/simulate/course.hpp"
#include "osteosome/simulate/scenario.hpp"

namespace osteosome::simulate {
namespace {

double in_days(const core::Time& time) { return time.in(core::kSecondsPerDay); }

/// After the start of treatment, ascending, each once.
std::vector<core::Time> times_of_looking(const Scenario& scenario) {
  std::vector<core::Time> times = {scenario.until};
  for (std::int64_t k = 0; scenario.every * k < scenario.until; ++k) times.push_back(scenario.every * k);
  for (const core::Time& extra : scenario.extra_times) {
    if (extra <= scenario.until) times.push_back(extra);
  }
  std::sort(times.begin(), times.end());
  const auto same = [](const core::Time& a, const core::Time& b) { return core::same_instant(in_days(a), in_days(b)); };
  times.erase(std::unique(times.begin(), times.end(), same), times.end());
  return times;
}

/// Everything needed to make the plan of a subject in one arm of one model.
class ArmPlanner {
 public:
  ArmPlanner(const Scenario& scenario, std::size_t model_index, std::size_t arm_index, const CompiledModel& model, const core::UnitSystem& units,
             const std::vector<core::Time>& looks, PatientStart start)
      : scenario_(scenario), name_(scenario.models[model_index].name), arm_(scenario.arms[arm_index]), model_(model), units_(units), looks_(looks),
        start_(std::move(start)), days_per_unit_(model.program().seconds_per_time_unit / 86400) {
    DoseTranslator(model, units).check(arm_.regimen, body_mass_kg(model, arm_.patient));
    for (std::size_t k = 0; k < scenario.population.quantities.size(); ++k) {
      const auto& q = scenario.population.quantities[k];
      if (q.model != name_) continue;
      targets_.push_back({k, target(q.name, q.where)});
    }
    for (std::size_t c = 0; c < scenario.population.table_columns.size(); ++c) {
      const auto& column = scenario.population.table_columns[c];
      if (has(column)) table_targets_.push_back({c, target(column, {scenario.population.table, 1, 0})});
    }
    for (const CalibrationDraws& draws : scenario.population.calibrations) {
      if (draws.model != model_index) continue;
      calibrated_.push_back({&draws, {}});
      for (const std::string& column : draws.columns) calibrated_.back().targets.push_back(target(column, {draws.file, 1, 0}));
    }
  }

  [[nodiscard]] solve::SubjectPlan plan(std::size_t subject) const {
    solve::SubjectPlan plan = bare_plan(model_, start_);
    plan.seed = scenario_.seed;
    plan.subject = subject;
    apply_population(subject, plan);
    core::RandomStream stream(scenario_.seed, subject, "adherence:" + arm_.name);
    const auto doses = protocol::expand(arm_.regimen, protocol::horizon_after(scenario_.until), arm_.adherence, &stream);
    add_course(model_, units_, start_, doses, body_mass_kg(model_, arm_.patient), looks_, plan);
    return plan;
  }

  /// Adds what is wrong with the first value of each random quantity, and of each column of the table, that is outside what the model allows.
  void check_values(core::Diagnostics& problems) const {
    std::set<std::string> said;
    for (std::size_t subject = 0; subject < scenario_.population.n; ++subject) {
      solve::SubjectPlan plan = bare_plan(model_, start_);
      apply_population(subject, plan);
      const auto look = [&](const Target& t, const std::string& name, const core::Location& where) {
        const double value = (t.is_state ? plan.initial_overrides : plan.parameters)[t.index];
        auto problem = model::problem_of_value(model_.model(), name, value, where);
        if (!problem || !said.insert(name).second) return;
        problem->message = "subject " + std::to_string(subject + 1) + ": " + problem->message;
        problem->hint += problem->hint.empty() ? "Give the distribution 'low' and 'high'." : " Give the distribution 'low' and 'high'.";
        problems.add(*problem);
      };
      for (const auto& [k, t] : targets_) look(t, scenario_.population.quantities[k].name, scenario_.population.quantities[k].where);
      for (const auto& [c, t] : table_targets_) {
        if (t.is_state) look(t, scenario_.population.table_columns[c], {scenario_.population.table, static_cast<int>(subject) + 2, 0});
      }
    }
  }

  [[nodiscard]] double days_after_start(double model_time) const { return (model_time - start_.time) * days_per_unit_; }

 private:
  struct Target {
    bool is_state;
    std::uint32_t index;
  };

  struct Calibrated {
    const CalibrationDraws* draws;
    std::vector<Target> targets;  ///< by column
  };

  [[nodiscard]] bool has(const std::string& name) const { return model_.program().parameter_index(name) || model_.program().state_index(name); }

  [[nodiscard]] Target target(const std::string& name, const core::Location& where) const {
    if (const std::string fixed = model::why_fixed(model_.model(), name); !fixed.empty()) {
      throw core::Error(core::ErrorKind::Input,
                        {"value-002", "'" + name + "' of model '" + name_ + "' cannot vary: " + fixed, where, "Vary what the formula uses."});
    }
    if (const auto p = model_.program().parameter_index(name)) return {false, *p};
    if (const auto s = model_.program().state_index(name)) return {true, *s};
    throw core::Error(core::ErrorKind::Input, {"scenario-015", "model '" + name_ + "' has no parameter or species '" + name + "'", where,
                                               core::did_you_mean(name, model_.model().symbols())});
  }

  [[nodiscard]] double typical(const Target& t) const {
    if (!t.is_state) return start_.parameters[t.index];
    compile::Interpreter initial(model_.program().graph, {model_.program().initial[t.index]});
    initial.prepare(start_.parameters);
    double value = 0;
    initial.evaluate(0, {}, {}, {&value, 1});
    return value;
  }

  static void put(const Target& t, double value, solve::SubjectPlan& plan) {
    (t.is_state ? plan.initial_overrides : plan.parameters)[t.index] = value;
  }

  void apply_population(std::size_t subject, solve::SubjectPlan& plan) const {
    const auto& population = scenario_.population;
    if (!targets_.empty()) {
      const auto values = draw(population, scenario_.seed, subject, [&](std::size_t k) {
        for (const auto& [index, t] : targets_) {
          if (index == k) return typical(t);
        }
        return 1.0;
      });
      for (const auto& [k, t] : targets_) put(t, values[k], plan);
    }
    for (const auto& [c, t] : table_targets_) put(t, population.table_rows[subject][c], plan);
    for (const Calibrated& c : calibrated_) {
      const auto& row = c.draws->rows[subject % c.draws->rows.size()];
      for (std::size_t k = 0; k < row.size(); ++k) put(c.targets[k], row[k], plan);
    }
  }

  const Scenario& scenario_;
  std::string name_;
  const ScenarioArm& arm_;
  const CompiledModel& model_;
  const core::UnitSystem& units_;
  const std::vector<core::Time>& looks_;
  PatientStart start_;
  double days_per_unit_;
  std::vector<std::pair<std::size_t, Target>> targets_, table_targets_;
  std::vector<Calibrated> calibrated_;
};

/// The patient of an arm as this model of the scenario sees her.
Patient patient_of(const Scenario& scenario, std::size_t model, const ScenarioArm& arm) {
  Patient patient = arm.patient;
  if (scenario.models[model].from_rest) patient.age_days.reset();
  return patient;
}

}  // namespace

std::vector<std::string> outputs_for(const model::Model& model, const protocol::Regimen& regimen) {
  std::vector<std::string> names;
  for (const auto& o : model.outputs) {
    if (!o.when.empty() && !regimen.contains(o.when)) continue;
    const bool replaced =
        o.when.empty() && !o.observable.empty() && std::any_of(model.outputs.begin(), model.outputs.end(), [&](const model::Output& other) {
          return other.observable == o.observable && !other.when.empty() && regimen.contains(other.when);
        });
    if (!replaced) names.push_back(o.id);
  }
  return names;
}

solve::Statistics ArmResult::total() const {
  solve::Statistics sum;
  for (const solve::Statistics& s : statistics) {
    sum.steps += s.steps;
    sum.rejected += s.rejected;
    sum.switches += s.switches;
  }
  return sum;
}

std::size_t ScenarioResult::failed() const {
  std::size_t count = 0;
  for (const ArmResult& arm : arms) {
    count += static_cast<std::size_t>(std::count_if(arm.status.begin(), arm.status.end(), [](solve::Status s) {
      return s != solve::Status::Completed && s != solve::Status::Cancelled;
    }));
  }
  return count;
}

std::size_t ScenarioResult::total() const {
  std::size_t count = 0;
  for (const ArmResult& arm : arms) count += arm.status.size();
  return count;
}

std::vector<CompiledModel> compile_models(const Scenario& scenario, const SolverSettings& settings, const model::Library& library,
                                          const core::UnitSystem& units) {
  std::vector<CompiledModel> models;
  core::Diagnostics problems;
  std::vector<std::string> drugs;
  for (const ScenarioArm& arm : scenario.arms) {
    for (const std::string& drug : arm.regimen.drugs()) drugs.push_back(drug);
  }
  for (const ScenarioModel& m : scenario.models) {
    model::Model loaded = model::load_model(m.path, library, units, {m.species, drugs, m.overlays});
    const std::vector<std::string> known = loaded.symbols();
    for (const auto& [name, value] : m.set) {
      if (std::find(known.begin(), known.end(), name) != known.end()) {
        model::set_symbol(loaded, name, value, "the scenario", m.where, problems);
      } else {
        problems.add({"scenario-015", "model '" + m.name + "' has no parameter or species '" + name + "'", m.where, core::did_you_mean(name, known)});
      }
    }
    models.emplace_back(std::move(loaded), settings);
  }
  check_table(scenario, models, library, units, problems);
  problems.throw_if_any(core::ErrorKind::Input);
  return models;
}

void check_arms(const Scenario& scenario, const std::vector<CompiledModel>& models, const core::UnitSystem& units, core::Diagnostics& problems) {
  const std::vector<core::Time> no_times;
  std::set<std::string> seen;
  for (std::size_t m = 0; m < models.size(); ++m) {
    for (std::size_t a = 0; a < scenario.arms.size(); ++a) {
      try {
        (void)start_time(models[m], patient_of(scenario, m, scenario.arms[a]));
        const ArmPlanner planner(scenario, m, a, models[m], units, no_times, {models[m].program().parameter_values, 0, {}});
        if (a == 0) planner.check_values(problems);
      } catch (const core::Error& error) {
        for (core::Diagnostic d : error.diagnostics()) {
          if (d.where.line == 0) d.where = scenario.arms[a].where;
          if (seen.insert(core::to_text(d)).second) problems.add(d);
        }
      }
    }
  }
}

solve::SubjectPlan typical_plan(const Scenario& scenario, const std::vector<CompiledModel>& models, std::size_t model, std::size_t arm,
                                const core::UnitSystem& units) {
  Scenario typical = scenario;
  typical.population = {};
  const auto starts = prepare_patients(models[model], {patient_of(typical, model, typical.arms[arm])}, {models[model].program().parameter_values});
  const std::vector<core::Time> looks = times_of_looking(typical);
  return ArmPlanner(typical, model, arm, models[model], units, looks, starts[0]).plan(0);
}

ScenarioResult run_scenario(const Scenario& scenario, const std::vector<CompiledModel>& models, const core::UnitSystem& units, const RunHooks& hooks,
                            const std::stop_token& stop) {
  ScenarioResult result;
  const std::vector<core::Time> looks = times_of_looking(scenario);
  std::transform(looks.begin(), looks.end(), std::back_inserter(result.days), in_days);
  const std::size_t n = scenario.population.n;
  const std::size_t total = n * models.size() * scenario.arms.size();
  std::size_t done = 0;
  for (std::size_t m = 0; m < models.size(); ++m) {
    std::vector<Patient> patients;
    for (const ScenarioArm& arm : scenario.arms) patients.push_back(patient_of(scenario, m, arm));
    const auto starts = prepare_patients(models[m], patients, std::vector(patients.size(), models[m].program().parameter_values));
    for (std::size_t a = 0; a < scenario.arms.size(); ++a) {
      const ArmPlanner planner(scenario, m, a, models[m], units, looks, starts[a]);
      ArmResult arm;
      arm.model = m;
      arm.arm = a;
      arm.outputs = outputs_for(models[m].model(), scenario.arms[a].regimen);
      arm.values.resize(n);
      arm.status.assign(n, solve::Status::Cancelled);
      arm.message.resize(n);
      arm.time_reached_days.assign(n, std::nan(""));
      arm.statistics.resize(n);
      ObservableReader reader(models[m].program(), arm.outputs);
      for (std::size_t first = 0; first < n && !stop.stop_requested(); first += hooks.block) {
        const std::size_t last = std::min(n, first + hooks.block);
        if (!hooks.block_known || !hooks.block_known(arm, first, last)) {
          std::size_t in_block = 0;
          models[m].run(
              last - first, [&](std::size_t i) { return planner.plan(first + i); },
              [&](std::size_t i, const solve::SubjectPlan& plan, solve::SubjectResult&& r) {
                const std::size_t s = first + i;
                arm.values[s] = reader.read(plan, r);
                arm.status[s] = r.status;
                arm.message[s] = r.message;
                arm.time_reached_days[s] = planner.days_after_start(r.time_reached);
                arm.statistics[s] = r.statistics;
                if (hooks.progress) hooks.progress(done + ++in_block, total);
              },
              stop);
          if (hooks.block_done && !stop.stop_requested()) hooks.block_done(arm, first, last);
        }
        done += last - first;
        if (hooks.progress) hooks.progress(done, total);
      }
      result.arms.push_back(std::move(arm));
    }
    result.engines.push_back(models[m].engine_text());
  }
  result.cancelled = stop.stop_requested();
  return result;
}

}  // namespace osteosome::simulate
