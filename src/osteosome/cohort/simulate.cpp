// SPDX-License-Identifier: Apache-2.0
// The one loop: subjects -> plans -> integrator -> values.
#include "osteosome/cohort/simulate.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <memory>
#include <mutex>
#include <set>

#include "osteosome/core/random.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/model/value_check.hpp"
#include "osteosome/simulate/course.hpp"

namespace osteosome::cohort {
namespace {

using simulate::PatientStart;

std::vector<std::string> outputs_or_all(const CompiledModel& model, const Observation& observation) {
  if (observation.outputs) return *observation.outputs;
  std::vector<std::string> names;
  for (const auto& output : model.model().outputs) names.push_back(output.id);
  return names;
}

/// Subjects in the terms of one model.
class Planner {
 public:
  Planner(const CompiledModel& model, const core::UnitSystem& units, const Subjects& subjects, const Observation& observation, Baselines& baselines)
      : model_(model), units_(units), subjects_(subjects), observation_(observation), baselines_(baselines) {
    for (const std::string& column : subjects.columns()) targets_.push_back(value_target(model, model.name(), column));
  }

  /// Takes subjects [first, last) in: who they are, and their densities met.
  void load(std::size_t first, std::size_t last, const std::stop_token& stop = {}) {
    block_.clear();
    starts_.clear();
    initial_.clear();
    for (std::size_t i = first; i < last; ++i) {
      block_.push_back(subjects_.at(i));
      const Subject& subject = block_.back();
      check(subject);
      starts_.push_back(simulate::begin_patient(model_, subject.patient, model_.program().parameter_values));
      initial_.emplace_back(model_.program().states.size(), std::nan(""));
      for (std::size_t c = 0; c < targets_.size(); ++c)
        (targets_[c].is_state ? initial_.back() : starts_.back().parameters)[targets_[c].index] = subject.values[c];
    }
    baselines_.meet(model_, block_, subjects_.columns(), initial_, starts_, subjects_.run_ins(), stop);
  }

  [[nodiscard]] const Subject& subject(std::size_t k) const { return block_[k]; }
  [[nodiscard]] const core::Time& last_look(std::size_t k) const { return times(k).back(); }
  /// Of the doses of a subject.
  [[nodiscard]] protocol::Microseconds horizon(std::size_t k) const { return protocol::horizon_after(last_look(k)); }

  /// Plan of the subject `k` places after the first of the block.
  [[nodiscard]] solve::SubjectPlan plan(std::size_t k) const {
    const Subject& subject = block_[k];
    solve::SubjectPlan plan = simulate::bare_plan(model_, starts_[k]);
    plan.initial_overrides = initial_[k];
    plan.seed = subject.seed;
    plan.subject = subject.id;
    std::vector<std::vector<protocol::DoseRecord>> doses;
    if (subject.treatment != nullptr) {
      core::RandomStream stream(subject.seed, subject.id, "adherence:" + subject.treatment->name);
      for (const protocol::Regimen& regimen : subject.treatment->regimens)
        doses.push_back(protocol::expand(regimen, horizon(k), subject.treatment->adherence, &stream));
    }
    simulate::add_course(model_, units_, starts_[k], doses, simulate::body_mass_kg(model_, subject.patient), times(k), observation_.at_dose, plan);
    return plan;
  }

  /// Model time of an instant after the start of treatment.
  [[nodiscard]] double model_time(std::size_t k, const core::Time& after) const {
    return starts_[k].time + after.in(model_.program().seconds_per_time_unit);
  }

  /// The stops that doses make from model time `from` on, and parameters that change without a dose.
  [[nodiscard]] std::vector<solve::Stop> stops_from(std::size_t k, double from, const std::vector<protocol::DoseRecord>& doses,
                                                    std::span<const solve::Stop> pending) const {
    solve::SubjectPlan plan = simulate::bare_plan(model_, starts_[k]);
    for (const solve::Stop& stop : pending) {
      if (stop.kind == solve::StopKind::SetParameter) plan.stops.push_back(stop);
    }
    simulate::DoseTranslator(model_, units_).add_doses(doses, starts_[k].time, simulate::body_mass_kg(model_, block_[k].patient), plan);
    std::erase_if(plan.stops, [&](const solve::Stop& stop) { return stop.time < from && !core::same_instant(stop.time, from); });
    return plan.stops;
  }

  [[nodiscard]] double days_after_start(std::size_t k, double model_time) const {
    return (model_time - starts_[k].time) * (model_.program().seconds_per_time_unit / 86400);
  }

 private:
  [[nodiscard]] const std::vector<core::Time>& times(std::size_t k) const {
    return block_[k].times != nullptr ? *block_[k].times : observation_.times;
  }

  /// A treatment is checked with the first subject that gets it.
  void check(const Subject& subject) {
    const std::vector<core::Time>& looks = subject.times != nullptr ? *subject.times : observation_.times;
    const auto refuse = [&](const std::string& what) {
      throw core::Error(core::ErrorKind::Input, {"simulate-010", "subject " + std::to_string(subject.id) + " has " + what, {}, ""});
    };
    if (subject.values.size() != targets_.size())
      refuse(std::to_string(subject.values.size()) + " values for " + std::to_string(targets_.size()) + " columns");
    if (!std::all_of(subject.values.begin(), subject.values.end(), [](double x) { return std::isfinite(x); })) refuse("a value that is not finite");
    if (looks.empty() || looks.size() > observation_.times.size())
      refuse(std::to_string(looks.size()) + " times of looking, and the observation has " + std::to_string(observation_.times.size()));
    if (subject.treatment == nullptr || !checked_.insert(subject.treatment.get()).second) return;
    kept_.push_back(subject.treatment);
    for (const protocol::Regimen& regimen : subject.treatment->regimens)
      simulate::DoseTranslator(model_, units_).check(regimen, simulate::body_mass_kg(model_, subject.patient));
  }

  const CompiledModel& model_;
  const core::UnitSystem& units_;
  const Subjects& subjects_;
  const Observation& observation_;
  Baselines& baselines_;
  std::vector<ValueTarget> targets_;
  std::set<const Treatment*> checked_;
  std::vector<std::shared_ptr<const Treatment>> kept_;  // so that no other treatment gets the address of one that was checked
  std::vector<Subject> block_;
  std::vector<PatientStart> starts_;
  std::vector<std::vector<double>> initial_;
};

/// Asks the rule at the visits of the subjects of a block, and turns its answers into stops.
class Rules {
 public:
  Rules(const CompiledModel& model, const core::UnitSystem& units, const Planner& planner, const Rule& rule, const std::vector<std::string>& outputs,
        AtDose at_dose, std::stop_source& stop)
      : model_(model), units_(units), planner_(planner), rule_(rule), outputs_(outputs), at_dose_(at_dose), stop_(stop) {
    const auto& visits = rule.visits;
    if (!std::is_sorted(visits.begin(), visits.end()) || (!visits.empty() && visits.front() < core::Time()) || visits.empty() == bool(rule.decide))
      throw core::Error(core::ErrorKind::Input,
                        {"simulate-011", "a rule has a question and visits, ascending from the start of treatment on", {}, ""});
    if (!rule.decide || model.program().delays.empty()) return;
    throw core::Error(core::ErrorKind::Unsupported,
                      {"simulate-008", "model '" + model.name() + "' has delays, and a rule cannot look at those", {}, ""});
  }

  void load(std::size_t subjects) {
    given_.assign(subjects, {});
    for (std::size_t k = 0; k < subjects && !rule_.visits.empty(); ++k) {
      if (rule_.visits.back() <= planner_.last_look(k)) continue;
      throw core::Error(core::ErrorKind::Input,
                        {"simulate-011", "a visit lies after the last look", {}, "Look at the subjects up to the last visit."});
    }
  }

  [[nodiscard]] std::vector<double> times(std::size_t k) const {
    std::vector<double> times;
    for (const core::Time& visit : rule_.visits) times.push_back(planner_.model_time(k, visit));
    return times;
  }

  /// What the engines ask; empty without a rule.
  [[nodiscard]] solve::Decide decide() {
    if (!rule_.decide) return {};
    return [this](const solve::Snapshot& at) -> std::optional<solve::Change> {
      try {
        return answer(at);
      } catch (...) {  // no exception may pass through an integrator
        const std::lock_guard guard(mutex_);
        if (!failure_) failure_ = std::current_exception();
        stop_.request_stop();
        return std::nullopt;
      }
    };
  }

  /// Throws what a rule has thrown.
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }
  [[nodiscard]] const std::vector<std::string>& decisions(std::size_t k) const { return given_[k].told; }

 private:
  struct Given {
    std::vector<std::pair<protocol::Microseconds, protocol::Regimen>> regimens;  ///< since when
    std::vector<std::string> told;
  };

  std::optional<solve::Change> answer(const solve::Snapshot& at) {
    Given& given = given_[at.subject];
    const Subject& subject = planner_.subject(at.subject);
    const core::Time& when = rule_.visits[at.decision];
    const protocol::Regimen* current = !given.regimens.empty() ? &given.regimens.back().second : nullptr;
    if (current == nullptr && subject.treatment != nullptr && !subject.treatment->regimens.empty()) current = &subject.treatment->regimens.front();
    const std::vector<double> values = look(at);
    const auto decision = rule_.decide({subject, at.decision, when.in(core::kSecondsPerDay), values, current});
    if (!decision) return std::nullopt;
    solve::Change change;
    change.outputs_before_stops = at_dose_ == AtDose::Pre;
    change.stops.assign(at.pending.begin(), at.pending.end());
    std::string told = "day " + core::format_double(when.in(core::kSecondsPerDay)) + ":";
    if (decision->regimen) {
      simulate::DoseTranslator(model_, units_).check(*decision->regimen, simulate::body_mass_kg(model_, subject.patient));
      given.regimens.emplace_back(when.whole_microseconds(), *decision->regimen);
      change.stops = planner_.stops_from(at.subject, at.time, doses(at.subject), at.pending);
      told += " " + (decision->regimen->phases.empty() ? "nothing more" : decision->regimen->text);
    }
    for (const auto& [name, value] : decision->set) {
      const ValueTarget target = value_target(model_, model_.name(), name);
      if (const auto problem = model::problem_of_value(model_.model(), name, value, {})) throw core::Error(core::ErrorKind::Input, *problem);
      if (target.is_state)
        throw core::Error(core::ErrorKind::Input, {"simulate-009", "a decision cannot set the species '" + name + "'", {}, "Give a dose."});
      change.stops.insert(change.stops.begin(), {at.time, solve::StopKind::SetParameter, target.index, value});
      told += " " + name + " = " + core::format_double(value);
    }
    given.told.push_back(told);
    return change;
  }

  /// Values of the outputs, by a reader that no other thread uses.
  std::vector<double> look(const solve::Snapshot& at) {
    std::unique_ptr<simulate::ObservableReader> reader;
    {
      const std::lock_guard guard(mutex_);
      if (!readers_.empty()) {
        reader = std::move(readers_.back());
        readers_.pop_back();
      }
    }
    if (reader == nullptr) reader = std::make_unique<simulate::ObservableReader>(model_.program(), outputs_);
    auto values = reader->read_at(at.time, at.states, at.parameters);
    const std::lock_guard guard(mutex_);
    readers_.push_back(std::move(reader));
    return values;
  }

  /// Everything given from the start on: each regimen up to the next decision, and the last one to the end.
  [[nodiscard]] std::vector<protocol::DoseRecord> doses(std::size_t k) const {
    const Subject& subject = planner_.subject(k);
    const auto& later = given_[k].regimens;
    const protocol::Microseconds end = planner_.horizon(k);
    std::vector<protocol::DoseRecord> doses;
    const auto add = [&](const protocol::Regimen& regimen, protocol::Microseconds from, protocol::Microseconds to,
                         const protocol::Adherence& adherence, core::RandomStream& stream) {
      for (protocol::DoseRecord dose : protocol::expand(regimen, end - from, adherence, &stream)) {  // drawn to the end, as the plan has drawn them
        dose.time += from;
        if (dose.time < to) doses.push_back(dose);
      }
    };
    const std::string key = "adherence:" + (subject.treatment != nullptr ? subject.treatment->name : "");
    const protocol::Adherence adherence = subject.treatment != nullptr ? subject.treatment->adherence : protocol::Adherence{};
    if (subject.treatment != nullptr) {
      core::RandomStream stream(subject.seed, subject.id, key);
      for (const protocol::Regimen& regimen : subject.treatment->regimens) add(regimen, 0, later.front().first, adherence, stream);
    }
    protocol::Adherence after = adherence;
    after.skip.clear();  // counted within the first regimen
    for (std::size_t r = 0; r < later.size(); ++r) {
      const auto to = r + 1 < later.size() ? later[r + 1].first : end;
      if (adherence.stop_after < protocol::kForever) after.stop_after = std::max<protocol::Microseconds>(adherence.stop_after - later[r].first, 0);
      core::RandomStream stream(subject.seed, subject.id, key + ":" + std::to_string(r));
      add(later[r].second, later[r].first, to, after, stream);
    }
    core::sort_by_time(doses);
    return doses;
  }

  const CompiledModel& model_;
  const core::UnitSystem& units_;
  const Planner& planner_;
  const Rule& rule_;
  const std::vector<std::string>& outputs_;
  AtDose at_dose_;
  std::stop_source& stop_;  ///< of the whole work: nothing goes on after a rule has failed
  std::vector<Given> given_;  ///< by subject of the block; each is touched by one thread at a time
  std::mutex mutex_;
  std::vector<std::unique_ptr<simulate::ObservableReader>> readers_;  ///< idle ones
  std::exception_ptr failure_;
};

/// What of a subject decides how its densities are met; kUnknown for what is not known.
std::vector<double> key_of(const CompiledModel& model, const Subject& subject) {
  constexpr double kUnknown = -1e300;
  const Patient& p = subject.patient;
  std::vector<double> key = {
      p.age_days.value_or(kUnknown),
      p.weight_kg,
      p.years_since_menopause.value_or(kUnknown),
      p.surgical ? 1.0 : 0.0,
      p.turnover.value_or(kUnknown),
      p.days_since_gonadectomy.value_or(kUnknown)};
  for (const auto& density : model.model().patient.densities) {
    const auto score = std::find_if(p.t_scores.begin(), p.t_scores.end(), [&](const auto& t) { return t.first == density.site; });
    key.push_back(score == p.t_scores.end() ? kUnknown : score->second);
  }
  key.insert(key.end(), subject.values.begin(), subject.values.end());
  return key;
}

class MemorySink final : public Sink {
 public:
  MemorySink(std::size_t subjects, const CompiledModel& model, const Observation& observation)
      : all(subjects, days_of(observation), outputs_or_all(model, observation)) {}
  void take(std::size_t first, Trajectories&& block) override {
    for (std::size_t k = 0; k < block.size(); ++k) {
      std::copy(block.of(k).begin(), block.of(k).end(), all.of(first + k).begin());
      all.ending(first + k) = std::move(block.ending(k));
    }
  }
  static std::vector<double> days_of(const Observation& observation) {
    std::vector<double> days;
    for (const core::Time& time : observation.times) days.push_back(time.in(core::kSecondsPerDay));
    return days;
  }

  Trajectories all;
};

}  // namespace

Observation Observation::regular(const core::Time& until, const core::Time& every) {
  Observation observation;
  for (std::int64_t k = 0; every * k < until; ++k) observation.times.push_back(every * k);
  observation.times.push_back(until);
  return observation;
}

ValueTarget value_target(const CompiledModel& model, const std::string& model_name, const std::string& name, const core::Location& where) {
  if (const std::string fixed = model::why_fixed(model.model(), name); !fixed.empty()) {
    throw core::Error(core::ErrorKind::Input,
                      {"value-002", "'" + name + "' of model '" + model_name + "' cannot vary: " + fixed, where, "Vary what the formula uses."});
  }
  if (const auto p = model.program().parameter_index(name)) return {false, *p};
  if (const auto s = model.program().state_index(name)) return {true, *s};
  throw core::Error(core::ErrorKind::Input, {"value-003", "model '" + model_name + "' has no parameter or species '" + name + "'", where,
                                             core::did_you_mean(name, model.model().symbols())});
}

void Baselines::meet(const CompiledModel& model, const std::vector<Subject>& subjects, const std::vector<std::string>& columns,
                     const std::vector<std::vector<double>>& initial, std::vector<PatientStart>& starts, simulate::RunIns run_ins,
                     const std::stop_token& stop) {
  std::vector<model::PatientDensity> densities;  // a scale that the subjects bring with them stays as it is
  for (const auto& d : model.model().patient.densities) {
    if (std::find(columns.begin(), columns.end(), d.scale) == columns.end()) densities.push_back(d);
  }
  if (densities.empty()) return;
  std::map<std::vector<double>, std::vector<std::size_t>> alike;  // subjects with T-scores, by key
  for (std::size_t k = 0; k < subjects.size(); ++k) {
    if (!subjects[k].patient.t_scores.empty()) alike[key_of(model, subjects[k])].push_back(k);
  }
  std::vector<std::size_t> fresh;
  for (const auto& [key, members] : alike) {
    if (!scales_.contains(key)) fresh.push_back(members.front());
  }
  std::sort(fresh.begin(), fresh.end());
  std::vector<Patient> patients;
  std::vector<std::vector<double>> states;
  std::vector<PatientStart> met;
  for (const std::size_t k : fresh) {
    patients.push_back(subjects[k].patient);
    std::erase_if(patients.back().t_scores, [&](const auto& score) {
      return std::none_of(densities.begin(), densities.end(), [&](const auto& d) { return d.site == score.first; });
    });
    states.push_back(initial[k]);
    met.push_back(starts[k]);
  }
  if (run_ins == simulate::RunIns::Two && without_bone_.empty() && !fresh.empty()) without_bone_ = simulate::scores_without_bone(model, stop);
  if (stop.stop_requested()) return;
  simulate::meet_densities(model, patients, states, met, run_ins == simulate::RunIns::Two ? &without_bone_ : nullptr, stop);
  if (stop.stop_requested()) return;
  const auto scale = [&](std::size_t d) { return *model.program().parameter_index(densities[d].scale); };
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    auto& scales = scales_[key_of(model, subjects[fresh[i]])];
    for (std::size_t d = 0; d < densities.size(); ++d) scales.push_back(met[i].parameters[scale(d)]);
  }
  for (const auto& [key, members] : alike) {
    for (const std::size_t k : members) {
      for (std::size_t d = 0; d < densities.size(); ++d) starts[k].parameters[scale(d)] = scales_[key][d];
    }
  }
}

void simulate(const CompiledModel& model, const core::UnitSystem& units, const Subjects& subjects, const Observation& observation, Sink& sink,
              const Job& job, Baselines* baselines, const Rule& rule) {
  Baselines own;
  Planner planner(model, units, subjects, observation, baselines != nullptr ? *baselines : own);
  const std::vector<std::string> outputs = outputs_or_all(model, observation);
  simulate::ObservableReader reader(model.program(), outputs);
  std::stop_source stop;
  const std::stop_callback stopped(job.stop, [&] { stop.request_stop(); });
  Rules rules(model, units, planner, rule, outputs, observation.at_dose, stop);
  const std::size_t n = subjects.size(), size = job.block > 0 ? job.block : n;
  for (std::size_t first = 0; first < n && !job.stop.stop_requested(); first += size) {
    const std::size_t last = std::min(n, first + size);
    if (!sink.has(first, last)) {
      planner.load(first, last, stop.get_token());
      rules.load(last - first);
      Trajectories block(last - first, MemorySink::days_of(observation), outputs);
      std::size_t done = first;
      model.run(
          last - first,
          [&](std::size_t k) {
            solve::SubjectPlan plan = planner.plan(k);
            plan.decisions = rules.times(k);
            return plan;
          },
          [&](std::size_t k, const solve::SubjectPlan& plan, solve::SubjectResult&& r) {
            const auto values = reader.read(plan, r);
            std::copy(values.begin(), values.end(), block.of(k).begin());
            block.ending(k) = {r.status,       std::move(r.message), std::move(r.remarks), planner.days_after_start(k, r.time_reached),
                               r.time_reached, r.statistics,         rules.decisions(k)};
            if (job.progress) job.progress(++done, n);
          },
          stop.get_token(), rules.decide(), reader.states());
      rules.rethrow();
      sink.take(first, std::move(block));
    }
    if (job.progress) job.progress(last, n);
  }
}

Trajectories simulate(const CompiledModel& model, const core::UnitSystem& units, const Subjects& subjects, const Observation& observation,
                      const Job& job, const Rule& rule) {
  MemorySink sink(subjects.size(), model, observation);
  simulate(model, units, subjects, observation, sink, job, nullptr, rule);
  return std::move(sink.all);
}

solve::SubjectPlan plan_of(const CompiledModel& model, const core::UnitSystem& units, const Subjects& subjects, const Observation& observation,
                           std::size_t index) {
  Baselines baselines;
  Planner planner(model, units, subjects, observation, baselines);
  planner.load(index, index + 1);
  return planner.plan(0);
}

}  // namespace osteosome::cohort
