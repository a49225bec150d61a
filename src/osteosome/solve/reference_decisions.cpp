// SPDX-License-Identifier: Apache-2.0
// Decisions of the reference engine (docs/decisions/0030-resumable-subjects.md): no step is shortened for one; where it changes the stops, the
// subject goes back to the last start of the solver before its steps passed the decision.
#include <utility>

#include "reference.hpp"

namespace osteosome::solve {

void Reference::watch_decisions() {
  if (decide_) solver_->watch(std::span(clock_.plan.decisions).subspan(now_.decision));
}

/// Asks the next decision, where the states are `states`. `Step`: nothing has changed.
Reference::Next Reference::decide(std::span<const double> states) {
  const double time = clock_.next_decision();
  const auto change = decide_({subject_, now_.decision, time, states, now_.parameters, rates_, clock_.plan,
                               std::span(clock_.plan.stops).subspan(now_.stop), [this] { return state(); }});
  if (change && change->suspend) {
    clock_.result.state = std::make_shared<const SubjectState>(state());
    now_.time = time;
    (void)fail(Status::Suspended, "");
    return Next::Over;
  }
  ++now_.decision;
  watch_decisions();
  if (!change) return Next::Step;
  clock_.replace_stops(*change, kept_ ? kept_->progress.instant.output : now_.output);
  settled_ = true;
  if (kept_) {
    history_.go_back(kept_->past);
    seen_ = kept_->seen;
    put_back(kept_->progress);
  }
  return Next::Instant;
}

/// Decisions that the solver has passed on its way to now.
Reference::Next Reference::decide_behind() {
  if (!decide_ || !(clock_.next_decision() < now_.time)) return Next::Step;
  const auto states = solver_->watched(now_.time);
  for (const auto& x : states) {
    if (!(clock_.next_decision() < now_.time)) break;
    if (const Next next = decide(x); next != Next::Step) return next;
  }
  return Next::Step;
}

/// Where the solver is about to start, unless it has seen what lies behind the next decision before.
void Reference::keep() {
  if (decide_ && now_.decision < clock_.plan.decisions.size() && seen_ < clock_.next_decision()) kept_ = {progress(), history_.mark(), seen_};
}

Progress Reference::progress() {
  const auto copy = [](std::span<const double> values) { return std::vector(values.begin(), values.end()); };
  return {now_,
          copy(solver_->states()),
          rates_,
          copy(solver_->tolerances()),
          copy(solver_->growth()),
          bits_,
          delayed_,
          clock_.result.statistics,
          clock_.result.remarks.size(),
          {},
          {echoes_, echo_, coarse_, begun_, looks_ahead_}};
}

void Reference::put_back(const Progress& progress) {
  clock_.go_back(progress);
  std::copy(progress.states.begin(), progress.states.end(), solver_->states().begin());
  std::copy(progress.tolerances.begin(), progress.tolerances.end(), solver_->tolerances().begin());
  std::copy(progress.growth.begin(), progress.growth.end(), solver_->growth().begin());
  rates_ = progress.rates;
  bits_ = progress.bits;
  delayed_ = progress.delayed;
  const ReferenceCourse& course = progress.reference;
  echoes_ = course.echoes;
  echo_ = course.echo;
  coarse_ = course.coarse;
  begun_ = course.begun;
  looks_ahead_ = course.looks_ahead;
  change_ = {};
  settled_ = true;
  prepare_parameters();
}

SubjectState Reference::state() {
  const Kept here = kept_ ? *kept_ : Kept{progress(), history_.mark(), seen_};
  SubjectState state{EngineKind::Reference, fingerprint(program_), clock_.plan, clock_.result, here.progress, {}};
  if (has_delays()) state.past = history_.past_until(here.past);
  state.progress.instant.decision = now_.decision;
  return state;
}

}  // namespace osteosome::solve
