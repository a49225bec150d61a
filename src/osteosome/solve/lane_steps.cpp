// SPDX-License-Identifier: Apache-2.0
// One step attempt in every lane, and what becomes of it.
#include <algorithm>
#include <cmath>
#include <utility>

#include "lane_block.hpp"

namespace osteosome::solve {
namespace {

using compile::Phase;

constexpr double kSafety = 0.8;
constexpr double kShrinkMost = 0.2;
constexpr double kGrowMost = 6.0;
constexpr double kSmallestStepAtZero = 1e-200;
constexpr double kInterpolationTolerance = 10;  // scaled error of the interpolant: a residual estimate, several times too large for smooth steps
constexpr double kAfterCrossingShare = 0.2;  // first step behind a branch crossing, as a share of the step that met it
constexpr std::uint64_t kAfterCrossing = std::uint64_t{1} << 40;

constexpr std::uint64_t kPatience = 20'000;  // steps between two discontinuities; a smooth course takes hundreds
constexpr double kHiddenMost = 2;  // times rtol and the typical size, which is an order of magnitude: what a state that is not looked at may be off
constexpr double kLeastError = 1e-10;  // smaller ones ask for the largest step all the same

}  // namespace

void LaneBlock::attempt() {
  dense_ready_ = false;
  for (std::size_t l = 0; l < lanes_; ++l) {
    const double h = lane_[l].active ? lane_[l].h_try : 1.0;
    h_[l] = h;
    inverse_h_[l] = 1 / h;
    slot(at_.inverse_gamma_h, l) = 1 / (method_.gamma * h);
    slot(at_.time, l) = lane_[l].now.time;
  }
  std::copy_n(x_.get(), n_ * lanes_, slot(at_.states));
  evaluator_.run(Phase::DerivativeAndJacobian, block_.get());
  evaluator_.run(Phase::Factor, block_.get());
  for (int i = 0; i < method_.stages; ++i) stage(i);
  const double* last[] = {k_.back().get()};
  const double one = 1;
  kernels_.combine(new_x_.get(), slot(at_.states), last, &one, 1, n_ * lanes_);
  weigh();
  kernels_.error(error_.get(), k_.back().get(), weights_.get(), n_, lanes_);
  kernels_.power(factor_.get(), error_.get(), kLeastError, -1.0 / method_.order, lanes_);
}

/// What an error in each state may be. A state that is not looked at is worth what those that it feeds can tell: an error that dies away at the rate
/// -J_jj adds J_ij / -J_jj of itself to the state i.
void LaneBlock::weigh() {
  kernels_.weights(weights_.get(), x_.get(), new_x_.get(), atol_.get(), options_.relative_tolerance, n_ * lanes_);
  const double most = kHiddenMost / (kTypicalFraction * options_.absolute_scale);
  for (const Hidden& hidden : hidden_) {
    kernels_.worth(&weights_[hidden.state * lanes_], &atol_[hidden.state * lanes_], most, slot(at_.jacobian + hidden.diagonal), hidden.fed.data(),
                   hidden.weights.data(), hidden.fed.size(), lanes_);
  }
}

/// K_i from the stages before it. The stage argument is left in the state slots.
void LaneBlock::stage(int i) {
  if (i > 0) {
    const double* terms[8];
    for (int j = 0; j < i; ++j) terms[j] = k_[static_cast<std::size_t>(j)].get();
    kernels_.combine_pair(slot(at_.states), x_.get(), slot(at_.rhs), terms, method_.a[i], method_.cc[i], i, n_ * lanes_);
    for (std::size_t l = 0; l < lanes_; ++l) slot(at_.time, l) = lane_[l].now.time + method_.c[i] * h_[l];
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
      kernels_.add_product(slot(at_.rhs + code_.time_rows[m]), h_.get(), method_.d[i], slot(at_.time_derivative + static_cast<std::uint32_t>(m)),
                           lanes_);
    }
  }
  evaluator_.run(Phase::Solve, block_.get());
  std::copy_n(slot(at_.rhs), n_ * lanes_, k);
}

void LaneBlock::judge() {
  candidates_.clear();
  for (std::size_t l = 0; l < lanes_; ++l) {
    if (!lane_[l].active) continue;
    if (lane_[l].course.train.coarse_step()) {
      make_coarse_step(l);
      continue;
    }
    if (error_[l] <= 1) {
      candidates_.push_back(l);
    } else {
      reject(l, error_[l]);
    }
  }
  if (code_.n_switches > 0 && !candidates_.empty()) find_crossings(candidates_);
  check_interpolation(candidates_);
  std::fill_n(mask_.get(), lanes_, 0.0);
  for (const std::size_t l : candidates_) {
    if (decide_ && !decide_within(l)) continue;
    mask_[l] = 1;
    accept(l);
  }
  kernels_.accept(x_.get(), new_x_.get(), mask_.get(), n_, lanes_);
}

void LaneBlock::reject(std::size_t l, double error) {
  Lane& lane = lane_[l];
  ++lane.result.statistics.rejected;
  const double factor = error < 1e30 ? std::max(kShrinkMost, kSafety * factor_[l]) : kShrinkMost;
  lane.course.h = lane.h_try * factor;
  lane.to_root = false;
  if (lane.course.just_rejected && growing_) relax(l);
  lane.course.just_rejected = true;
  if (lane.course.h < std::max(kSmallestStep * std::abs(lane.now.time), kSmallestStepAtZero)) {
    if (lane.before_skip) return reject_skip(l, 0, std::nullopt);  // what was passed over led to where there is no way on
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
  const double span = lane.end() - lane.now.time;
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
  lane.course.coarse = true;
  if (const std::string said = coarsen(state_row_, growth_row_, row_); !said.empty()) lane.result.remarks.push_back(said);
  for (std::size_t i = 0; i < n_; ++i) at(atol_, i, l) = row_[i];
}

void LaneBlock::too_many_steps(std::size_t l) {
  if (++lane_[l].course.attempts > kPatience && growing_ && !lane_[l].course.coarse) lose_patience(l);
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
    const double t_new = attempt_end(lane);
    const double output = lane.next_output(), look = next_look(l), first = std::min(output, look);
    if (!(first > lane.now.time && first < t_new)) continue;
    const bool another = lane.now.output + 1 < lane.plan.outputs.size() && lane.plan.outputs[lane.now.output + 1].after_stops == lane.now.stop &&
                         lane.plan.outputs[lane.now.output + 1].time < t_new;
    const bool more = std::max(output, look) < t_new || (output < t_new && another) || next_look(l, 1) < t_new;
    checked.emplace_back(l, more ? 0.5 : (first - lane.now.time) / lane.h_try);
  }
  if (checked.empty()) return;
  dense_coefficients();
  for (const auto& [l, theta] : checked) {
    slot(at_.time, l) = lane_[l].now.time + theta * lane_[l].h_try;
    kernels_.interpolate(&slot(at_.states, l), &slot(at_.rhs, l), lanes_, &x_[l], &new_x_[l], &dense_[l], method_.dense, theta, n_, lanes_);
  }
  evaluator_.run(Phase::Derivative, block_.get());
  for (const auto& [l, theta] : checked) {
    for (std::uint32_t i = 0; i < n_; ++i) {
      slot(at_.rhs + i, l) = slot(at_.rhs + i, l) / lane_[l].h_try - (slot(at_.derivative + i, l) + at(rates_, i, l));
    }
  }
  evaluator_.run(Phase::Solve, block_.get());
  kernels_.error(inverse_h_.get(), slot(at_.rhs), weights_.get(), n_, lanes_);
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
  write_outputs(l, t_new);
  look_within(l, t_new);
  lane.now.time = t_new;
  if (!lane.now.events.waiting.empty() && lane.now.time >= next_event(lane.plan, lane.now.events)) {
    lane.now.time = std::max(lane.now.time, lane.now.events.next());
    lane.bits_unknown = true;
  }
  const double wanted = kSafety * factor_[l];
  const double factor = std::clamp(wanted, kShrinkMost, lane.course.just_rejected ? 1.0 : kGrowMost);
  lane.course.just_rejected = false;
  if (lane.course.after_restart) lane.course.step_after[lane.course.restart_kind] = lane.h_try * std::clamp(factor, 0.5, 2.0);
  lane.course.after_restart = false;
  lane.now.held.clear();
  if (lane.to_root) {
    for (const std::uint32_t k : lane.flips) {
      const double bit = slot(at_.bits + k, l), value = lane.cross(program_, k, at(gap_end_, k, l), bit);
      if (value != bit) set_bit(l, k, value);
    }
    ++lane.result.statistics.switches;
    lane.to_root = false;
    restart(lane, kAfterCrossing | std::uint64_t{lane.flips.front()} << 1 | (slot(at_.bits + lane.flips.front(), l) != 0 ? 1 : 0),
            kAfterCrossingShare * lane.h_before_root);
    lane.course.flips_in_place = 0;
  } else {
    // A step cut short by a stop says little about the size that would have been possible.
    lane.course.h = lane.h_try < 0.9 * lane.course.h ? std::max(lane.course.h, lane.h_try * factor) : lane.h_try * factor;
    lane.course.flips_in_place = 0;
  }
  too_many_steps(l);
}

/// Outputs within the attempt, before `until`.
void LaneBlock::write_outputs(std::size_t l, double until) {
  Lane& lane = lane_[l];
  while (lane.next_output() < until) {
    interpolate(l, lane.next_output());
    lane.write_output(state_row_);
  }
}

/// The states at a time within the attempt, to `state_row_`.
void LaneBlock::interpolate(std::size_t l, double time) {
  const Lane& lane = lane_[l];
  dense_coefficients();
  const double theta = (time - lane.now.time) / lane.h_try;
  kernels_.interpolate(state_row_.data(), nullptr, 1, &x_[l], &new_x_[l], &dense_[l], method_.dense, theta, n_, lanes_);
}

/// Coefficients of the interpolant of the attempt, in every lane.
void LaneBlock::dense_coefficients() {
  if (!std::exchange(dense_ready_, true)) dense_coefficients(0, n_);
}

/// Those of `count` states.
void LaneBlock::dense_coefficients(std::size_t first, std::size_t count) {
  const double* terms[8];
  for (int j = 0; j < method_.stages; ++j) terms[j] = &k_[static_cast<std::size_t>(j)][first * lanes_];
  for (int m = 0; m < method_.dense; ++m) {
    kernels_.combine(&dense_[(static_cast<std::size_t>(m) * n_ + first) * lanes_], zero_.get(), terms, method_.h[m], method_.stages, count * lanes_);
  }
}

double LaneBlock::dense(std::size_t l, std::size_t i, double theta) const {
  double inner = 0;
  for (int m = method_.dense; m-- > 0;) inner = __builtin_fma(theta, inner, dense_[(static_cast<std::size_t>(m) * n_ + i) * lanes_ + l]);
  const double rest = 1 - theta;
  return rest * at(x_, i, l) + theta * (at(new_x_, i, l) + rest * inner);
}

}  // namespace osteosome::solve
