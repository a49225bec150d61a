// SPDX-License-Identifier: Apache-2.0
// Event tables with NONMEM's (PREDPP) rules: parameters of an interval come from the record at its end; a lag is taken from the dose record
// for its whole series, bioavailability and duration when a dose enters; doses that fall due at a record's time enter before the record acts.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "osteosome/core/text.hpp"
#include "osteosome/core/time.hpp"
#include "osteosome/simulate/dosing.hpp"
#include "steady_state.hpp"

namespace osteosome::simulate {
namespace {

using protocol::EventRow;
using solve::Stop;
using solve::StopKind;

constexpr int kFewestDoses = 32, kMostDoses = 4096;
constexpr double kRepeats = 1e-8;   // of a value from one dose to the next: a hundred times the integration tolerance
constexpr double kMostRunning = 10'000;  // infusions at a time in a steady state
constexpr double kSameTime = 1e-9;  // relative: spans that differ by rounding only

class SubjectPlanner {
 public:
  SubjectPlanner(const protocol::EventTable& table, std::size_t subject, const CompiledModel& model, DoseTranslator& translator,
                 std::optional<SteadyStates>& steady_states, const std::vector<double>& parameters, const std::vector<double>& overrides,
                 std::set<std::string>& warnings)
      : table_(table), subject_(subject), model_(model), translator_(translator), steady_states_(steady_states), overrides_(overrides),
        warnings_(warnings), time_factor_(table.time_unit.factor_to(model.model().time.unit)), values_(parameters) {
    for (const std::string& name : table.parameter_columns) columns_.push_back(*model.program().parameter_index(name));
  }

  std::vector<EventEpisode> run() {
    const auto& rows = table_.subjects[subject_].rows;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const EventRow& row = rows[i];
      if (i == 0 || row.evid >= 3) begin_episode(row, rows);
      take_parameters(i, rows);
      advance(model_time(at(row)));
      try {
        act(row);
      } catch (const core::Error& error) {
        problems_.add(core::retold(error, "", {table_.file, row.line, 0}));
      }
      if (row.evid == 0) {
        episode().plan.outputs.push_back({now_, static_cast<std::uint32_t>(episode().plan.stops.size())});
        episode().rows.push_back(i);
      }
    }
    problems_.throw_if_any(core::ErrorKind::Dosing);
    std::erase_if(episodes_, [](const EventEpisode& e) { return e.plan.outputs.empty(); });
    return std::move(episodes_);
  }

 private:
  /// The doses of a row that enter later, one after another, or the end of an infusion.
  struct Pending {
    std::uint32_t state = 0;
    double rate = 0;                // of the infusion that ends
    const EventRow* row = nullptr;  // of the doses that enter
    core::Time first, interval;
    int number = 0, last = 0;       // the dose that is due next enters at first + number * interval
  };
  /// By time, then in the order they were asked for.
  using Key = std::pair<double, std::size_t>;

  [[nodiscard]] core::Time at(const EventRow& row) const { return core::Time(row.time, table_.time_unit.scale()); }
  [[nodiscard]] double model_time(const core::Time& time) const { return time.in(model_.program().seconds_per_time_unit); }

  EventEpisode& episode() { return episodes_.back(); }
  solve::SubjectPlan& plan() { return episodes_.back().plan; }

  void begin_episode(const EventRow& row, const std::vector<EventRow>& rows) {
    pending_.clear();
    now_ = model_time(at(row));
    if (episodes_.empty()) first_values(rows);
    episodes_.emplace_back();
    episode().subject = subject_;
    plan().start = now_;
    plan().initial_overrides = overrides_;
    plan().parameters = values_;
    fresh_ = true;
  }

  /// Values of the first record; a column that is missing there keeps the model's own value until it is given.
  void first_values(const std::vector<EventRow>& rows) {
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (!std::isnan(rows.front().parameters[c])) values_[columns_[c]] = rows.front().parameters[c];
    }
  }

  /// The values of record i hold from the record before it on (NONMEM III.B.2).
  void take_parameters(std::size_t i, const std::vector<EventRow>& rows) {
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const double value = rows[i].parameters[c];
      if (std::isnan(value) || value == values_[columns_[c]]) continue;
      values_[columns_[c]] = value;
      if (fresh_) {
        plan().parameters[columns_[c]] = value;
      } else {
        plan().stops.push_back({now_, StopKind::SetParameter, columns_[c], value});
      }
    }
    fresh_ = false;
  }

  /// Lets everything enter that is due up to `time`.
  void advance(double time) {
    while (!pending_.empty()) {
      const auto first = pending_.begin();
      const Key key = first->first;
      if (key.first > time && !core::same_instant(key.first, time)) break;
      const Pending due = first->second;
      pending_.erase(first);
      now_ = std::min(std::max(now_, key.first), time);
      if (due.row == nullptr) {
        plan().stops.push_back({now_, StopKind::ChangeRate, due.state, -due.rate});
      } else {
        if (due.number < due.last) queue(due, due.number + 1, key.second);
        enter(*due.row, due.state);
      }
    }
    now_ = time;
  }

  void queue(Pending doses, int number, std::size_t order) {
    doses.number = number;
    pending_.emplace(Key{model_time(doses.first + doses.interval * number), order}, doses);
  }
  void queue_end(double time, std::uint32_t state, double rate) {
    pending_.emplace(Key{time, order_++}, Pending{state, rate, nullptr, {}, {}, 0, 0});
  }

  [[nodiscard]] std::uint32_t state_of(const EventRow& row) const {
    if (row.compartment.empty()) return 0;
    return *model_.program().state_index(row.compartment);
  }

  struct Entry {
    double amount = 0, rate = 0, duration = 0;
  };

  /// A positive value that RATE -1 or -2 takes from the model. @throws Error(Dosing) dosing-004, dosing-005
  double of_model(const EventRow& row, std::uint32_t state, std::optional<double> value, const char* what, const char* key) const {
    const auto& species = model_.program().states[state];
    const core::Location where{table_.file, row.line, 0};
    if (!value) {
      const std::string message = "RATE is " + core::format_double(row.rate) + ", but species '" + species + "' has no '" + key + "'";
      throw core::Error(core::ErrorKind::Dosing, {"dosing-004", message, where, ""});
    }
    if (!(*value > 0) || !std::isfinite(*value)) {
      const std::string message = std::string(what) + " of '" + species + "' is " + core::format_double(*value) + ", not positive";
      throw core::Error(core::ErrorKind::Dosing, {"dosing-005", message, where, ""});
    }
    return *value;
  }

  /// How much enters and how, with the parameters in force now.
  Entry entry(const EventRow& row, std::uint32_t state) {
    const double f = translator_.bioavailability(state, values_);
    Entry e;
    const double volume = translator_.volume(state, values_);
    e.amount = f * row.amount / volume;
    if (row.rate == -1) {
      e.rate = of_model(row, state, translator_.infusion_rate(state, values_), "infusion rate", "infusion_rate") / volume;
      e.duration = e.amount / e.rate;
    } else if (row.rate == -2) {
      e.duration = of_model(row, state, translator_.infusion_duration(state, values_), "infusion duration", "infusion_duration");
      e.rate = e.amount / e.duration;
    } else if (row.rate > 0) {
      e.rate = row.rate / time_factor_ / volume;
      e.duration = e.amount / e.rate;
    } else if (row.duration > 0) {
      e.duration = row.duration * time_factor_;
      e.rate = e.amount / e.duration;
    }
    return e;
  }

  void enter(const EventRow& row, std::uint32_t state) {
    const Entry e = entry(row, state);
    if (e.duration > 0) {
      plan().stops.push_back({now_, StopKind::ChangeRate, state, e.rate});
      queue_end(now_ + e.duration, state, e.rate);
    } else {
      plan().stops.push_back({now_, StopKind::Add, state, e.amount});
    }
  }

  void act(const EventRow& row) {
    if (row.evid != 1 && row.evid != 4) return;
    const std::uint32_t state = state_of(row);
    const bool more = row.steady_state > 0 || row.additional > 0 || row.interval > 0 || row.rate != 0 || row.duration > 0;
    if (!row.action.empty() && more) {
      throw core::Error(core::ErrorKind::Dosing,
                        {"dosing-014", "EVENT is '" + row.action + "' in a row with SS, II, ADDL, RATE or DUR", {}, "It acts once and at once."});
    }
    if (row.action == "replace") {
      return plan().stops.push_back({now_, StopKind::Replace, state, row.amount / translator_.volume(state, values_)});
    }
    if (row.action == "multiply") return plan().stops.push_back({now_, StopKind::Multiply, state, row.amount});
    const double lag = translator_.lag(state, values_);
    const double interval = row.interval * time_factor_;
    const core::Time lagged = at(row) + core::Time(lag, model_.program().seconds_per_time_unit);
    const core::Time between(row.interval, table_.time_unit.scale());
    int first = 0;  // of the doses that have not entered yet
    if (row.steady_state > 0 && needs_doses(row, interval)) {
      lead_in(row, state, lagged, between);
    } else if (row.steady_state > 0) {
      first = steady_state(row, state, lag, interval);
      if (row.amount == 0) return;
    }
    if (lag == 0 && first == 0) {
      enter(row, state);
      first = 1;
    }
    if (first <= row.additional) queue({state, 0, &row, lagged, between, 0, row.additional}, first, order_++);
  }

  /// Sets (SS=1) or adds (SS=2) the state of an endless train of this dose, seen at the record's time. Returns the number of the train's next dose,
  /// which is negative where doses before the row's own are still on their way.
  int steady_state(const EventRow& row, std::uint32_t state, double lag, double interval) {
    DoseTrain train;
    train.state = state;
    double since = 0;
    int next = 1;
    if (row.amount == 0) {
      if (interval > 0 || row.duration > 0) warnings_.insert("SS with AMT 0: II and DUR have no effect");
      train.rate = constant_rate(row, state);
    } else {
      const Entry e = entry(row, state);
      train = {state, e.amount, e.rate, e.duration, interval};
      if (e.duration > kMostRunning * interval) {
        throw core::Error(core::ErrorKind::Dosing,
                          {"dosing-013",
                           "SS: an infusion lasts " + core::format_double(e.duration / interval) + " intervals II",
                           {},
                           "At most " + core::format_double(kMostRunning) + "; SS with AMT 0 and a RATE never ends."});
      }
      // The train's doses arrive at time + lag - k * interval; the last one up to now is `since` ago.
      const double ahead = std::ceil(lag / interval - kSameTime);
      since = std::max(ahead * interval - lag, 0.0);
      if (ahead > 1) warnings_.insert("SS with a lag longer than the interval: doses between the record and the lagged dose are the train's own");
      next = 1 - static_cast<int>(ahead);
    }
    if (!steady_states_) steady_states_.emplace(model_);
    SteadyState x = steady_states_->find(values_, overrides_, train, now_, since);
    for (const std::string& name : x.drifting) {
      warnings_.insert("SS: '" + name + "' does not come to rest under doses into '" + model_.program().states[state] + "' and keeps its value");
    }
    if (row.steady_state == 1) cancel();
    if (row.steady_state == 2) subtract_rest(x.states, train);
    const auto kind = row.steady_state == 1 ? StopKind::SetStates : StopKind::AddStates;
    plan().stops.push_back({now_, kind, static_cast<std::uint32_t>(plan().vectors.size()), 0});
    plan().vectors.push_back(std::move(x.states));
    for (int k = 0; train.duration - k * interval > since + kSameTime * interval; ++k) {
      plan().stops.push_back({now_, StopKind::ChangeRate, state, train.rate});
      queue_end(now_ - since + train.duration - k * interval, state, train.rate);
    }
    return next;
  }

  /// Of a constant infusion that has run since ever.
  double constant_rate(const EventRow& row, std::uint32_t state) {
    if (row.rate != -1) return row.rate / time_factor_ / translator_.volume(state, values_);
    return of_model(row, state, translator_.infusion_rate(state, values_), "infusion rate", "infusion_rate") / translator_.volume(state, values_);
  }

  /// Leaves what the doses add to the state without them.
  void subtract_rest(std::vector<double>& states, DoseTrain train) {
    train.amount = train.rate = train.duration = 0;
    const auto rest = steady_states_->find(values_, overrides_, train, now_, 0).states;
    if (std::any_of(rest.begin(), rest.end(), [](double v) { return v != 0 && !std::isnan(v); })) {
      warnings_.insert("SS=2 in a model that is not at 0 without doses: only what the doses add to the resting state is added");
    }
    for (std::size_t i = 0; i < states.size(); ++i) {
      states[i] -= rest[i];
      if (std::isnan(states[i])) states[i] = 0;  // keeps its value
    }
  }

  /// True for SS=1 of a train where events change parameters or wait: what the doses cause then depends on more than the states. What has no train to
  /// follow is refused.
  [[nodiscard]] bool needs_doses(const EventRow& row, double interval) const {
    const auto& events = model_.program().events;
    const bool past = std::any_of(events.begin(), events.end(), [](const compile::EventDefinition& e) {
      return e.delay || std::any_of(e.actions.begin(), e.actions.end(), [](const compile::EventAction& a) { return !a.is_state; });
    });
    if (!past) return false;
    if (row.steady_state == 1 && row.amount > 0) return interval > 0;
    throw core::Error(core::ErrorKind::Unsupported,
                      {"steady-005",
                       "the steady state of an infusion, or one to be added, where events change parameters or wait",
                       {table_.file, row.line, 0},
                       "Give the doses themselves (ADDL), or SS 1 with II."});
  }

  /// SS=1 by the doses of the train themselves, as many as it takes, in an episode that begins with the first of them.
  void lead_in(const EventRow& row, std::uint32_t state, const core::Time& lagged, const core::Time& between) {
    const double record = now_;
    for (int doses = kFewestDoses; doses <= kMostDoses; doses *= 2) {
      pending_.clear();
      episodes_.emplace_back();
      episode().subject = subject_;
      plan().start = now_ = model_time(at(row) + between * -doses);
      plan().initial_overrides = overrides_;
      plan().parameters = values_;
      queue({state, 0, &row, lagged + between * -doses, between, 0, doses - 1}, 0, order_++);
      advance(record);
      if (repeats(model_time(between))) return;
      episodes_.pop_back();
    }
    throw core::Error(core::ErrorKind::Numerics,
                      {"steady-001",
                       "no steady state was found for doses into '" + model_.program().states[state] + "'",
                       {table_.file, row.line, 0},
                       "Some state or parameter of the model does not come to rest under this dosing."});
  }

  /// True if what holds now held one interval ago as well.
  bool repeats(double interval) {
    solve::SubjectPlan p = plan();
    for (const double t : {now_ - interval, now_}) {
      const auto stop = std::find_if(p.stops.begin(), p.stops.end(), [&](const Stop& s) { return s.time >= t - kSameTime * interval; });
      p.outputs.push_back({t, static_cast<std::uint32_t>(stop - p.stops.begin())});
    }
    solve::Options options;
    options.relative_tolerance = 1e-10;
    const auto result = solve::run_reference(model_.program(), p, options);
    if (result.status != solve::Status::Completed) throw core::Error(core::ErrorKind::Numerics, {"steady-002", result.message, {}, ""});
    const auto same = [](const std::vector<double>& values) {
      const std::size_t n = values.size() / 2;
      for (std::size_t i = 0; i < n; ++i) {
        if (!(std::abs(values[n + i] - values[i]) <= kRepeats * std::max(std::abs(values[i]), std::abs(values[n + i])))) return false;
      }
      return true;
    };
    return same(result.states) && same(result.parameters);
  }

  /// Drops running infusions and doses that have not entered yet.
  void cancel() {
    for (const auto& [key, item] : pending_) {
      if (item.row == nullptr) plan().stops.push_back({now_, StopKind::ChangeRate, item.state, -item.rate});
    }
    pending_.clear();
  }

  const protocol::EventTable& table_;
  std::size_t subject_;
  const CompiledModel& model_;
  DoseTranslator& translator_;
  std::optional<SteadyStates>& steady_states_;
  const std::vector<double>& overrides_;
  std::set<std::string>& warnings_;
  core::Diagnostics problems_;
  double time_factor_;
  std::vector<double> values_;
  std::vector<std::uint32_t> columns_;
  std::vector<EventEpisode> episodes_;
  std::map<Key, Pending> pending_;
  std::size_t order_ = 0;
  double now_ = 0;
  bool fresh_ = false;
};

}  // namespace

std::vector<EventEpisode> plan_event_table(const protocol::EventTable& table, const CompiledModel& model, const core::UnitSystem& units,
                                           const std::vector<double>& parameters, const std::vector<double>& initial_overrides,
                                           std::vector<std::string>& warnings) {
  DoseTranslator translator(model, units);
  std::optional<SteadyStates> steady_states;
  std::set<std::string> found;
  std::vector<EventEpisode> episodes;
  core::Diagnostics problems;
  for (std::size_t s = 0; s < table.subjects.size(); ++s) {
    try {
      auto mine = SubjectPlanner(table, s, model, translator, steady_states, parameters, initial_overrides, found).run();
      episodes.insert(episodes.end(), std::make_move_iterator(mine.begin()), std::make_move_iterator(mine.end()));
    } catch (const core::Error& error) {
      problems.add(error);
    }
  }
  problems.throw_if_any(core::ErrorKind::Dosing);
  warnings.assign(found.begin(), found.end());
  return episodes;
}

}  // namespace osteosome::simulate
