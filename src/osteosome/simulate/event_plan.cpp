// SPDX-License-Identifier: Apache-2.0
// Event tables with NONMEM's (PREDPP) rules: parameters of an interval come from the record at its end; a lag is taken from the dose record
// for its whole series, bioavailability and duration when a dose enters; doses that fall due at a record's time enter before the record acts.
#include <algorithm>
#include <cmath>
#include <set>

#include "osteosome/core/text.hpp"
#include "osteosome/core/time.hpp"
#include "osteosome/simulate/dosing.hpp"
#include "osteosome/solve/subject.hpp"

namespace osteosome::simulate {
namespace {

using protocol::EventRow;
using solve::Stop;
using solve::StopKind;

constexpr double kSameTime = 1e-9;  // relative: spans that differ by rounding only

class SubjectPlanner {
 public:
  SubjectPlanner(const protocol::EventTable& table, std::size_t subject, const CompiledModel& model, DoseTranslator& translator,
                 const std::vector<double>& parameters, const std::vector<double>& overrides, std::set<std::string>& warnings)
      : table_(table), subject_(subject), model_(model), translator_(translator), overrides_(overrides), warnings_(warnings),
        time_factor_(table.time_unit.factor_to(model.model().time.unit)), values_(parameters) {
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
        core::Diagnostic d = error.diagnostics().front();
        if (d.where.line == 0) d.where = {table_.file, row.line, 0};
        throw core::Error(core::ErrorKind::Dosing, d);
      }
      if (row.evid == 0) {
        episode().plan.outputs.push_back({now_, static_cast<std::uint32_t>(episode().plan.stops.size())});
        episode().rows.push_back(i);
      }
    }
    std::erase_if(episodes_, [](const EventEpisode& e) { return e.plan.outputs.empty(); });
    return std::move(episodes_);
  }

 private:
  /// A dose that enters later, or the end of an infusion.
  struct Pending {
    double time = 0;
    std::size_t order = 0;
    bool is_end = false;
    std::uint32_t state = 0;
    double rate = 0;  // of the infusion that ends
    EventRow row;     // of the dose that enters
  };

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
      const auto first = std::min_element(pending_.begin(), pending_.end(), [](const Pending& a, const Pending& b) {
        return a.time != b.time ? a.time < b.time : a.order < b.order;
      });
      if (first->time > time && !core::same_instant(first->time, time)) break;
      const Pending due = *first;
      pending_.erase(first);
      now_ = std::min(std::max(now_, due.time), time);
      if (due.is_end) {
        plan().stops.push_back({now_, StopKind::ChangeRate, due.state, -due.rate});
      } else {
        enter(due.row, due.state);
      }
    }
    now_ = time;
  }

  void queue(double time, std::uint32_t state, const EventRow& row) { pending_.push_back({time, order_++, false, state, 0, row}); }
  void queue_end(double time, std::uint32_t state, double rate) { pending_.push_back({time, order_++, true, state, rate, {}}); }

  [[nodiscard]] std::uint32_t state_of(const EventRow& row) const {
    if (row.compartment.empty()) return 0;
    return *model_.program().state_index(row.compartment);
  }

  struct Entry {
    double amount = 0, rate = 0, duration = 0;
  };

  /// How much enters and how, with the parameters in force now.
  Entry entry(const EventRow& row, std::uint32_t state) {
    const double f = translator_.bioavailability(state, values_);
    const auto positive = [&](std::optional<double> value, const char* what, const char* key) {
      const auto& species = model_.program().states[state];
      if (!value) {
        throw core::Error(core::ErrorKind::Dosing,
                          {"dosing-004",
                           "RATE is " + core::format_double(row.rate) + ", but species '" + species + "' has no '" + key + "'",
                           {table_.file, row.line, 0},
                           ""});
      }
      if (!(*value > 0) || !std::isfinite(*value)) {
        throw core::Error(core::ErrorKind::Dosing,
                          {"dosing-005",
                           std::string(what) + " of '" + species + "' is " + core::format_double(*value) + ", not positive",
                           {table_.file, row.line, 0},
                           ""});
      }
      return *value;
    };
    Entry e;
    e.amount = f * row.amount;
    if (row.rate == -1) {
      e.rate = positive(translator_.infusion_rate(state, values_), "infusion rate", "infusion_rate");
      e.duration = e.amount / e.rate;
    } else if (row.rate == -2) {
      e.duration = positive(translator_.infusion_duration(state, values_), "infusion duration", "infusion_duration");
      e.rate = e.amount / e.duration;
    } else if (row.rate > 0) {
      e.rate = row.rate / time_factor_;
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
    if (row.action == "replace") return plan().stops.push_back({now_, StopKind::Replace, state, row.amount});
    if (row.action == "multiply") return plan().stops.push_back({now_, StopKind::Multiply, state, row.amount});
    const double lag = translator_.lag(state, values_);
    const double interval = row.interval * time_factor_;
    const core::Time lagged = at(row) + core::Time(lag, model_.program().seconds_per_time_unit);
    const core::Time between(row.interval, table_.time_unit.scale());
    if (row.steady_state > 0) {
      steady_state(row, state, lag, interval);
      if (row.amount == 0) return;
      if (lag > 0) queue(model_time(lagged), state, row);
    } else if (lag > 0) {
      queue(model_time(lagged), state, row);
    } else {
      enter(row, state);
    }
    for (int k = 1; k <= row.additional; ++k) queue(model_time(lagged + between * k), state, row);
  }

  /// Sets (SS=1) or adds (SS=2) the state of an endless train of this dose, seen at the record's time.
  void steady_state(const EventRow& row, std::uint32_t state, double lag, double interval) {
    DoseTrain train;
    train.state = state;
    std::vector<double> x;
    struct Running {
      double end, rate;
    };
    std::vector<Running> running;
    double implied = 0;  // doses of the train between now and the lagged dose
    if (row.amount == 0) {
      train.rate = row.rate == -1 ? translator_.infusion_rate(state, values_).value_or(0) : row.rate / time_factor_;
      x = periodic_state(model_, values_, train);
    } else {
      const Entry e = entry(row, state);
      train = {state, e.amount, e.rate, e.duration, interval};
      // The train's doses arrive at time + lag - k * interval; the last one up to now is `since` ago.
      const double ahead = std::ceil(lag / interval - kSameTime);
      const double since = std::max(ahead * interval - lag, 0.0);
      if (ahead > 1) warnings_.insert("SS with a lag longer than the interval: doses between the record and the lagged dose are the train's own");
      x = periodic_state(model_, values_, train);
      x = after_dose(x, train, since);
      for (int k = 0; train.duration > 0 && train.duration - k * interval > since + kSameTime * interval; ++k) {
        running.push_back({now_ - since + train.duration - k * interval, train.rate});
      }
      implied = ahead - 1;
    }
    auto& p = plan();
    if (row.steady_state == 1) {
      cancel();
      p.stops.push_back({now_, StopKind::SetStates, static_cast<std::uint32_t>(p.vectors.size()), 0});
    } else {
      std::vector<double> base(x.size());
      solve::SubjectSetup setup(model_.program());
      solve::SubjectPlan rest;
      rest.parameters = values_;
      setup.initial_states(rest, base);
      if (std::any_of(base.begin(), base.end(), [](double v) { return v != 0; })) {
        warnings_.insert("SS=2 in a model that is not at 0 without doses: only what the doses add to the resting state is added");
      }
      for (std::size_t i = 0; i < x.size(); ++i) x[i] -= base[i];
      p.stops.push_back({now_, StopKind::AddStates, static_cast<std::uint32_t>(p.vectors.size()), 0});
    }
    p.vectors.push_back(std::move(x));
    for (const Running& r : running) {
      p.stops.push_back({now_, StopKind::ChangeRate, state, r.rate});
      queue_end(r.end, state, r.rate);
    }
    for (double k = implied; k >= 1; --k) queue(now_ + lag - k * interval, state, row);
  }

  /// Drops running infusions and doses that have not entered yet.
  void cancel() {
    for (const Pending& item : pending_) {
      if (item.is_end) plan().stops.push_back({now_, StopKind::ChangeRate, item.state, -item.rate});
    }
    pending_.clear();
  }

  /// State `since` after the dose that follows state `x`.
  std::vector<double> after_dose(const std::vector<double>& x, const DoseTrain& train, double since) {
    solve::SubjectPlan p;
    p.parameters = values_;
    p.initial_overrides = x;
    if (train.duration > 0) {
      for (int k = 0; train.duration - k * train.interval > kSameTime * train.interval; ++k) {
        const double end = train.duration - k * train.interval;
        p.stops.push_back({0, StopKind::ChangeRate, train.state, train.rate});
        if (end < since) p.stops.push_back({end, StopKind::ChangeRate, train.state, -train.rate});
      }
      std::stable_sort(p.stops.begin(), p.stops.end(), [](const Stop& a, const Stop& b) { return a.time < b.time; });
    } else {
      p.stops.push_back({0, StopKind::Add, train.state, train.amount});
    }
    p.outputs.push_back({since, static_cast<std::uint32_t>(p.stops.size())});
    solve::Options options;
    options.relative_tolerance = 1e-10;
    const auto result = solve::run_reference(model_.program(), p, options);
    if (result.status != solve::Status::Completed) throw core::Error(core::ErrorKind::Numerics, {"steady-002", result.message, {}, ""});
    return result.states;
  }

  const protocol::EventTable& table_;
  std::size_t subject_;
  const CompiledModel& model_;
  DoseTranslator& translator_;
  const std::vector<double>& overrides_;
  std::set<std::string>& warnings_;
  double time_factor_;
  std::vector<double> values_;
  std::vector<std::uint32_t> columns_;
  std::vector<EventEpisode> episodes_;
  std::vector<Pending> pending_;
  std::size_t order_ = 0;
  double now_ = 0;
  bool fresh_ = false;
};

}  // namespace

std::vector<EventEpisode> plan_event_table(const protocol::EventTable& table, const CompiledModel& model, const core::UnitSystem& units,
                                           const std::vector<double>& parameters, const std::vector<double>& initial_overrides,
                                           std::vector<std::string>& warnings) {
  DoseTranslator translator(model, units);
  std::set<std::string> found;
  std::vector<EventEpisode> episodes;
  for (std::size_t s = 0; s < table.subjects.size(); ++s) {
    auto mine = SubjectPlanner(table, s, model, translator, parameters, initial_overrides, found).run();
    episodes.insert(episodes.end(), std::make_move_iterator(mine.begin()), std::make_move_iterator(mine.end()));
  }
  warnings.assign(found.begin(), found.end());
  return episodes;
}

}  // namespace osteosome::simulate
