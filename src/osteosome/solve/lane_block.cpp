// SPDX-License-Identifier: Apache-2.0
// The lane integrator: a Rosenbrock method with analytic Jacobian and fresh factorisation every step, per-lane error control, branches
// frozen within a step and their crossings located on dense output (docs/decisions/0006-integrator.md).
#include "lane_block.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "osteosome/core/lane_math.hpp"

namespace osteosome::solve {
namespace {

using compile::Phase;

constexpr double kSafety = 0.8;
constexpr double kShrinkMost = 0.2;
constexpr double kGrowMost = 6.0;
constexpr double kSmallestStepAtZero = 1e-200;
constexpr double kInterpolationTolerance = 10;  // scaled error of the interpolant: a residual estimate, several times too large for smooth steps
constexpr int kEventRounds = 10'000;
constexpr double kAfterCrossingShare = 0.2;  // first step behind a branch crossing, as a share of the step that met it
constexpr std::uint64_t kAfterCrossing = std::uint64_t{1} << 40;

constexpr std::uint64_t kPatience = 20'000;  // steps between two discontinuities; a smooth course takes hundreds
constexpr double kLeastError = 1e-10;  // smaller ones ask for the largest step all the same

}  // namespace

LaneBlock::LaneBlock(const compile::Program& program, const compile::LaneProgram& lane_program, const compile::Evaluator& evaluator,
                     const LaneKernels& kernels, const Options& options)
    : program_(program), code_(lane_program), at_(lane_program.layout), evaluator_(evaluator), kernels_(kernels), options_(options),
      method_(tableau_named(options.method)), setup_(program), timed_(program), lanes_(static_cast<std::size_t>(evaluator.lanes())),
      n_(lane_program.n_states), block_(std::size_t{at_.total} * lanes_), x_(n_ * lanes_), new_x_(n_ * lanes_), atol_(n_ * lanes_),
      growth_(n_ * lanes_), rates_(n_ * lanes_), h_(lanes_), inverse_h_(lanes_), error_(lanes_), factor_(lanes_), mask_(lanes_), zero_(n_ * lanes_),
      gap_start_(code_.n_switches * lanes_), gap_middle_(code_.n_switches * lanes_), gap_end_(code_.n_switches * lanes_), dense_(3 * n_ * lanes_),
      has_rate_(n_, 0), lane_(lanes_), state_row_(n_), bit_row_(code_.n_switches), entry_row_(program.jacobian.size()), row_(n_), growth_row_(n_) {
  for (int i = 0; i < method_.stages; ++i) k_.emplace_back(n_ * lanes_);
  for (std::uint32_t c = 0; c < code_.constants.size(); ++c) std::fill_n(slot(at_.constants + c), lanes_, code_.constants[c]);
  parameter_events_ = !program.parameter_initial.empty();
  for (const auto& e : program.events) {
    for (const auto& a : e.actions) parameter_events_ = parameter_events_ || !a.is_state;
  }
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
  std::fill_n(h_.get(), lanes_, 1.0);
  std::fill_n(inverse_h_.get(), lanes_, 1.0);
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
  lane = Lane{};
  lane.active = true;
  lane.subject = *subject;
  lane.plan = plans(*subject);
  lane.parameters = setup_.initial_parameters(lane.plan);
  lane.t = lane.plan.start;
  lane.result.states.assign(lane.plan.outputs.size() * n_, std::nan(""));
  if (parameter_events_) lane.result.parameters.assign(lane.plan.outputs.size() * lane.parameters.size(), std::nan(""));
  lane.parameters_changed = lane.bits_unknown = true;
  lane.events = setup_.start_events(lane.plan);
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
    growing_ = growing_ || growth_row_[i] > 0;
  }
  for (std::uint32_t k = 0; k < code_.n_switches; ++k) slot(at_.bits + k, l) = 0;
  const auto undefined = [&](std::size_t i) { return !std::isfinite(at(x_, i, l)); };
  for (std::size_t i = 0; i < n_; ++i) {
    if (undefined(i) && setup_.has_constraints()) (void)make_consistent(l);  // a quantity without a value that an equation determines
    if (undefined(i)) {
      finish(l, Status::NotFinite, "initial value of '" + program_.states[i] + "' is not finite");
      break;
    }
  }
  return true;
}

void LaneBlock::finish(std::size_t l, Status status, const std::string& message) {
  Lane& lane = lane_[l];
  lane.active = false;
  lane.result.status = status;
  lane.result.message = message;
  lane.result.time_reached = lane.t;
  finished_.emplace_back(l, lane.subject);
}

void LaneBlock::deliver(const ResultSink& sink) {
  for (const auto& [l, subject] : finished_) sink(subject, lane_[l].plan, std::move(lane_[l].result));
  finished_.clear();
}

double LaneBlock::end_time(const Lane& lane) const {
  const double end = lane.stop < lane.plan.stops.size() ? lane.plan.stops[lane.stop].time : lane.plan.outputs.back().time;
  return lane.events.waiting.empty() ? end : std::min(end, next_event(lane.plan, lane.events));
}

/// Where the current attempt ends.
double LaneBlock::attempt_end(const Lane& lane) const {
  if (lane.to_root) return lane.t_root;
  return lane.to_stop ? end_time(lane) : lane.t + lane.h_try;
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
  initial_step_sizes();
  for (Lane& lane : lane_) {
    if (lane.active) choose_step(lane);
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
    for (std::uint32_t p = 0; p < code_.n_parameters; ++p) slot(at_.parameters + p, l) = lane.parameters[p];
    lane.parameters_changed = false;
    lane.change.reset();
    reload = true;
  }
  if (reload) evaluator_.run(Phase::Prologue, block_.get());
}

/// Outputs, stops and late branches of the current time; returns true if the bits must be looked at again.
bool LaneBlock::pass_stops(std::size_t l) {
  Lane& lane = lane_[l];
  bool changed = false;
  lane.fresh = false;
  while (true) {
    if (changed && (lane.fresh || !stop_due(lane))) return true;
    while (lane.output < lane.plan.outputs.size() && lane.plan.outputs[lane.output].after_stops <= lane.stop &&
           lane.plan.outputs[lane.output].time <= lane.t) {
      for (std::size_t i = 0; i < n_; ++i) state_row_[i] = at(x_, i, l);
      write_output(l, state_row_);
    }
    if (lane.output == lane.plan.outputs.size()) {
      finish(l, Status::Completed);
      return false;
    }
    if (!stop_due(lane)) break;
    const Stop& stop = lane.plan.stops[lane.stop++];
    if (stop.kind == StopKind::SetParameter) {
      lane.parameters[stop.index] = stop.value;
      lane.parameters_changed = true;
    } else {
      std::vector<double> rates(n_);
      for (std::size_t i = 0; i < n_; ++i) {
        state_row_[i] = at(x_, i, l);
        rates[i] = at(rates_, i, l);
      }
      apply_stop(lane.plan, stop, state_row_, rates);
      for (std::size_t i = 0; i < n_; ++i) {
        at(x_, i, l) = state_row_[i];
        at(rates_, i, l) = rates[i];
      }
      if (stop.kind == StopKind::ChangeRate) has_rate_[stop.index] = 1;
    }
    if (stop.kind == StopKind::SetStates) {
      lane.events.begin_anew();
      lane.fresh = true;
    }
    changed = lane.bits_unknown = true;
    lane.held.clear();
    lane.to_root = false;
    restart(lane, std::uint64_t{static_cast<std::uint8_t>(stop.kind)} << 32 | stop.index, 0);
  }
  if (lane.late.empty()) return pass_changes(l);
  for (const std::uint32_t k : lane.late) {
    const auto held = std::find_if(lane.held.begin(), lane.held.end(), [&](const auto& h) { return h.first == k; });
    if (held == lane.held.end()) continue;  // a dose or an event has come between
    const double gap = held->second;
    lane.held.erase(held);
    flip(l, k, gap);
  }
  lane.late.clear();
  return true;
}

/// Flips the branches on the clock that no longer hold right after this instant; returns true if there are any.
bool LaneBlock::pass_changes(std::size_t l) {
  Lane& lane = lane_[l];
  if (timed_.empty() || next_change(l).time > lane.t) return false;
  const auto branches = std::move(lane.change->branches);
  evaluate_gaps();
  for (const std::uint32_t k : branches) {
    std::erase_if(lane.held, [&](const auto& h) { return h.first == k; });
    flip(l, k, slot(at_.gaps + k, l));
  }
  lane.to_root = false;
  ++lane.result.statistics.switches;
  return true;
}

const TimedBranches::Change& LaneBlock::next_change(std::size_t l) {
  Lane& lane = lane_[l];
  if (!lane.change) {
    const Moment now = moment(l);
    lane.change = timed_.next(lane.plan, lane.t, now.parameters, now.bits);
  }
  return *lane.change;
}

/// After a discontinuity: the step size that worked after the last one of this kind, else `fallback` (0: estimate it).
void LaneBlock::restart(Lane& lane, std::uint64_t kind, double fallback) {
  lane.restart_kind = kind;
  lane.attempts = 0;
  lane.after_restart = true;
  lane.just_rejected = false;
  const auto known = lane.step_after.find(kind);
  lane.h = known != lane.step_after.end() ? known->second : fallback;
}

/// Sets the branch bits from the current states where they are not known, then lets events fire.
void LaneBlock::refresh_bits() {
  for (int round = 0; round < kEventRounds; ++round) {
    std::vector<std::size_t> unknown;
    for (std::size_t l = 0; l < lanes_; ++l) {
      Lane& lane = lane_[l];
      if (!lane.active || (stop_due(lane) && !lane.fresh)) continue;
      if (lane.events_due && !lane.bits_unknown && run_events(l)) lane.bits_unknown = true;
      lane.events_due = false;
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
  for (std::size_t l = 0; l < lanes_; ++l) slot(at_.time, l) = lane_[l].t;
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
      auto& held = lane_[l].held;
      if (first_round && pass == 0 && setup_.has_constraints()) {
        for (auto& h : held) h.second = slot(at_.gaps + h.first, l);  // moved by rounding only
      }
      for (std::uint32_t k = 0; k < code_.n_switches; ++k) {
        const double g = slot(at_.gaps + k, l);
        if (std::find(held.begin(), held.end(), std::pair(k, g)) != held.end()) continue;
        const double bit = program_.switches[k].value_at(g);
        double& now = slot(at_.bits + k, l);
        if (now == bit || (std::isnan(now) && std::isnan(bit))) continue;
        now = bit;
        lane_[l].change.reset();
        changed = true;
      }
    }
    if (!changed) return;
  }
}

/// The subject of a lane as the setup sees it; its states are copies in `state_row_`.
Moment LaneBlock::moment(std::size_t l) {
  for (std::uint32_t k = 0; k < code_.n_switches; ++k) bit_row_[k] = slot(at_.bits + k, l);
  for (std::size_t i = 0; i < n_; ++i) state_row_[i] = at(x_, i, l);
  return {lane_[l].t, lane_[l].parameters, state_row_, bit_row_, {}};
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
  const auto done = setup_.run_events(lane.events, moment(l), lane.result.remarks);
  if (!done.executed) return false;
  lane.parameters_changed = lane.parameters_changed || done.parameter_changed;
  for (std::size_t i = 0; i < n_; ++i) at(x_, i, l) = state_row_[i];
  lane.h = 0;
  lane.to_root = false;
  return true;
}

/// First step size where none is known: a hundredth of the time in which the scaled solution changes by its own size. States without a size yet do
/// not count.
void LaneBlock::initial_step_sizes() {
  if (std::none_of(lane_.begin(), lane_.end(), [](const Lane& lane) { return lane.active && lane.h == 0; })) return;
  for (std::size_t l = 0; l < lanes_; ++l) slot(at_.time, l) = lane_[l].t;
  std::copy_n(x_.get(), n_ * lanes_, slot(at_.states));
  evaluator_.run(Phase::Derivative, block_.get());
  for (std::size_t l = 0; l < lanes_; ++l) {
    Lane& lane = lane_[l];
    if (!lane.active || lane.h != 0) continue;
    double size = 0, speed = 0;
    for (std::size_t i = 0; i < n_; ++i) {
      const double weight = at(atol_, i, l) + options_.relative_tolerance * std::abs(at(x_, i, l));
      if (at(growth_, i, l) > 0 && at(x_, i, l) == 0) continue;
      const double x = at(x_, i, l) / weight;
      const double f = (slot(at_.derivative + static_cast<std::uint32_t>(i), l) + at(rates_, i, l)) / weight;
      size += x * x;
      speed += f * f;
    }
    const double span = std::max(end_time(lane) - lane.t, 0.0);
    const double guess = speed > 0 && std::isfinite(speed) ? 0.01 * std::sqrt(size / speed) : 0.01 * span;
    lane.h = std::min(std::max(guess, 1e-9 * span), span);
  }
}

void LaneBlock::choose_step(Lane& lane) {
  const double left = end_time(lane) - lane.t;
  lane.to_stop = false;
  if (lane.to_root) return;  // h_try was set when the crossing was located
  lane.h_try = lane.h;
  if (lane.h >= left * (1 - 1e-10)) {
    lane.h_try = left;
    lane.to_stop = true;
  } else if (lane.h > left / 2) {
    lane.h_try = left / 2;  // two equal steps instead of a long one and a sliver
  }
  if (lane.change && lane.change->time <= attempt_end(lane)) {
    lane.h_before_root = lane.h_try;
    lane.to_root = true;
    lane.flips = lane.change->branches;
    lane.t_root = lane.change->time;
    lane.h_try = lane.t_root - lane.t;
  }
}

void LaneBlock::attempt() {
  dense_ready_ = false;
  for (std::size_t l = 0; l < lanes_; ++l) {
    const double h = lane_[l].active ? lane_[l].h_try : 1.0;
    h_[l] = h;
    inverse_h_[l] = 1 / h;
    slot(at_.inverse_gamma_h, l) = 1 / (method_.gamma * h);
    slot(at_.time, l) = lane_[l].t;
  }
  std::copy_n(x_.get(), n_ * lanes_, slot(at_.states));
  evaluator_.run(Phase::DerivativeAndJacobian, block_.get());
  evaluator_.run(Phase::Factor, block_.get());
  for (int i = 0; i < method_.stages; ++i) stage(i);
  const double* last[] = {k_.back().get()};
  const double one = 1;
  kernels_.combine(new_x_.get(), slot(at_.states), last, &one, 1, n_ * lanes_);
  kernels_.error(error_.get(), k_.back().get(), x_.get(), new_x_.get(), atol_.get(), options_.relative_tolerance, n_, lanes_);
  kernels_.power(factor_.get(), error_.get(), kLeastError, -1.0 / method_.order, lanes_);
}

/// K_i from the stages before it. The stage argument is left in the state slots.
void LaneBlock::stage(int i) {
  if (i > 0) {
    const double* terms[8];
    for (int j = 0; j < i; ++j) terms[j] = k_[static_cast<std::size_t>(j)].get();
    kernels_.combine_pair(slot(at_.states), x_.get(), slot(at_.rhs), terms, method_.a[i], method_.cc[i], i, n_ * lanes_);
    for (std::size_t l = 0; l < lanes_; ++l) slot(at_.time, l) = lane_[l].t + method_.c[i] * h_[l];
    evaluator_.run(Phase::Derivative, block_.get());
  }
  for (std::uint32_t r = 0; r < n_; ++r) {
    if (has_rate_[r]) kernels_.add_where(slot(at_.derivative + r), &rates_[r * lanes_], lanes_);
  }
  double* k = k_[static_cast<std::size_t>(i)].get();
  if (i == 0) {
    std::copy_n(slot(at_.derivative), n_ * lanes_, slot(at_.rhs));
  } else {
    kernels_.add_scaled(slot(at_.rhs), slot(at_.derivative), inverse_h_.get(), n_, lanes_);
  }
  if (method_.d[i] != 0) {
    for (std::size_t m = 0; m < code_.time_rows.size(); ++m) {
      double* rhs = slot(at_.rhs + code_.time_rows[m]);
      const double* dt = slot(at_.time_derivative + static_cast<std::uint32_t>(m));
      for (std::size_t l = 0; l < lanes_; ++l) rhs[l] = __builtin_fma(h_[l] * method_.d[i], dt[l], rhs[l]);
    }
  }
  evaluator_.run(Phase::Solve, block_.get());
  std::copy_n(slot(at_.rhs), n_ * lanes_, k);
}

void LaneBlock::judge() {
  std::vector<std::size_t> candidates;
  for (std::size_t l = 0; l < lanes_; ++l) {
    if (!lane_[l].active) continue;

    if (error_[l] <= 1) {
      candidates.push_back(l);
    } else {
      reject(l, error_[l]);
    }
  }
  if (code_.n_switches > 0 && !candidates.empty()) find_crossings(candidates);
  check_interpolation(candidates);
  std::fill_n(mask_.get(), lanes_, 0.0);
  for (const std::size_t l : candidates) {
    mask_[l] = 1;
    accept(l);
  }
  kernels_.accept(x_.get(), new_x_.get(), mask_.get(), n_, lanes_);
}

void LaneBlock::reject(std::size_t l, double error) {
  Lane& lane = lane_[l];
  ++lane.result.statistics.rejected;
  const double factor = error < 1e30 ? std::max(kShrinkMost, kSafety * factor_[l]) : kShrinkMost;
  lane.h = lane.h_try * factor;
  lane.to_root = false;
  if (lane.just_rejected && growing_) relax(l);
  lane.just_rejected = true;
  if (lane.h < std::max(kSmallestStep * std::abs(lane.t), kSmallestStepAtZero)) {
    finish(l, Status::StepSizeTooSmall, setup_.stuck_message(moment(l)));
  } else {
    too_many_steps(l);
  }
}

/// After the second rejection in a row: no state without a size need be more accurate than rounding of its flows allows. And one that leaves 0 as a
/// power of time as high as the order of the method never gets a small relative error: at a step this short what it reaches is nothing, and its
/// tolerance.
void LaneBlock::relax(std::size_t l) {
  const Lane& lane = lane_[l];
  const double span = end_time(lane) - lane.t;
  for (std::size_t i = 0; i < n_; ++i) {
    row_[i] = at(atol_, i, l);
    growth_row_[i] = at(growth_, i, l);
    const double y = std::abs(at(new_x_, i, l));
    state_row_[i] = std::isfinite(y) ? std::max(y, std::abs(at(x_, i, l))) : std::abs(at(x_, i, l));
    if (lane.h_try <= kNothing * span && growth_row_[i] > 0) row_[i] = std::max(row_[i], state_row_[i]);
  }
  for (std::size_t k = 0; k < entry_row_.size(); ++k) entry_row_[k] = slot(at_.jacobian + static_cast<std::uint32_t>(k), l);
  raise_to_rounding(program_, entry_row_, state_row_, span, growth_row_, row_);
  for (std::size_t i = 0; i < n_; ++i) at(atol_, i, l) = row_[i];
}

/// Rounding that the Jacobian does not show, of formulas that cancel, can keep steps short for ever.
void LaneBlock::lose_patience(std::size_t l) {
  Lane& lane = lane_[l];
  for (std::size_t i = 0; i < n_; ++i) {
    state_row_[i] = at(x_, i, l);
    row_[i] = at(atol_, i, l);
    growth_row_[i] = at(growth_, i, l);
  }
  lane.coarse = true;
  if (const std::string said = coarsen(state_row_, growth_row_, row_); !said.empty()) lane.result.remarks.push_back(said);
  for (std::size_t i = 0; i < n_; ++i) at(atol_, i, l) = row_[i];
}

void LaneBlock::too_many_steps(std::size_t l) {
  if (++lane_[l].attempts > kPatience && growing_ && !lane_[l].coarse) lose_patience(l);
  const auto& done = lane_[l].result.statistics;
  if (done.steps + done.rejected > options_.max_steps) finish(l, Status::TooManySteps, "more than " + std::to_string(options_.max_steps) + " steps");
}

/// The error control sees the ends of a step, not the interpolant between them, which can be far off when a stiff component is forced. Where an
/// output falls inside a step the residual of the interpolant there, divided by the step's own matrix, estimates its error; too large a one
/// rejects the step. Steps without outputs pay nothing.
void LaneBlock::check_interpolation(std::vector<std::size_t>& candidates) {
  std::vector<std::pair<std::size_t, double>> checked;
  for (const std::size_t l : candidates) {
    const Lane& lane = lane_[l];
    if (lane.output == lane.plan.outputs.size() || lane.plan.outputs[lane.output].after_stops != lane.stop) continue;
    const double t_new = attempt_end(lane);
    const double first = lane.plan.outputs[lane.output].time;
    if (!(first > lane.t && first < t_new)) continue;
    const bool more = lane.output + 1 < lane.plan.outputs.size() && lane.plan.outputs[lane.output + 1].after_stops == lane.stop &&
                      lane.plan.outputs[lane.output + 1].time < t_new;
    checked.emplace_back(l, more ? 0.5 : (first - lane.t) / lane.h_try);
  }
  if (checked.empty()) return;
  dense_coefficients();
  for (const auto& [l, theta] : checked) {
    slot(at_.time, l) = lane_[l].t + theta * lane_[l].h_try;
    kernels_.interpolate(&slot(at_.states, l), &slot(at_.rhs, l), lanes_, &x_[l], &new_x_[l], &dense_[l], method_.dense, theta, n_, lanes_);
  }
  evaluator_.run(Phase::Derivative, block_.get());
  for (const auto& [l, theta] : checked) {
    for (std::uint32_t i = 0; i < n_; ++i) {
      slot(at_.rhs + i, l) = slot(at_.rhs + i, l) / lane_[l].h_try - (slot(at_.derivative + i, l) + at(rates_, i, l));
    }
  }
  evaluator_.run(Phase::Solve, block_.get());
  kernels_.error(inverse_h_.get(), slot(at_.rhs), x_.get(), new_x_.get(), atol_.get(), options_.relative_tolerance, n_, lanes_);
  std::vector<std::size_t> rejected;
  for (const auto& [l, theta] : checked) {
    const double error = inverse_h_[l];
    if (error <= kInterpolationTolerance) continue;
    error_[l] = std::isfinite(error) ? std::max(error / kInterpolationTolerance, 2.0) : error;
    rejected.push_back(l);
  }
  if (rejected.empty()) return;
  kernels_.power(factor_.get(), error_.get(), kLeastError, -1.0 / method_.order, lanes_);
  for (const std::size_t l : rejected) {
    std::erase(candidates, l);
    reject(l, error_[l]);
  }
}

void LaneBlock::accept(std::size_t l) {
  Lane& lane = lane_[l];
  ++lane.result.statistics.steps;
  const double t_new = attempt_end(lane);
  while (lane.output < lane.plan.outputs.size() && lane.plan.outputs[lane.output].after_stops == lane.stop &&
         lane.plan.outputs[lane.output].time < t_new) {
    dense_coefficients();
    const double theta = (lane.plan.outputs[lane.output].time - lane.t) / lane.h_try;
    kernels_.interpolate(state_row_.data(), nullptr, 1, &x_[l], &new_x_[l], &dense_[l], method_.dense, theta, n_, lanes_);
    write_output(l, state_row_);
  }
  lane.t = t_new;
  if (!lane.events.waiting.empty() && lane.t >= next_event(lane.plan, lane.events)) {
    lane.t = std::max(lane.t, lane.events.next());
    lane.bits_unknown = true;
  }
  const double wanted = kSafety * factor_[l];
  const double factor = std::clamp(wanted, kShrinkMost, lane.just_rejected ? 1.0 : kGrowMost);
  lane.just_rejected = false;
  if (lane.after_restart) lane.step_after[lane.restart_kind] = lane.h_try * std::clamp(factor, 0.5, 2.0);
  lane.after_restart = false;
  lane.held.clear();
  if (lane.to_root) {
    for (const std::uint32_t k : lane.flips) {
      const auto& branch = program_.switches[k];
      if (branch.holds_at_boundary(branch.rises(slot(at_.bits + k, l), at(gap_end_, k, l)))) {
        flip(l, k, at(gap_end_, k, l));
      } else {
        lane.late.push_back(k);
        lane.held.emplace_back(k, at(gap_end_, k, l));
      }
    }
    ++lane.result.statistics.switches;
    lane.to_root = false;
    restart(lane, kAfterCrossing | std::uint64_t{lane.flips.front()} << 1 | (slot(at_.bits + lane.flips.front(), l) != 0 ? 1 : 0),
            kAfterCrossingShare * lane.h_before_root);
    lane.flips_in_place = 0;
  } else {
    // A step cut short by a stop says little about the size that would have been possible.
    lane.h = lane.h_try < 0.9 * lane.h ? std::max(lane.h, lane.h_try * factor) : lane.h_try * factor;
    lane.flips_in_place = 0;
  }
  too_many_steps(l);
}

void LaneBlock::write_output(std::size_t l, std::span<const double> states) {
  Lane& lane = lane_[l];
  std::copy(states.begin(), states.end(), lane.result.states.begin() + static_cast<std::ptrdiff_t>(lane.output * n_));
  if (parameter_events_) {
    std::copy(lane.parameters.begin(), lane.parameters.end(),
              lane.result.parameters.begin() + static_cast<std::ptrdiff_t>(lane.output * lane.parameters.size()));
  }
  ++lane.output;
}

/// Coefficients of the interpolant of the attempt, in every lane.
void LaneBlock::dense_coefficients() {
  if (std::exchange(dense_ready_, true)) return;
  const double* terms[8];
  for (int j = 0; j < method_.stages; ++j) terms[j] = k_[static_cast<std::size_t>(j)].get();
  for (int m = 0; m < method_.dense; ++m) {
    kernels_.combine(&dense_[static_cast<std::size_t>(m) * n_ * lanes_], zero_.get(), terms, method_.h[m], method_.stages, n_ * lanes_);
  }
}

double LaneBlock::dense(std::size_t l, std::size_t i, double theta) const {
  double inner = 0;
  for (int m = method_.dense; m-- > 0;) inner = __builtin_fma(theta, inner, dense_[(static_cast<std::size_t>(m) * n_ + i) * lanes_ + l]);
  const double rest = 1 - theta;
  return rest * at(x_, i, l) + theta * (at(new_x_, i, l) + rest * inner);
}

}  // namespace osteosome::solve
