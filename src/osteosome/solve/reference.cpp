// SPDX-License-Identifier: Apache-2.0
#include "reference.hpp"

#include <sundials/sundials_version.h>

#include <cmath>
#include <utility>

#include "osteosome/solve/engine.hpp"

namespace osteosome::solve {
namespace {

constexpr double kShortestDelay = 1e-4;  // of the time to the next output
constexpr double kStandstill = 1e-12;  // progress of many steps, relative to time, below which the solver stands still
constexpr double kNoTime = 16 * 2.220446049250313e-16;

template <class T, class F>
std::vector<expr::NodeId> nodes(const std::vector<T>& items, F node) {
  std::vector<expr::NodeId> roots;
  for (const auto& item : items) roots.push_back(node(item));
  return roots;
}

std::vector<Margin> margins_of(const compile::Program& program) {
  std::vector<Margin> margins;
  for (std::uint32_t k = 0; k < program.switches.size(); ++k) {
    const auto& s = program.switches[k];
    if (s.time_slope) continue;
    margins.push_back({k, s.level ? Margin::Kind::Upper : Margin::Kind::Gap});
    if (s.level) margins.push_back({k, Margin::Kind::Lower});
  }
  return margins;
}

}  // namespace

Reference::Reference(const compile::Program& program, std::size_t subject, const Options& options, const std::stop_token& stop, const Decide& decide)
    : stop_requested_(stop), program_(program), subject_(subject), options_(options), decide_(decide), n_(program.states.size()), setup_(program),
      timed_(program), margins_(margins_of(program)), derivative_(program.graph, program.derivative),
      jacobian_(program.graph, nodes(program.jacobian, [](const auto& e) { return e.node; })),
      gaps_(program.graph, nodes(program.switches, [](const auto& s) { return s.gap; })),
      residuals_(program.graph, nodes(program.algebraic, [](const auto& a) { return a.residual; })), history_(program),
      bits_(program.switches.size()), gap_(program.switches.size()), watched_(program.switches.size()), rates_(n_), delayed_(program.delays.size()),
      solver_(make_integrator(program, *this, options.relative_tolerance)) {}

/// `plan` becomes what decisions make of it.
SubjectResult Reference::run(SubjectPlan& plan) {
  if (plan.from ? go_on(*plan.from) : begin(std::move(plan))) integrate();
  clock_.result.time_reached = now_.time;
  plan = std::move(clock_.plan);
  return std::move(clock_.result);
}

bool Reference::begin(SubjectPlan&& plan) {
  clock_ = SubjectClock(program_, std::move(plan), setup_);
  setup_.absolute_tolerances(clock_.plan, options_, solver_->tolerances(), solver_->growth());
  const std::span<double> x = solver_->states();
  setup_.initial_states(clock_.plan, x);
  prepare_parameters();
  const auto undefined = [&] { return std::any_of(x.begin(), x.end(), [](double v) { return !std::isfinite(v); }); };
  if (undefined()) (void)setup_.make_consistent(moment());  // a quantity without a value that an equation determines
  if (undefined()) return fail(Status::NotFinite, "an initial value is not finite");
  history_.start(now_.time, x, now_.parameters);
  return true;
}

bool Reference::go_on(const SubjectState& state) {
  clock_ = SubjectClock(fingerprint(program_), state, EngineKind::Reference);
  history_.set_past(state.past);
  put_back(state.progress);
  return true;
}

void Reference::integrate() {
  bool changed = true;
  while (true) {
    const Next next = pass_instant(changed);
    if (next == Next::Over) return;
    if (next == Next::Instant) {
      changed = true;
      continue;
    }
    if (changed) start_solver();
    changed = false;
    if (!step(changed)) return;
  }
}

/// At every instant (docs/reference/event-table.md): the outputs that stand before the doses, decisions, the doses, then triggers and events, the
/// outputs after them, and last the branches that are left only after this instant. `changed`: something has happened since the last step.
Reference::Next Reference::pass_instant(bool changed) {
  if (changed && !std::exchange(settled_, false) && (now_.fresh || !clock_.stop_due()) && !settle()) return Next::Over;
  now_.fresh = false;
  while (clock_.next_output() <= now_.time) write_output();
  while (decide_ && clock_.next_decision() <= now_.time) {
    if (const Next next = decide(solver_->states()); next != Next::Step) return next;
  }
  if (clock_.finished()) return Next::Over;
  if (clock_.stop_due()) {
    if (clock_.pass_stop(solver_->states(), rates_).kind == StopKind::SetParameter) prepare_parameters();
    return Next::Instant;
  }
  if (changed && now_.late.empty()) look_ahead();
  if (!now_.late.empty()) {
    pass_late();
    return Next::Instant;
  }
  if (!changed) return Next::Step;
  keep();
  change_ = timed_.next(clock_.plan, now_.time, now_.parameters, bits_);
  if (change_.time > now_.time) return Next::Step;
  for (const std::uint32_t k : change_.branches) flip(k);
  return Next::Instant;
}

void Reference::write_output() {
  look_up_delayed();
  clock_.write_output(solver_->states(), delayed_);
}

bool Reference::fail(Status status, const std::string& message) {
  clock_.result.status = status;
  clock_.result.message = message;
  return false;
}

void Reference::start_solver() {
  note_echoes();
  solver_->restart(now_.time, next_stop(), std::exchange(begun_, true));
  restarted_ = now_.time;
  counted_ = {};
  started_ = true;
  watch_decisions();
}

/// Integrates to the next output, stop, event or crossing. Returns false when the subject is finished, with or without success.
bool Reference::step(bool& changed) {
  const double event = next_event(clock_.plan, now_.events);
  const double end = next_stop();
  const double target = std::min(end, clock_.next_output());
  const auto reach_end = [&] {
    if (now_.time >= event) {
      now_.time = std::max(now_.time, now_.events.next());
      changed = true;
    }
    if (now_.time >= change_.time) {
      pass_boundaries(change_.branches);
      change_ = {};
      changed = true;
    }
    if (now_.time >= next_echo()) {
      echo_ = echoes_.begin()->second;
      echoes_.erase(echoes_.begin(), echoes_.upper_bound(now_.time));
      changed = true;
    }
  };
  if (end - now_.time <= kNoTime * std::max(std::abs(now_.time), std::abs(end))) {  // closer than CVODES can step
    now_.time = end;
    reach_end();
    return true;
  }
  if (stop_requested_.stop_requested()) {
    (void)fail(Status::Cancelled, "");
    return false;
  }
  const double before = now_.time;
  looks_ahead_ = 0;
  if (std::exchange(started_, false)) seen_ = std::max(seen_, target);  // CVODES' first step depends on it
  const auto advance = solve_to(target, has_delays() ? target : end);
  if (const Next next = decide_behind(); next != Next::Step) {
    changed = true;
    return next != Next::Over;
  }
  if (advance == Integrator::Advance::Root) {
    found_crossings();
    changed = true;
  } else if (advance == Integrator::Advance::Stop) {
    now_.time = has_delays() ? target : end;
  }
  reach_end();
  count();
  const bool busy = advance == Integrator::Advance::Busy, failed = advance == Integrator::Advance::Failed;
  const bool stands = busy && now_.time - before <= kStandstill * std::max(std::abs(now_.time), end - now_.time);
  const bool relaxed = (busy || failed) && relax(end);
  if (failed && relaxed) changed = true;
  if ((stands || failed) && !relaxed && !std::exchange(coarse_, true)) {
    const std::string said = coarsen(solver_->states(), solver_->growth(), solver_->tolerances());
    changed = !said.empty();
    if (changed) clock_.result.remarks.push_back(said);
    if (changed) return true;
  }
  if ((stands || failed) && !relaxed) {
    (void)fail(Status::StepSizeTooSmall, setup_.stuck_message(moment()));
    return false;
  }
  if (clock_.result.statistics.steps > options_.max_steps) {
    (void)fail(Status::TooManySteps, "more than " + std::to_string(options_.max_steps) + " steps");
    return false;
  }
  return true;
}

Integrator::Advance Reference::solve_to(double target, double stop) {
  if (!has_delays()) return solver_->advance(target, stop, false, now_.time);
  const double shortest = history_.look_up(now_.time, solver_->states(), delayed_);
  if (shortest < 0) return Integrator::Advance::Failed;
  // So that a step sees only what lies before it; far shorter delays are interpolated within the step.
  solver_->limit_step(shortest > 0 ? std::max(shortest, kShortestDelay * (stop - now_.time)) : stop - now_.time);
  const auto advance = solver_->advance(target, stop, true, now_.time);
  if (advance != Integrator::Advance::Failed) history_.add_step(now_.time, solver_->taylor(now_.time));
  return advance;
}

/// Adds the solver's counters, which start again at each restart.
void Reference::count() {
  const auto done = solver_->count();
  clock_.result.statistics.steps += static_cast<std::uint64_t>(std::max(done.steps - counted_.steps, 0L));
  clock_.result.statistics.rejected += static_cast<std::uint64_t>(std::max(done.failures - counted_.failures, 0L));
  counted_ = done;
}

/// Where the solver hardly moves or gives up: no state without a size need be more accurate than rounding of its flows allows, or
/// than what it reaches in no time. Returns whether that
/// changes anything.
bool Reference::relax(double end) {
  std::vector<double> entries(program_.jacobian.size());
  jacobian(now_.time, solver_->states(), entries);
  const std::span<double> x = solver_->states(), tolerance = solver_->tolerances(), growth = solver_->growth();
  bool raised = raise_to_rounding(program_, entries, x, end - now_.time, growth, tolerance);
  for (std::size_t i = 0; i < n_ && now_.time - restarted_ <= 2 * kNothing * (end - restarted_); ++i) {  // a step or two after the restart
    if (growth[i] == 0 || std::abs(x[i]) <= 2 * tolerance[i]) continue;
    tolerance[i] = std::abs(x[i]);
    raised = true;
  }
  return raised;
}

/// What jumps now jumps again where it is seen with a delay, and as often again as delays may be nested.
void Reference::note_echoes() {
  const std::size_t order = std::exchange(echo_, 0) + 1;
  for (std::size_t k = 0; order <= delayed_.size() && k < delayed_.size(); ++k) {
    const double ago = history_.duration(k, now_.time, solver_->states(), delayed_);
    if (ago > 0) echoes_.emplace(now_.time + ago, order);
  }
}

bool Reference::derivative(double t, std::span<const double> x, std::span<double> dx) {
  seen_ = std::max(seen_, t);
  if (has_delays() && history_.look_up(t, x, delayed_) < 0) return false;
  derivative_.evaluate(t, x, bits_, dx, delayed_);
  bool finite = true;
  for (std::size_t i = 0; i < n_; ++i) {
    dx[i] += rates_[i];
    finite = finite && std::isfinite(dx[i]);
  }
  return finite;
}

void Reference::jacobian(double t, std::span<const double> x, std::span<double> entries) {
  if (has_delays()) (void)history_.look_up(t, x, delayed_);
  jacobian_.evaluate(t, x, bits_, entries, delayed_);
}

void Reference::margins(double t, std::span<const double> x, std::span<double> margins) {
  if (has_delays()) (void)history_.look_up(t, x, delayed_);
  gaps_.evaluate(t, x, bits_, watched_, delayed_);
  for (std::size_t m = 0; m < margins_.size(); ++m) {
    const std::uint32_t k = margins_[m].branch;
    const double gap = watched_[k];
    margins[m] = margins_[m].kind == Margin::Kind::Gap ? gap : margins_[m].kind == Margin::Kind::Lower ? gap - bits_[k] : bits_[k] + 1 - gap;
  }
}

void Reference::residuals(double t, std::span<const double> x, std::span<double> residuals) {
  if (has_delays()) (void)history_.look_up(t, x, delayed_);
  residuals_.evaluate(t, x, bits_, residuals, delayed_);
}

void Reference::prepare_parameters() {
  derivative_.prepare(now_.parameters);
  jacobian_.prepare(now_.parameters);
  gaps_.prepare(now_.parameters);
  residuals_.prepare(now_.parameters);
}

SubjectResult run_reference(const compile::Program& program, const SubjectPlan& plan, const Options& options, const std::stop_token& stop) {
  SubjectPlan own = plan;
  const Decide none;
  return Reference(program, 0, options, stop, none).run(own);
}

std::string sundials_version() {
  char version[32] = "";
  SUNDIALSGetVersion(version, sizeof version);
  return version;
}

}  // namespace osteosome::solve
