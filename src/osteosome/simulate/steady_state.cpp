// SPDX-License-Identifier: Apache-2.0
// The state that an endless train of doses has brought about by a given hour. Where the model and the train repeat themselves together, the map over
// that time is followed to its rest; where they never do, ever longer trains are run up to the hour. States that only add up, and those that grow for
// ever, are left as they are, as long as the dosed drug does not depend on them.
#include "steady_state.hpp"

#include <algorithm>
#include <cmath>

#include "clock.hpp"
#include "osteosome/solve/subject.hpp"
#include "train_map.hpp"

namespace osteosome::simulate {
namespace {

constexpr int kMostIntervals = 200;  // of a train that repeats with the clock: hourly doses and a weekly rhythm
constexpr int kEarlierStretches = 30;
constexpr double kSameState = 1e-6;  // of a state's peak
constexpr double kLongRest = 1024;  // model time without a clock, shortened where a state outgrows all numbers meanwhile
constexpr double kLongestRest = 1 << 30, kShortestRest = 1.0 / 16, kShorter = 1.0 / 16;
constexpr double kHour = 3600;  // [s]

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "'" : ", '") + name + "'";
  return list;
}

/// One train, and the states that are left out for now.
class Search {
 public:
  Search(const compile::Program& program, const Influence& influence, const std::vector<double>& parameters, const DoseTrain& train,
         const std::vector<char>& still, const std::vector<double>& initial)
      : program_(without(program, still)), influence_(influence), runner_(program_, parameters, train), still_(still), initial_(initial) {}

  [[nodiscard]] const TrainRunner& runner() const { return runner_; }

  /// States just before the dose at `end`; of a constant infusion at `end`.
  [[nodiscard]] Approach run(double end) const {
    const double interval = runner_.train().interval;
    const double hour = std::max(1.0, kHour / program_.seconds_per_time_unit);
    // Several states may repeat where events act, and only the doses themselves lead to the right one.
    if (!program_.events.empty()) return pull_back(runner_, end, interval > 0 ? interval : hour, still_, initial_);
    if (!influence_.on_time(still_)) return interval > 0 ? follow({end - interval, 1, interval}) : rest(end);
    Clock clock(program_, runner_.parameters(), {raised(initial_), raised(runner_.over(first_stretch(end), initial_).end)});
    if (interval > 0) {
      for (int doses = 1; doses <= kMostIntervals; ++doses) {
        if (!clock.repeats(doses * interval, end)) continue;
        const Stretch stretch{end - doses * interval, doses, doses * interval};
        Approach found = follow(stretch);
        if (repeats_before(stretch, found)) return found;
      }
      return pull_back(runner_, end, interval, still_, initial_);
    }
    if (const auto period = clock.period(end)) {
      const Stretch stretch{end - *period, 1, *period};
      Approach found = follow(stretch);
      if (repeats_before(stretch, found)) return found;
    }
    return pull_back(runner_, end, hour, still_, initial_);
  }

 private:
  [[nodiscard]] Approach follow(const Stretch& stretch) const { return follow_map(runner_, influence_, stretch, still_, initial_); }

  [[nodiscard]] Stretch first_stretch(double end) const {
    const double length = runner_.train().interval > 0 ? runner_.train().interval : 1;
    return {end - length, 1, length};
  }

  /// States without a 0, at which every rate shows.
  [[nodiscard]] std::vector<double> raised(std::vector<double> states) const {
    states.resize(initial_.size(), 0);
    const DoseTrain& train = runner_.train();
    const double dose = std::max(train.amount, train.rate);
    for (double& x : states) {
      if (x == 0) x = dose > 0 ? dose : 1;
    }
    return states;
  }

  /// Time does not matter: long stretches, so that slow states move.
  [[nodiscard]] Approach rest(double end) const {
    Approach found;
    for (double length = kLongRest; length >= kShortestRest; length *= kShorter) {
      found = follow({end - length, 1, length});
      if (found.problem.empty()) break;
    }
    if (found.problem.empty() && found.settled()) return found;
    const Approach longer = follow({end - kLongestRest, 1, kLongestRest});
    return longer.problem.empty() && longer.settled() ? longer : found;
  }

  /// What the clock does in earlier stretches, as far back as the states remember, leads here too: no happening between the samples of the clock.
  [[nodiscard]] bool repeats_before(const Stretch& stretch, const Approach& found) const {
    if (!found.problem.empty() || !found.settled()) return true;
    for (const int times : {1, kEarlierStretches}) {
      const Orbit orbit = runner_.over({stretch.start - times * stretch.length, times * stretch.doses, times * stretch.length}, found.states);
      if (!orbit.completed()) return false;
      for (std::size_t i = 0; i < orbit.end.size(); ++i) {
        if (still_[i] == 0 && !(std::abs(orbit.end[i] - found.states[i]) <= kSameState * found.peak[i])) return false;
      }
    }
    return true;
  }

  compile::Program program_;
  const Influence& influence_;
  TrainRunner runner_;
  const std::vector<char>& still_;
  const std::vector<double>& initial_;
};

core::Error no_rest(const compile::Program& program, const DoseTrain& train, const std::vector<char>& restless) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < restless.size(); ++i) {
    if (restless[i] != 0) names.push_back(program.states[i]);
  }
  return {core::ErrorKind::Numerics,
          {"steady-001",
           "no steady state was found for doses into '" + program.states[train.state] + "': " + list_of(names) +
               (names.size() == 1 ? " does" : " do") + " not come to rest",
           {},
           "The dosed drug depends on it; give the doses themselves (ADDL) up to the time that matters."}};
}

core::Error no_result(const std::string& problem, bool clock) {
  return {
      core::ErrorKind::Numerics,
      {"steady-002",
       "the steady state could not be computed: " + problem,
       {},
       clock ? "The model goes by the clock, so the train is followed back in time; where there is no such past, give the doses themselves (ADDL)."
             : ""}};
}

void add(std::vector<char>& flags, const std::vector<char>& more) {
  for (std::size_t i = 0; i < flags.size(); ++i) flags[i] = flags[i] != 0 || more[i] != 0 ? 1 : 0;
}

}  // namespace

SteadyState SteadyStates::find(const std::vector<double>& parameters, const std::vector<double>& overrides, const DoseTrain& train, double now,
                               double since) const {
  if (!program_.delays.empty()) {
    throw core::Error(
        core::ErrorKind::Unsupported,
        {"steady-003", "a steady state of a model with delays", {}, "Give the doses themselves (ADDL): the past of the model matters."});
  }
  std::vector<double> initial(program_.states.size());
  solve::SubjectPlan start;
  start.parameters = parameters;
  start.initial_overrides = overrides;
  start.start = now;
  solve::SubjectSetup(program_).initial_states(start, initial);

  const bool dosed = train.amount > 0 || train.rate > 0;
  const double end = dosed ? now - since : now;
  std::vector<char> still = left_out(train, dosed);
  while (true) {
    const Search search(program_, influence_, parameters, train, still, initial);
    Approach found = search.run(end);
    if (!found.problem.empty()) throw no_result(found.problem, influence_.on_time(still));
    if (!found.settled()) {
      add(still, influence_.with_dependents(found.restless));
      if (dosed && still[train.state] != 0) throw no_rest(program_, train, found.restless);
      continue;
    }
    SteadyState steady;
    steady.drifting = drifting(parameters, train, end, found.states, still);
    if (dosed && train.interval > 0) {
      Orbit orbit = search.runner().after_dose(end, since, found.states);
      if (!orbit.completed()) throw no_result(orbit.result.message, influence_.on_time(still));
      found.states = std::move(orbit.end);
    }
    steady.states = std::move(found.states);
    for (std::size_t i = 0; i < still.size(); ++i) {
      if (still[i] != 0) steady.states[i] = std::nan("");
    }
    return steady;
  }
}

/// States that only add up, those that the model says to leave out, and what depends on these.
std::vector<char> SteadyStates::left_out(const DoseTrain& train, bool dosed) const {
  std::vector<char> named(program_.states.size(), 0);
  for (const model::Species& s : model_.species) {
    if (const auto index = program_.state_index(s.id); index && !s.steady_state) named[*index] = 1;
  }
  std::vector<char> still = influence_.with_dependents(named);
  if (dosed && still[train.state] != 0) {
    const std::string& name = program_.states[train.state];
    throw core::Error(core::ErrorKind::Dosing,
                      {"steady-004", "'" + name + "' takes no steady-state doses: it is or depends on a species with steady_state = false", {}, ""});
  }
  add(still, influence_.sums());
  if (dosed && still[train.state] != 0) {
    std::vector<char> itself(still.size(), 0);
    itself[train.state] = 1;
    throw no_rest(program_, train, itself);
  }
  return still;
}

/// Which of the states left out do change from here on.
std::vector<std::string> SteadyStates::drifting(const std::vector<double>& parameters, const DoseTrain& train, double end,
                                                const std::vector<double>& states, const std::vector<char>& still) const {
  std::vector<std::string> names;
  if (std::none_of(still.begin(), still.end(), [](char s) { return s != 0; })) return names;
  const Orbit orbit = TrainRunner(program_, parameters, train).over({end, 1, train.interval > 0 ? train.interval : 1}, states);
  for (std::size_t i = 0; i < still.size(); ++i) {
    if (still[i] != 0 && (!orbit.completed() || orbit.end[i] != states[i])) names.push_back(program_.states[i]);
  }
  return names;
}

}  // namespace osteosome::simulate
