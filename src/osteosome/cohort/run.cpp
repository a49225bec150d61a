// SPDX-License-Identifier: Apache-2.0
// Scenario -> sampled subjects x arms -> values.
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "osteosome/cohort/scenario.hpp"
#include "osteosome/cohort/simulate.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/model/value_check.hpp"
#include "osteosome/simulate/course.hpp"

namespace osteosome::cohort {
namespace {

double in_days(const core::Time& time) { return time.in(core::kSecondsPerDay); }

/// The patient of an arm as this model of the scenario sees her.
Patient patient_of(const Scenario& scenario, std::size_t model, const ScenarioArm& arm) {
  Patient patient = arm.patient;
  if (scenario.models[model].from_rest) patient.age_days.reset();
  return patient;
}

/// Whether a model refused a regimen for nothing but a drug that it has not.
bool lacks_drug(const core::Error& error) {
  const auto& told = error.diagnostics();
  return std::all_of(told.begin(), told.end(), [](const core::Diagnostic& d) { return d.code == "dosing-001"; });
}

PopulationSubjects subjects_of(const Scenario& scenario, std::size_t m, std::size_t a, const CompiledModel& model, const core::UnitSystem& units) {
  const ScenarioArm& arm = scenario.arms[a];
  return {model,
          units,
          scenario.population,
          scenario.seed,
          arm.patient,
          std::make_shared<const Treatment>(Treatment{arm.name, {arm.regimen}, arm.adherence}),
          scenario.models[m].name,
          m,
          scenario.models[m].from_rest};
}

/// What differs between the subjects of an arm, and the doses that each took.
void record_subjects(const PopulationSubjects& subjects, const core::Time& until, ArmResult& arm) {
  arm.columns = subjects.columns();
  for (std::size_t s = 0; s < subjects.size(); ++s) {
    const Subject subject = subjects.at(s);
    const Treatment& treatment = *subject.treatment;
    core::RandomStream stream(subject.seed, subject.id, "adherence:" + treatment.name);
    std::size_t doses = 0;
    for (const protocol::Regimen& regimen : treatment.regimens)
      doses += protocol::expand(regimen, protocol::horizon_after(until), treatment.adherence, &stream).size();
    arm.doses.push_back(doses);
    arm.drawn.push_back(subject.values);
    arm.patients.push_back(subject.patient);
  }
}

/// Puts the subjects of an arm where the result keeps them.
class ArmSink final : public Sink {
 public:
  ArmSink(ArmResult& arm, const RunHooks& hooks, std::stop_token stop) : arm_(arm), hooks_(hooks), stop_(std::move(stop)) {}

  [[nodiscard]] bool has(std::size_t first, std::size_t last) override { return hooks_.block_known && hooks_.block_known(arm_, first, last); }
  void take(std::size_t first, Trajectories&& block) override {
    for (std::size_t k = 0; k < block.size(); ++k) {
      Ending& ending = block.ending(k);
      if (!std::isnan(ending.days_reached)) arm_.values[first + k].assign(block.of(k).begin(), block.of(k).end());
      arm_.status[first + k] = ending.status;
      arm_.message[first + k] = std::move(ending.message);
      arm_.time_reached_days[first + k] = ending.days_reached;
      arm_.statistics[first + k] = ending.statistics;
    }
    if (hooks_.block_done && !stop_.stop_requested()) hooks_.block_done(arm_, first, first + block.size());
  }

 private:
  ArmResult& arm_;
  const RunHooks& hooks_;
  std::stop_token stop_;
};

}  // namespace

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

solve::Statistics ArmResult::total() const {
  solve::Statistics sum;
  for (const solve::Statistics& s : statistics) {
    sum.steps += s.steps;
    sum.rejected += s.rejected;
    sum.switches += s.switches;
  }
  return sum;
}

bool Scenario::leaves_out(std::size_t model, std::size_t arm) const {
  return std::find(left_out.begin(), left_out.end(), std::pair(model, arm)) != left_out.end();
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

model::Model load_model(const Scenario& scenario, const ScenarioModel& model, const model::Library& library, const core::UnitSystem& units) {
  std::vector<std::string> drugs;
  for (const ScenarioArm& arm : scenario.arms) {
    for (const std::string& drug : arm.regimen.drugs()) drugs.push_back(drug);
  }
  return model::load_model(model.path, library, units, {model.species, drugs, model.overlays});
}

std::vector<CompiledModel> compile_models(const Scenario& scenario, const SolverSettings& settings, const model::Library& library,
                                          const core::UnitSystem& units) {
  std::vector<CompiledModel> models;
  core::Diagnostics problems;
  std::optional<core::ErrorKind> unread;  // of the first model whose documents are wrong
  for (const ScenarioModel& m : scenario.models) {
    std::optional<model::Model> found;
    try {
      found = load_model(scenario, m, library, units);
    } catch (const core::Error& error) {
      problems.add(core::retold(error, "", m.where));
      unread = unread.value_or(error.kind());
      continue;
    }
    model::Model& loaded = *found;
    const std::vector<std::string> known = loaded.symbols();
    for (const auto& [name, value] : m.set) {
      if (std::find(known.begin(), known.end(), name) != known.end()) {
        model::set_symbol(loaded, name, value, "the scenario", m.where, problems);
      } else {
        problems.add({"value-003", "model '" + m.name + "' has no parameter or species '" + name + "'", m.where, core::did_you_mean(name, known)});
      }
    }
    models.emplace_back(std::move(loaded), settings);
  }
  if (unread) problems.throw_if_any(*unread);
  check_table(scenario, models, library, units, problems);
  problems.throw_if_any(core::ErrorKind::Input);
  return models;
}

void check_arms(Scenario& scenario, const std::vector<CompiledModel>& models, const core::UnitSystem& units, core::Diagnostics& problems) {
  scenario.left_out.clear();
  for (std::size_t a = 0; a < scenario.arms.size(); ++a) {
    std::vector<std::pair<std::size_t, core::Error>> lacking;  // models without the drug
    for (std::size_t m = 0; m < models.size(); ++m) {
      try {
        (void)simulate::begin_patient(models[m], patient_of(scenario, m, scenario.arms[a]), models[m].program().parameter_values);
        subjects_of(scenario, m, a, models[m], units).check_values(problems);
      } catch (const core::Error& error) {
        if (lacks_drug(error)) {
          lacking.emplace_back(m, error);
        } else {
          problems.add(core::retold(error, "", scenario.arms[a].where));
        }
      }
    }
    for (const auto& [m, error] : lacking) {
      if (lacking.size() == models.size()) problems.add(core::retold(error, "", scenario.arms[a].where));
      if (lacking.size() < models.size()) scenario.left_out.emplace_back(m, a);
    }
  }
}

solve::SubjectPlan typical_plan(const Scenario& scenario, const std::vector<CompiledModel>& models, std::size_t model, std::size_t arm,
                                const core::UnitSystem& units) {
  Scenario typical = scenario;
  typical.population = {};
  const auto subjects = subjects_of(typical, model, arm, models[model], units);
  return plan_of(models[model], units, subjects, {times_of_looking(typical), {}}, 0);
}

ScenarioResult run_scenario(const Scenario& scenario, const std::vector<CompiledModel>& models, const core::UnitSystem& units, const RunHooks& hooks,
                            const std::stop_token& stop) {
  ScenarioResult result;
  Observation observation{times_of_looking(scenario), {}};
  std::transform(observation.times.begin(), observation.times.end(), std::back_inserter(result.days), in_days);
  const std::size_t n = scenario.population.n;
  const std::size_t total = n * (models.size() * scenario.arms.size() - scenario.left_out.size());
  std::size_t before = 0;
  for (std::size_t m = 0; m < models.size(); ++m) {
    Baselines baselines;  // the same women are in every arm
    for (std::size_t a = 0; a < scenario.arms.size(); ++a) {
      if (scenario.leaves_out(m, a)) continue;
      auto subjects = subjects_of(scenario, m, a, models[m], units);
      subjects.center(baselines);
      ArmResult arm;
      arm.model = m;
      arm.arm = a;
      arm.outputs = simulate::outputs_for(models[m].model(), scenario.arms[a].regimen);
      observation.outputs = arm.outputs;
      arm.values.resize(n);
      arm.status.assign(n, solve::Status::Cancelled);
      arm.message.resize(n);
      arm.time_reached_days.assign(n, std::nan(""));
      arm.statistics.resize(n);
      ArmSink sink(arm, hooks, stop);
      Job job{stop, {}, hooks.block};
      if (hooks.progress) job.progress = [&](std::size_t done, std::size_t) { hooks.progress(before + done, total); };
      simulate(models[m], units, subjects, observation, sink, job, &baselines);
      if (n > 1 && !stop.stop_requested()) record_subjects(subjects, scenario.until, arm);
      before += n;
      result.arms.push_back(std::move(arm));
    }
    result.engines.push_back(models[m].engine_text());
  }
  result.cancelled = stop.stop_requested();
  return result;
}

}  // namespace osteosome::cohort
