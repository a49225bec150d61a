// SPDX-License-Identifier: Apache-2.0
#include "osteosome/solve/subject.hpp"

#include <algorithm>
#include <cmath>

#include "osteosome/core/text.hpp"

namespace osteosome::solve {
namespace {

std::vector<expr::NodeId> typical_roots(const compile::Program& program) {
  std::vector<expr::NodeId> roots;
  for (std::size_t i = 0; i < program.states.size(); ++i) roots.push_back(program.typical[i].value_or(program.initial[i]));
  return roots;
}

template <class T, class F>
std::vector<expr::NodeId> roots_of(const std::vector<T>& items, F node) {
  std::vector<expr::NodeId> roots;
  for (const auto& item : items) roots.push_back(node(item));
  return roots;
}

/// Nothing if there is nothing to evaluate: models may have hundreds of events.
std::optional<compile::Interpreter> interpreter(const compile::Program& program, std::vector<expr::NodeId> roots) {
  if (roots.empty()) return std::nullopt;
  return compile::Interpreter(program.graph, std::move(roots));
}
std::optional<compile::Interpreter> interpreter(const compile::Program& program, const std::optional<expr::NodeId>& node) {
  return interpreter(program, node ? std::vector{*node} : std::vector<expr::NodeId>{});
}

double evaluate(compile::Interpreter& formula, const Moment& now) {
  double value = 0;
  formula.prepare(now.parameters);
  formula.evaluate(now.time, now.states, {}, {&value, 1}, now.delayed);
  return value;
}

std::vector<expr::NodeId> volume_roots(const compile::EventDefinition& e) {
  std::vector<expr::NodeId> roots;
  for (const auto& a : e.actions) {
    if (a.volume) roots.push_back(*a.volume);
  }
  return roots;
}

/// Residuals, then the Jacobian.
std::vector<expr::NodeId> algebraic_roots(const compile::Program& program) {
  auto roots = roots_of(program.algebraic, [](const auto& a) { return a.residual; });
  roots.insert(roots.end(), program.algebraic_jacobian.begin(), program.algebraic_jacobian.end());
  return roots;
}

/// Rates, Jacobian, then what an extent of each reaction changes.
std::vector<expr::NodeId> fast_roots(const compile::Program& program) {
  auto roots = roots_of(program.fast, [](const auto& f) { return f.rate; });
  roots.insert(roots.end(), program.fast_jacobian.begin(), program.fast_jacobian.end());
  for (const auto& f : program.fast) {
    for (const auto& change : f.change) roots.push_back(change.second);
  }
  return roots;
}

constexpr double kEventSnap = 1e-9;  // of time: an event this near a time of looking is seen there (crossings are located to 1e-10 of a step)
constexpr int kNewtonSteps = 200, kRounds = 50;
constexpr double kFirstShare = 0.05;  // of the largest amount, moved by the first step of fast reactions
constexpr double kGrowth = 2;
constexpr double kRestWidth = 1e-12;  // of the largest amount: what is less has been used up
constexpr double kRounding = 16 * std::numeric_limits<double>::epsilon();
constexpr double kNewtonWidth = 4 * std::numeric_limits<double>::epsilon();

/// Solves A x = b in place by Gaussian elimination with partial pivoting; false if A is singular.
bool solve_dense(std::span<double> a, std::span<double> b) {
  const std::size_t n = b.size();
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t p = k;
    for (std::size_t i = k + 1; i < n; ++i) {
      if (std::abs(a[i * n + k]) > std::abs(a[p * n + k])) p = i;
    }
    if (!(std::abs(a[p * n + k]) > 0)) return false;
    for (std::size_t j = 0; j < n; ++j) std::swap(a[k * n + j], a[p * n + j]);
    std::swap(b[k], b[p]);
    for (std::size_t i = k + 1; i < n; ++i) {
      const double factor = a[i * n + k] / a[k * n + k];
      for (std::size_t j = k; j < n; ++j) a[i * n + j] -= factor * a[k * n + j];
      b[i] -= factor * b[k];
    }
  }
  for (std::size_t k = n; k-- > 0;) {
    for (std::size_t j = k + 1; j < n; ++j) b[k] -= a[k * n + j] * b[j];
    b[k] /= a[k * n + k];
  }
  return true;
}

}  // namespace

const char* name_of(Status status) {
  switch (status) {
    case Status::Completed: return "completed";
    case Status::StepSizeTooSmall: return "step_size_too_small";
    case Status::TooManySteps: return "too_many_steps";
    case Status::NotFinite: return "not_finite";
    case Status::EventsDoNotSettle: return "events_do_not_settle";
    case Status::Cancelled: return "cancelled";
    case Status::Suspended: return "suspended";
  }
  return "?";
}

double EventState::next() const {
  double first = std::numeric_limits<double>::infinity();
  for (const Waiting& w : waiting) first = std::min(first, w.time);
  return first;
}

SubjectSetup::SubjectSetup(const compile::Program& program)
    : program_(program), initial_(program.graph, program.initial),
      initial_parameters_(program.graph, roots_of(program.parameter_initial, [](const auto& p) { return p.second; })),
      typical_(program.graph, typical_roots(program)), trigger_(program.graph, roots_of(program.events, [](const auto& e) { return e.trigger; })),
      constraint_(program.graph, roots_of(program.constraints, [](const auto& c) { return c.condition; })),
      algebraic_(program.graph, algebraic_roots(program)), fast_(program.graph, fast_roots(program)) {
  for (const auto& e : program.events) {
    events_.push_back({compile::Interpreter(program.graph, roots_of(e.actions, [](const auto& a) { return a.value; })),
                       interpreter(program, volume_roots(e)), interpreter(program, e.delay), interpreter(program, e.priority)});
  }
}

std::vector<double> SubjectSetup::initial_parameters(const SubjectPlan& plan) {
  std::vector<double> parameters = plan.parameters;
  if (program_.parameter_initial.empty()) return parameters;
  std::vector<double> values(program_.parameter_initial.size());
  initial_parameters_.prepare(plan.parameters);
  initial_parameters_.evaluate(plan.start, {}, {}, values);
  for (std::size_t k = 0; k < values.size(); ++k) parameters[program_.parameter_initial[k].first] = values[k];
  return parameters;
}

void SubjectSetup::initial_states(const SubjectPlan& plan, std::span<double> states) {
  initial_.prepare(plan.parameters);
  initial_.evaluate(plan.start, {}, {}, states);
  for (std::size_t i = 0; i < plan.initial_overrides.size(); ++i) {
    if (!std::isnan(plan.initial_overrides[i])) states[i] = plan.initial_overrides[i];
  }
}

void SubjectSetup::absolute_tolerances(const SubjectPlan& plan, const Options& options, std::span<double> tolerances, std::span<double> growth) {
  const double share = options.relative_tolerance * options.absolute_scale * kTypicalFraction;
  typical_.prepare(plan.parameters);
  typical_.evaluate(plan.start, {}, {}, tolerances);
  for (std::size_t i = 0; i < tolerances.size(); ++i) {
    double size = std::abs(tolerances[i]);
    if (!plan.initial_overrides.empty() && !std::isnan(plan.initial_overrides[i])) size = std::max(size, std::abs(plan.initial_overrides[i]));
    const bool sized = size > 0;
    tolerances[i] = sized ? share * size : kUnsized;
    growth[i] = sized ? 0 : share;
  }
}

bool SubjectSetup::make_consistent(const Moment& now) {
  if (program_.fast.empty()) return solve_algebraic(now);
  if (program_.algebraic.empty()) return equilibrate(now);
  std::vector<double> before;
  for (int round = 0; round < kRounds; ++round) {  // each is solved with the other's quantities as they are
    before.assign(now.states.begin(), now.states.end());
    if (!solve_algebraic(now) || !equilibrate(now)) return false;
    if (std::equal(before.begin(), before.end(), now.states.begin())) return true;
  }
  return solve_algebraic(now);
}

/// Follows the flow of the fast reactions, extent' = rate, to where it rests: implicit Euler steps that grow as the rates fall, so that the last ones
/// are Newton's (pseudo-transient continuation, Kelley and Keyes 1998, doi:10.1137/S0036142996304796).
bool SubjectSetup::equilibrate(const Moment& now) {
  const std::size_t n = program_.fast.size();
  if (n == 0) return true;
  std::size_t changes = 0;
  for (const auto& f : program_.fast) changes += f.change.size();
  std::vector<double> values(n + n * n + changes);
  fast_.prepare(now.parameters);
  double step = 0, last_speed = 0, size = 0;
  for (int k = 0; k < kNewtonSteps; ++k) {
    fast_.evaluate(now.time, now.states, now.bits, values, now.delayed);
    const std::span<double> extent(values.data(), n), matrix(values.data() + n, n * n), change(values.data() + n + n * n, changes);
    double speed = 0;
    size = 0;
    for (const double v : extent) speed += v * v;
    speed = std::sqrt(speed);
    if (speed == 0) return true;
    for (const auto& f : program_.fast) {
      for (const auto& c : f.change) size = std::max(size, std::abs(now.states[c.first]));
    }
    const double steepest = std::abs(*std::max_element(matrix.begin(), matrix.end(), [](double a, double b) { return std::abs(a) < std::abs(b); }));
    step = k > 0 ? step * last_speed / speed * kGrowth : kFirstShare * (size > 0 ? size / speed : 1 / steepest);
    last_speed = speed;
    for (double& m : matrix) m = -m;
    for (std::size_t i = 0; i < n; ++i) matrix[i * n + i] += 1 / step;
    if (!solve_dense(matrix, extent)) return false;
    bool moved = false;
    std::size_t at = 0;
    for (std::size_t i = 0; i < n; ++i) {
      for (const auto& c : program_.fast[i].change) {
        const double shift = extent[i] * change[at++];
        if (!std::isfinite(shift)) return false;
        double& x = now.states[c.first];
        moved = moved || std::abs(shift) > kNewtonWidth * std::max(std::abs(x), kRestWidth * size);
        x += shift;
      }
    }
    if (!moved) break;
  }
  for (const auto& f : program_.fast) {
    for (const auto& c : f.change) {
      if (std::abs(now.states[c.first]) <= kRestWidth * size) now.states[c.first] = 0;
    }
  }
  return true;
}

bool SubjectSetup::solve_algebraic(const Moment& now) {
  const std::size_t n = program_.algebraic.size();
  if (n == 0) return true;
  std::vector<double> values(n + n * n);
  for (const auto& a : program_.algebraic) {
    if (!std::isfinite(now.states[a.state])) now.states[a.state] = 1;  // no value was given: any will do to start from
  }
  algebraic_.prepare(now.parameters);
  for (int step = 0; step < kNewtonSteps; ++step) {
    algebraic_.evaluate(now.time, now.states, now.bits, values, now.delayed);
    const std::span<double> shift(values.data(), n);
    if (std::all_of(shift.begin(), shift.end(), [](double v) { return v == 0; })) return true;
    if (!solve_dense({values.data() + n, n * n}, shift)) return false;
    bool moved = false;
    for (std::size_t k = 0; k < n; ++k) {
      if (!std::isfinite(shift[k])) return false;
      double& z = now.states[program_.algebraic[k].state];
      moved = moved || std::abs(shift[k]) > kNewtonWidth * std::abs(z);
      z -= shift[k];
    }
    if (!moved) return true;
  }
  return true;
}

std::string SubjectSetup::stuck_message(const Moment& now) const {
  compile::Interpreter rates(program_.graph, program_.derivative);
  std::vector<double> values(program_.states.size());
  rates.prepare(now.parameters);
  rates.evaluate(now.time, now.states, now.bits, values, now.delayed);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i]))
      return "the rate of '" + program_.states[i] + "' is no finite number here (a parameter without a value, a division by 0?)";
  }
  return "no step at this time keeps the error within the tolerance; the solution probably blows up";
}

core::RandomStream tie_breaker(const SubjectPlan& plan) { return {plan.seed, plan.subject, "simultaneous events"}; }

EventState SubjectSetup::start_events(const SubjectPlan& plan) const {
  EventState events;
  for (const auto& e : program_.events) events.triggers.push_back(e.initial_value ? 1 : 0);
  events.broken.assign(program_.constraints.size(), 0);
  events.triggers_known = !plan.resumes;
  events.ties = tie_breaker(plan);
  return events;
}

std::vector<double> SubjectSetup::action_values(std::size_t event, const Moment& now) {
  std::vector<double> values(program_.events[event].actions.size());
  events_[event].actions.prepare(now.parameters);
  events_[event].actions.evaluate(now.time, now.states, {}, values, now.delayed);
  return values;
}

void SubjectSetup::note_triggers(EventState& events, const Moment& now, std::vector<std::string>& remarks) {
  std::vector<double> holds(events.triggers.size());
  trigger_.prepare(now.parameters);
  trigger_.evaluate(now.time, now.states, now.bits, holds, now.delayed);
  for (std::size_t k = 0; k < holds.size(); ++k) {
    const auto& definition = program_.events[k];
    const bool rises = events.triggers_known && holds[k] != 0 && events.triggers[k] == 0;
    events.triggers[k] = holds[k];
    if (holds[k] == 0 && !definition.persistent) std::erase_if(events.waiting, [&](const auto& w) { return w.event == k; });
    if (!rises) continue;
    const double delay = events_[k].delay ? evaluate(*events_[k].delay, now) : 0;
    if (!(delay >= 0)) {
      remarks.push_back("event '" + definition.id + "' is not executed: its delay is " +
                        (std::isnan(delay) ? "no number" : core::format_double(delay)) + " at time " + core::format_double(now.time));
      continue;
    }
    events.waiting.push_back({k, now.time + delay, {}});
    if (definition.values_from_trigger_time) events.waiting.back().values = action_values(k, now);
  }
  events.triggers_known = true;
}

void SubjectSetup::check_constraints(EventState& events, const Moment& now, std::vector<std::string>& remarks) {
  if (events.broken.empty()) return;
  std::vector<double> holds(events.broken.size());
  constraint_.prepare(now.parameters);
  constraint_.evaluate(now.time, now.states, now.bits, holds, now.delayed);
  for (std::size_t k = 0; k < holds.size(); ++k) {
    const char broken = holds[k] == 0 ? 1 : 0;
    if (broken > events.broken[k]) remarks.push_back(program_.constraints[k].message + " (from time " + core::format_double(now.time) + " on)");
    events.broken[k] = broken;
  }
}

std::size_t SubjectSetup::most_urgent(EventState& events, const std::vector<std::size_t>& due, const Moment& now) {
  constexpr double kNone = -std::numeric_limits<double>::infinity();
  double highest = kNone;
  std::vector<std::size_t> best;
  for (const std::size_t w : due) {
    const std::size_t k = events.waiting[w].event;
    double priority = events_[k].priority ? evaluate(*events_[k].priority, now) : kNone;
    if (std::isnan(priority)) priority = kNone;
    if (best.empty() || priority > highest) {
      highest = priority;
      best = {w};
    } else if (priority == highest && priority != kNone) {
      best.push_back(w);
    }
  }
  if (best.size() == 1) return best[0];
  const double n = static_cast<double>(best.size());
  return best[std::min(best.size() - 1, static_cast<std::size_t>(events.ties->uniform() * n))];
}

bool SubjectSetup::assign(std::size_t event, std::vector<double> values, const Moment& now) {
  const auto& actions = program_.events[event].actions;
  std::vector<double> volumes(static_cast<std::size_t>(std::count_if(actions.begin(), actions.end(), [](const auto& a) {
    return a.volume.has_value();
  })));
  if (events_[event].volumes) {
    events_[event].volumes->prepare(now.parameters);
    events_[event].volumes->evaluate(now.time, now.states, {}, volumes, now.delayed);
  }
  bool parameter_changed = false;
  for (std::size_t i = 0, v = 0; i < actions.size(); ++i) {
    if (actions[i].volume) values[i] *= volumes[v++];
    (actions[i].is_state ? now.states : now.parameters)[actions[i].index] = values[i];
    parameter_changed = parameter_changed || !actions[i].is_state;
  }
  return parameter_changed;
}

SubjectSetup::EventRound SubjectSetup::run_events(EventState& events, const Moment& now, std::vector<std::string>& remarks) {
  check_constraints(events, now, remarks);
  if (program_.events.empty()) return {};
  note_triggers(events, now, remarks);
  std::vector<std::size_t> due;
  for (std::size_t w = 0; w < events.waiting.size(); ++w) {
    if (events.waiting[w].time <= now.time) due.push_back(w);
  }
  if (due.empty()) return {};
  const std::size_t chosen = most_urgent(events, due, now);
  EventState::Waiting execution = std::move(events.waiting[chosen]);
  events.waiting.erase(events.waiting.begin() + static_cast<std::ptrdiff_t>(chosen));
  if (execution.values.empty()) execution.values = action_values(execution.event, now);
  return {true, assign(execution.event, execution.values, now)};
}

bool raise_to_rounding(const compile::Program& program, std::span<const double> entries, std::span<const double> states, double span,
                       std::span<const double> growth, std::span<double> tolerances) {
  std::vector<double> flow(states.size()), loss(states.size());
  for (std::size_t k = 0; k < entries.size(); ++k) {
    const auto& e = program.jacobian[k];
    flow[e.row] += std::abs(entries[k] * states[e.column]);
    if (e.row == e.column) loss[e.row] = std::abs(entries[k]);
  }
  double largest = 0;
  for (const double x : states) largest = std::max(largest, std::abs(x));
  bool raised = false;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const double rounding = std::max(kRounding * flow[i] * (loss[i] * span > 1 ? 1 / loss[i] : span), kVanishing * largest);
    if (growth[i] == 0 || !std::isfinite(rounding)) continue;
    raised = raised || rounding > 2 * tolerances[i];
    tolerances[i] = std::max(tolerances[i], rounding);
  }
  return raised;
}

std::string coarsen(std::span<const double> states, std::span<const double> growth, std::span<double> tolerances) {
  double largest = 0;
  for (const double x : states) largest = std::max(largest, std::abs(x));
  bool any = false;
  for (std::size_t i = 0; i < states.size(); ++i) {
    any = any || growth[i] > 0;
    tolerances[i] = std::max(tolerances[i], growth[i] * largest);
  }
  if (!any) return "";
  return "states that start at 0 are integrated as if they reached " + core::format_double(largest) +
         ", the largest of all: give them 'typical' sizes where that is wrong";
}

double snapped(const SubjectPlan& plan, double time, double width) {
  const auto nearest = [&](const auto& instants) {
    const auto above = std::lower_bound(instants.begin(), instants.end(), time, [](const auto& i, double t) { return i.time < t; });
    for (auto it = above == instants.begin() ? above : above - 1; it != instants.end() && it <= above; ++it) {
      if (std::abs(it->time - time) <= width) return it->time;
    }
    return time;
  };
  const double seen = nearest(plan.outputs);
  return seen != time ? seen : nearest(plan.stops);
}

double next_event(const SubjectPlan& plan, const EventState& events) {
  const double next = events.next();
  return std::isfinite(next) ? snapped(plan, next, kEventSnap * std::abs(next)) : next;
}

void apply_stop(const SubjectPlan& plan, const Stop& stop, std::span<double> states, std::span<double> rates) {
  switch (stop.kind) {
    case StopKind::Add: states[stop.index] += stop.value; break;
    case StopKind::Replace: states[stop.index] = stop.value; break;
    case StopKind::Multiply: states[stop.index] *= stop.value; break;
    case StopKind::ChangeRate: rates[stop.index] += stop.value; break;
    case StopKind::SetParameter: break;
    case StopKind::SetStates:
      for (std::size_t i = 0; i < states.size(); ++i) {
        if (const double value = plan.vectors[stop.index][i]; !std::isnan(value)) states[i] = value;
      }
      break;
    case StopKind::AddStates:
      for (std::size_t i = 0; i < states.size(); ++i) states[i] += plan.vectors[stop.index][i];
      break;
  }
}

}  // namespace osteosome::solve
