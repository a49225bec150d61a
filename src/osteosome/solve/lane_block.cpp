// SPDX-License-Identifier: Apache-2.0
// The lane integrator: a Rosenbrock method with analytic Jacobian and fresh factorisation every step, per-lane error control, branches
// frozen within a step and their crossings located on dense output (docs/decisions/0006-integrator.md).
#include "lane_block.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace osteosome::solve {
namespace {

using compile::Phase;

constexpr int kEventRounds = 10'000;

}  // namespace

LaneBlock::LaneBlock(const compile::Program& program, const compile::LaneProgram& lane_program, const compile::Evaluator& evaluator,
                     const LaneKernels& kernels, const Options& options, const Decide& decide)
    : program_(program), code_(lane_program), at_(lane_program.layout), evaluator_(evaluator), kernels_(kernels), options_(options), decide_(decide),
      method_(tableau_named(options.method)), setup_(program), timed_(program), lanes_(static_cast<std::size_t>(evaluator.lanes())),
      n_(lane_program.n_states), block_(std::size_t{at_.total} * lanes_), x_(n_ * lanes_), new_x_(n_ * lanes_), atol_(n_ * lanes_),
      growth_(n_ * lanes_), rates_(n_ * lanes_), h_(lanes_), inverse_h_(lanes_), error_(lanes_), factor_(lanes_), mask_(lanes_), zero_(n_ * lanes_),
      weights_(n_ * lanes_), gap_start_(code_.n_switches * lanes_), gap_middle_(code_.n_switches * lanes_), gap_end_(code_.n_switches * lanes_),
      dense_(3 * n_ * lanes_), has_rate_(n_, 0), is_observed_(n_, 1), lane_(lanes_), state_row_(n_), bit_row_(code_.n_switches),
      gap_row_(code_.n_switches), entry_row_(program.jacobian.size()), row_(n_), growth_row_(n_) {
  for (int i = 0; i < method_.stages; ++i) k_.emplace_back(n_ * lanes_);
  for (std::uint32_t c = 0; c < code_.constants.size(); ++c) std::fill_n(slot(at_.constants + c), lanes_, code_.constants[c]);
  std::vector<expr::NodeId> gaps;
  settle_after_flip_ = setup_.has_constraints();
  for (const auto& s : program.switches) {
    gaps.push_back(s.gap);
    const bool nested = !program.events.empty() && (program.graph.depends(s.gap) & expr::kOnSwitch) != 0;
    settle_after_flip_ = settle_after_flip_ || s.level || nested;
  }
  const auto needed = program.graph.reachable(gaps);
  for (expr::NodeId id = 0; id < needed.size(); ++id) {
    if (needed[id] && program.graph[id].op == expr::Op::State) gap_states_.push_back(program.graph[id].a);
  }
  find_hidden();
  std::fill_n(h_.get(), lanes_, 1.0);
  std::fill_n(inverse_h_.get(), lanes_, 1.0);
}

/// States that neither what is looked at nor a branch, an event or a constraint depends on.
void LaneBlock::find_hidden() {
  if (!options_.observed || !program_.events.empty() || setup_.has_constraints()) return;
  std::vector<char> seen(n_, 0);  // or put in the list already
  for (const std::uint32_t i : *options_.observed) seen[i] = 1;
  is_observed_ = seen;
  for (const std::uint32_t i : gap_states_) seen[i] = 1;
  std::vector<Hidden> states(n_);
  std::vector<char> decays(n_, 0);
  for (std::uint32_t k = 0; k < program_.jacobian.size(); ++k) {
    const auto& entry = program_.jacobian[k];
    Hidden& hidden = states[entry.column];
    hidden.state = entry.column;
    if (entry.row != entry.column) {
      hidden.feeds.push_back(entry.row);
      hidden.fed.push_back(slot(at_.jacobian + k));
      hidden.weights.push_back(&weights_[entry.row * lanes_]);
    } else {
      hidden.diagonal = k;
      decays[entry.column] = 1;
    }
  }
  const std::function<void(std::uint32_t)> visit = [&](std::uint32_t i) {
    if (std::exchange(seen[i], 1) != 0) return;
    for (const std::uint32_t fed : states[i].feeds) visit(fed);
    if (decays[i] != 0) hidden_.push_back(std::move(states[i]));
  };
  for (std::uint32_t i = 0; i < n_; ++i) visit(i);
}

void LaneBlock::run(const Next& next, const PlanSource& plans, const ResultSink& sink, const std::stop_token& stop) {
  for (std::size_t l = 0; l < lanes_; ++l) load(l, next, plans);
  while (true) {
    if (stop.stop_requested()) {
      for (std::size_t l = 0; l < lanes_; ++l) {
        if (lane_[l].active) finish(l, Status::Cancelled);
      }
      deliver(sink);
      return;
    }
    prepare(sink, next, plans);
    if (std::none_of(lane_.begin(), lane_.end(), [](const Lane& lane) { return lane.active; })) return;
    attempt();
    judge();
  }
}

bool LaneBlock::load(std::size_t l, const Next& next, const PlanSource& plans) {
  Lane& lane = lane_[l];
  const auto subject = next();
  lane.active = subject.has_value();
  if (!lane.active) return false;
  SubjectPlan plan = plans(*subject);
  const auto from = std::move(plan.from);
  lane = Lane{};
  static_cast<SubjectClock&>(lane) = from ? SubjectClock(program_id(), *from, EngineKind::Lanes) : SubjectClock(program_, std::move(plan), setup_);
  lane.active = true;
  lane.subject = *subject;
  if (from) {
    put_back(l, from->progress);
  } else {
    begin(l);
  }
  for (std::size_t i = 0; i < n_; ++i) growing_ = growing_ || at(growth_, i, l) > 0;
  return true;
}

/// Initial states, tolerances and bits of a subject.
void LaneBlock::begin(std::size_t l) {
  Lane& lane = lane_[l];
  lane.parameters_changed = lane.bits_unknown = true;
  setup_.initial_states(lane.plan, state_row_);
  for (std::size_t i = 0; i < n_; ++i) {
    at(x_, i, l) = state_row_[i];
    at(rates_, i, l) = 0;
  }
  double largest = 0;
  for (const double x : state_row_) largest = std::max(largest, std::abs(x));
  setup_.absolute_tolerances(lane.plan, options_, state_row_, growth_row_);
  for (std::size_t i = 0; i < n_; ++i) {
    at(atol_, i, l) = std::max(state_row_[i], kVanishing * largest);
    at(growth_, i, l) = growth_row_[i];
  }
  for (std::uint32_t k = 0; k < code_.n_switches; ++k) slot(at_.bits + k, l) = 0;
  const auto undefined = [&](std::size_t i) { return !std::isfinite(at(x_, i, l)); };
  for (std::size_t i = 0; i < n_; ++i) {
    if (undefined(i) && setup_.has_constraints()) (void)make_consistent(l);  // a quantity without a value that an equation determines
    if (!undefined(i)) continue;
    finish(l, Status::NotFinite, "initial value of '" + program_.states[i] + "' is not finite");
    break;
  }
}

void LaneBlock::finish(std::size_t l, Status status, const std::string& message) {
  Lane& lane = lane_[l];
  if (lane.before_skip && status != Status::Suspended) put_back(l, Progress(*lane.before_skip));  // what came after is not known to be good
  lane.active = false;
  lane.result.status = status;
  lane.result.message = message;
  lane.result.time_reached = lane.now.time;
  finished_.emplace_back(l, lane.subject);
}

void LaneBlock::deliver(const ResultSink& sink) {
  for (const auto& [l, subject] : finished_) sink(subject, lane_[l].plan, std::move(lane_[l].result));
  finished_.clear();
}

/// Where the current attempt ends.
double LaneBlock::attempt_end(const Lane& lane) {
  if (lane.to_root) return lane.t_root;
  return lane.to_stop ? lane.end() : lane.now.time + lane.h_try;
}

/// At every instant (docs/reference/event-table.md): the outputs that stand before the doses, the doses, then triggers and events, the outputs after
/// them, and last the branches that are left only after this instant.
void LaneBlock::prepare(const ResultSink& sink, const Next& next, const PlanSource& plans) {
  for (bool again = true; again;) {
    load_parameters();
    refresh_bits();
    again = false;
    for (std::size_t l = 0; l < lanes_; ++l) {
      if (lane_[l].active) again = pass_stops(l) || again;
    }
    if (!finished_.empty()) {
      std::vector<std::size_t> idle;
      for (const auto& item : finished_) idle.push_back(item.first);
      deliver(sink);
      for (const std::size_t l : idle) again = load(l, next, plans) || again;
    }
  }
  grow_tolerances();
  for (std::size_t l = 0; l < lanes_; ++l) {
    if (lane_[l].active && lane_[l].course.h == 0) keep_before_guess(l);
  }
  initial_step_sizes();
  for (std::size_t l = 0; l < lanes_; ++l) {
    if (lane_[l].active) choose_step(l);
  }
}

/// The size of a state without one of its own is what it has reached, by steps, doses and events.
void LaneBlock::grow_tolerances() {
  if (growing_) kernels_.grow(atol_.get(), growth_.get(), x_.get(), n_ * lanes_);
}

void LaneBlock::load_parameters() {
  bool reload = false;
  for (std::size_t l = 0; l < lanes_; ++l) {
    Lane& lane = lane_[l];
    if (!lane.active || !lane.parameters_changed) continue;
    for (std::uint32_t p = 0; p < code_.n_parameters; ++p) slot(at_.parameters + p, l) = lane.now.parameters[p];
    lane.parameters_changed = false;
    lane.course.change.reset();
    reload = true;
  }
  if (reload) evaluator_.run(Phase::Prologue, block_.get());
}

/// Outputs, decisions, stops and late branches of the current time; returns true if the bits must be looked at again.
bool LaneBlock::pass_stops(std::size_t l) {
  Lane& lane = lane_[l];
  bool changed = false;
  lane.now.fresh = false;
  while (true) {
    if (changed && (lane.now.fresh || !lane.stop_due())) return true;
    while (lane.next_output() <= lane.now.time) {
      copy_column(x_, l, state_row_);
      lane.write_output(state_row_);
    }
    if (asks(l) && lane.next_decision() <= lane.now.time) {
      copy_column(x_, l, state_row_);
      if (const Decided decided = decide(l, state_row_); decided != Decided::GoOn) return decided == Decided::WentBack;
      continue;
    }
    if (lane.finished()) {
      finish(l, Status::Completed);
      return false;
    }
    if (!lane.stop_due()) break;
    if (!changed && advance_train(l)) return false;
    pass_stop(l);
    changed = true;
  }
  if (lane.now.late.empty()) return pass_changes(l);
  for (const auto& [k, value] : std::exchange(lane.now.late, {})) {
    const auto held = std::find_if(lane.now.held.begin(), lane.now.held.end(), [row = k](const auto& h) { return h.first == row; });
    if (held != lane.now.held.end()) set_bit(l, k, value);  // else a dose or an event has come between
  }
  return true;
}

void LaneBlock::pass_stop(std::size_t l) {
  Lane& lane = lane_[l];
  copy_column(x_, l, state_row_);
  copy_column(rates_, l, row_);
  const Stop& stop = lane.pass_stop(state_row_, row_);
  if (stop.kind == StopKind::SetParameter) {
    lane.parameters_changed = true;
  } else {
    for (std::size_t i = 0; i < n_; ++i) {
      at(x_, i, l) = state_row_[i];
      at(rates_, i, l) = row_[i];
    }
    if (stop.kind == StopKind::ChangeRate) has_rate_[stop.index] = 1;
  }
  lane.bits_unknown = true;
  lane.to_root = false;
  restart(lane, std::uint64_t{static_cast<std::uint8_t>(stop.kind)} << 32 | stop.index, 0);
}

/// Flips the branches on the clock that no longer hold right after this instant; returns true if there are any.
bool LaneBlock::pass_changes(std::size_t l) {
  Lane& lane = lane_[l];
  if (timed_.empty() || next_change(l).time > lane.now.time) return false;
  const auto branches = std::move(lane.course.change->branches);
  evaluate_gaps();
  for (const std::uint32_t k : branches) {
    std::erase_if(lane.now.held, [&](const auto& h) { return h.first == k; });
    flip(l, k, slot(at_.gaps + k, l));
  }
  lane.to_root = false;
  ++lane.result.statistics.switches;
  return true;
}

const BranchChange& LaneBlock::next_change(std::size_t l) {
  Lane& lane = lane_[l];
  if (!lane.course.change) {
    const Moment now = moment(l);
    lane.course.change = timed_.next(lane.plan, lane.now.time, now.parameters, now.bits);
  }
  return *lane.course.change;
}

/// After a discontinuity: the step size that worked after the last one of this kind, else `fallback` (0: estimate it).
void LaneBlock::restart(Lane& lane, std::uint64_t kind, double fallback) {
  lane.course.restart_kind = kind;
  lane.course.attempts = 0;
  lane.course.after_restart = true;
  lane.course.just_rejected = false;
  const auto known = lane.course.step_after.find(kind);
  lane.course.h = known != lane.course.step_after.end() ? known->second : fallback;
}

/// Sets the branch bits from the current states where they are not known, then lets events fire.
void LaneBlock::refresh_bits() {
  for (int round = 0; round < kEventRounds; ++round) {
    std::vector<std::size_t> unknown;
    for (std::size_t l = 0; l < lanes_; ++l) {
      Lane& lane = lane_[l];
      if (!lane.active || (lane.stop_due() && !lane.now.fresh)) continue;
      if (lane.course.events_due && !lane.bits_unknown && run_events(l)) lane.bits_unknown = true;
      lane.course.events_due = false;
      if (lane.bits_unknown) unknown.push_back(l);
    }
    load_parameters();
    if (unknown.empty()) return;
    settle_bits(unknown, round == 0);
    for (const std::size_t l : unknown) {
      if (lane_[l].active) lane_[l].bits_unknown = run_events(l);
    }
    load_parameters();
  }
  for (std::size_t l = 0; l < lanes_; ++l) {
    if (lane_[l].active && lane_[l].bits_unknown) finish(l, Status::EventsDoNotSettle, "events cause each other without end");
  }
}

/// Gaps of every lane at its time and states.
void LaneBlock::evaluate_gaps() {
  for (std::size_t l = 0; l < lanes_; ++l) slot(at_.time, l) = lane_[l].now.time;
  std::copy_n(x_.get(), n_ * lanes_, slot(at_.states));
  evaluator_.run(Phase::Gaps, block_.get());
}

/// Branch bits of `lanes`, and quantities that equations determine. A held bit stands while its gap is the one it was held with.
void LaneBlock::settle_bits(const std::vector<std::size_t>& lanes, bool first_round) {
  for (std::uint32_t pass = 0; pass <= code_.n_switches; ++pass) {
    for (const std::size_t l : lanes) {
      if (!setup_.has_constraints() || !lane_[l].active || make_consistent(l)) continue;
      finish(l, Status::NotFinite, "the fast reactions or algebraic equations do not determine one solution here");
    }
    if (code_.n_switches == 0) return;
    evaluate_gaps();
    bool changed = false;
    for (const std::size_t l : lanes) {
      Lane& lane = lane_[l];
      if (first_round && pass == 0 && setup_.has_constraints()) {
        for (auto& h : lane.now.held) h.second = slot(at_.gaps + h.first, l);  // moved by rounding only
      }
      for (std::uint32_t k = 0; k < code_.n_switches; ++k) {
        gap_row_[k] = slot(at_.gaps + k, l);
        bit_row_[k] = slot(at_.bits + k, l);
      }
      if (!lane.settle(program_, gap_row_, bit_row_)) continue;
      for (std::uint32_t k = 0; k < code_.n_switches; ++k) {
        if (slot(at_.bits + k, l) != bit_row_[k]) note_crossing(l, k, bit_row_[k]);
        slot(at_.bits + k, l) = bit_row_[k];
      }
      lane.course.change.reset();
      changed = true;
    }
    if (!changed) return;
  }
}

/// The subject of a lane as the setup sees it; its states are copies in `state_row_`.
Moment LaneBlock::moment(std::size_t l) {
  for (std::uint32_t k = 0; k < code_.n_switches; ++k) bit_row_[k] = slot(at_.bits + k, l);
  for (std::size_t i = 0; i < n_; ++i) state_row_[i] = at(x_, i, l);
  return {lane_[l].now.time, lane_[l].now.parameters, state_row_, bit_row_, {}};
}

bool LaneBlock::make_consistent(std::size_t l) {
  const bool found = setup_.make_consistent(moment(l));
  for (std::size_t i = 0; i < n_; ++i) at(x_, i, l) = state_row_[i];
  return found;
}

/// Executes the most urgent event that is due; returns true if there was one (the bits must then be looked at again).
bool LaneBlock::run_events(std::size_t l) {
  if (program_.events.empty() && program_.constraints.empty()) return false;
  Lane& lane = lane_[l];
  const auto done = setup_.run_events(lane.now.events, moment(l), lane.result.remarks);
  if (!done.executed) return false;
  lane.parameters_changed = lane.parameters_changed || done.parameter_changed;
  for (std::size_t i = 0; i < n_; ++i) at(x_, i, l) = state_row_[i];
  lane.course.h = 0;
  lane.to_root = false;
  return true;
}

/// First step size where none is known: a hundredth of the time in which the scaled solution changes by its own size. States without a size yet do
/// not count.
void LaneBlock::initial_step_sizes() {
  if (std::none_of(lane_.begin(), lane_.end(), [](const Lane& lane) { return lane.active && lane.course.h == 0; })) return;
  for (std::size_t l = 0; l < lanes_; ++l) slot(at_.time, l) = lane_[l].now.time;
  std::copy_n(x_.get(), n_ * lanes_, slot(at_.states));
  evaluator_.run(Phase::Derivative, block_.get());
  for (std::size_t l = 0; l < lanes_; ++l) {
    Lane& lane = lane_[l];
    if (!lane.active || lane.course.h != 0) continue;
    double size = 0, speed = 0;
    for (std::size_t i = 0; i < n_; ++i) {
      const double weight = at(atol_, i, l) + options_.relative_tolerance * std::abs(at(x_, i, l));
      if (at(growth_, i, l) > 0 && at(x_, i, l) == 0) continue;
      const double x = at(x_, i, l) / weight;
      const double f = (slot(at_.derivative + static_cast<std::uint32_t>(i), l) + at(rates_, i, l)) / weight;
      size += x * x;
      speed += f * f;
    }
    const double span = std::max(lane.end() - lane.now.time, 0.0);
    const double guess = speed > 0 && std::isfinite(speed) ? 0.01 * std::sqrt(size / speed) : 0.01 * span;
    lane.course.h = std::min(std::max(guess, 1e-9 * span), span);
  }
}

void LaneBlock::choose_step(std::size_t l) {
  Lane& lane = lane_[l];
  const TrainCourse& train = lane.course.train;
  if (train.coarse_step()) {
    lane.h_try = begin_of(l, train.period + 1) - lane.now.time;
    return;
  }
  const double end = lane.end(), left = end - lane.now.time;
  lane.to_stop = false;
  if (lane.to_root) return;  // h_try was set when the crossing was located
  if (decide_) look_ahead(l, end);
  lane.h_try = lane.course.h;
  if (lane.course.h >= left * (1 - 1e-10)) {
    lane.h_try = left;
    lane.to_stop = true;
  } else if (lane.course.h > left / 2) {
    lane.h_try = left / 2;  // two equal steps instead of a long one and a sliver
  }
  if (lane.course.change && lane.course.change->time <= attempt_end(lane)) {
    lane.h_before_root = lane.h_try;
    lane.to_root = true;
    lane.flips = lane.course.change->branches;
    lane.t_root = lane.course.change->time;
    lane.h_try = lane.t_root - lane.now.time;
  }
}

}  // namespace osteosome::solve
