// SPDX-License-Identifier: Apache-2.0
// Branch crossings of the lane integrator: found by the gaps along a step, located on the dense output, approached by a shorter step.
#include <algorithm>
#include <cmath>

#include "lane_block.hpp"

namespace osteosome::solve {
namespace {

using compile::Phase;

constexpr double kRootWidth = 1e-10;                          // of a step; far below what the dense output resolves
constexpr int kRootIterations = 60;
constexpr double kSnap = 4;  // root widths: a crossing this near a time of looking is seen there
constexpr double kDipMargin = 0.02;  // a dip this near an end of the step shows at the end itself
constexpr double kNearZero = 0.3;    // how low a fitted minimum must come, as a share of the smaller end, to be looked at

}  // namespace

/// Gaps at the start, the middle and the end of the attempt in every lane. Only the states they depend on are set.
void LaneBlock::gaps_along_step() {
  const std::size_t count = code_.n_switches * lanes_;
  const auto row = [&](std::uint32_t i, const AlignedArray& states) { std::copy_n(&states[i * lanes_], lanes_, slot(at_.states + i)); };
  for (std::size_t l = 0; l < lanes_; ++l) slot(at_.time, l) = lane_[l].t;
  for (const std::uint32_t i : gap_states_) row(i, x_);
  evaluator_.run(Phase::Gaps, block_.get());
  std::copy_n(slot(at_.gaps), count, gap_start_.get());

  if (!gap_states_.empty()) dense_coefficients();
  for (const std::uint32_t i : gap_states_) {
    for (std::size_t l = 0; l < lanes_; ++l) slot(at_.states + i, l) = dense(l, i, 0.5);
  }
  for (std::size_t l = 0; l < lanes_; ++l) slot(at_.time, l) = lane_[l].t + 0.5 * lane_[l].h_try;
  evaluator_.run(Phase::Gaps, block_.get());
  std::copy_n(slot(at_.gaps), count, gap_middle_.get());

  for (std::size_t l = 0; l < lanes_; ++l) slot(at_.time, l) = attempt_end(lane_[l]);
  for (const std::uint32_t i : gap_states_) row(i, new_x_);
  evaluator_.run(Phase::Gaps, block_.get());
  std::copy_n(slot(at_.gaps), count, gap_end_.get());
}

/// A signed gap that is positive at the start, the middle and the end may still dip below zero in between: the minimum of the parabola through the
/// three, if it comes near zero, is a place to look.
void LaneBlock::find_dips(std::size_t l, std::uint32_t bit, double start, double middle, double end, std::vector<Bracket>& dips) const {
  const double curvature = 2 * (start - 2 * middle + end);
  const double slope = -3 * start + 4 * middle - end;
  if (!(curvature > 0)) return;
  const double theta = -slope / (2 * curvature);
  const double lowest = start - slope * slope / (4 * curvature);
  if (theta > kDipMargin && theta < 1 - kDipMargin && lowest < kNearZero * std::min(start, end)) dips.push_back({l, bit, 0, theta, 0, 0, 0, 0});
}

/// Removes from `candidates` the lanes whose attempt crossed a branch boundary, once or there and back; they repeat the step up to the crossing.
void LaneBlock::find_crossings(std::vector<std::size_t>& candidates) {
  gaps_along_step();
  std::vector<Bracket> brackets, dips;
  for (const std::size_t l : candidates) {
    Lane& lane = lane_[l];
    if (lane.flips_in_place > kFlipsInPlace) continue;
    for (std::uint32_t k = 0; k < code_.n_switches; ++k) {
      if (lane.to_root && std::find(lane.flips.begin(), lane.flips.end(), k) != lane.flips.end()) continue;
      const bool bit = slot(at_.bits + k, l) != 0;
      const double sign = bit ? 1 : -1;
      const double middle = sign * at(gap_middle_, k, l);
      const double end = sign * at(gap_end_, k, l);
      const double g = at(gap_end_, k, l);
      const bool holds = program_.switches[k].inclusive ? g >= 0 : g > 0;
      if (holds != bit) {
        brackets.push_back({l, k, 0, 1, 0, end, 0, 0});
      } else if (middle < 0) {
        brackets.push_back({l, k, 0, 0.5, 0, middle, 0, 0});
      } else {
        find_dips(l, k, sign * at(gap_start_, k, l), middle, end, dips);
      }
    }
  }
  if (!dips.empty()) {
    signed_gaps(dips, [](const Bracket& b) { return b.b; });
    for (Bracket& dip : dips) {
      dip.gb = dip.theta;
      if (dip.gb < 0) brackets.push_back(dip);
    }
  }
  if (brackets.empty()) return;
  locate(brackets);
  std::erase_if(candidates, [&](std::size_t l) {
    std::vector<Bracket> mine;
    for (const Bracket& b : brackets) {
      if (b.lane == l) mine.push_back(b);
    }
    if (mine.empty()) return false;
    approach_root(l, mine);
    return true;
  });
}

/// Signed gap of each bracket at `theta_of(bracket)` of the step, left in its `theta`; positive where the frozen bit is right. A negative theta skips
/// the bracket. Brackets of one lane take turns.
template <class Theta>
void LaneBlock::signed_gaps(std::vector<Bracket>& brackets, Theta theta_of) {
  std::vector<char> done(brackets.size(), 0);
  for (std::size_t left = brackets.size(); left > 0;) {
    std::vector<std::size_t> turn;
    std::vector<char> used(lanes_, 0);
    for (std::size_t m = 0; m < brackets.size(); ++m) {
      const std::size_t l = brackets[m].lane;
      if (done[m] || used[l]) continue;
      used[l] = done[m] = 1;
      --left;
      turn.push_back(m);
      const double theta = theta_of(brackets[m]);
      if (theta < 0) continue;
      slot(at_.time, l) = lane_[l].t + theta * lane_[l].h_try;
      for (const std::uint32_t i : gap_states_) slot(at_.states + i, l) = theta == 0 ? at(x_, i, l) : dense(l, i, theta);
    }
    evaluator_.run(Phase::Gaps, block_.get());
    for (const std::size_t m : turn) {
      const double g = slot(at_.gaps + brackets[m].bit, brackets[m].lane);
      brackets[m].theta = slot(at_.bits + brackets[m].bit, brackets[m].lane) != 0 ? g : -g;
    }
  }
}

/// Illinois iteration on the dense output, all brackets side by side.
void LaneBlock::locate(std::vector<Bracket>& brackets) {
  signed_gaps(brackets, [](const Bracket&) { return 0.0; });
  for (Bracket& b : brackets) {
    b.ga = b.start = b.theta;
    if (!(b.ga > 0)) b.b = 0;  // on the wrong side from the start: the crossing is here
  }
  for (int iteration = 0; iteration < kRootIterations; ++iteration) {
    if (std::all_of(brackets.begin(), brackets.end(), [](const Bracket& b) { return b.b - b.a <= kRootWidth; })) return;
    const auto trial = [](const Bracket& b) {
      if (b.b - b.a <= kRootWidth) return -1.0;
      const double secant = b.a + (b.b - b.a) * b.ga / (b.ga - b.gb);
      const double margin = 0.25 * kRootWidth;
      return std::isfinite(secant) ? std::clamp(secant, b.a + margin, b.b - margin) : 0.5 * (b.a + b.b);
    };
    signed_gaps(brackets, trial);
    for (Bracket& b : brackets) {
      const double at_theta = trial(b);
      if (at_theta < 0) continue;
      const double g = b.theta;
      if (g > 0) {
        b.a = at_theta;
        b.ga = g;
        if (b.side == 1) b.gb *= 0.5;
        b.side = 1;
      } else {
        b.b = at_theta;
        b.gb = g == 0 ? -1e-300 : g;
        if (b.side == -1) b.ga *= 0.5;
        b.side = -1;
      }
    }
  }
}

void LaneBlock::approach_root(std::size_t l, const std::vector<Bracket>& brackets) {
  Lane& lane = lane_[l];
  double first = 1;
  for (const Bracket& b : brackets) first = std::min(first, b.b);
  std::vector<std::uint32_t> flips;
  for (const Bracket& b : brackets) {
    if (b.b <= first + kRootWidth) flips.push_back(b.bit);
  }
  const double h_root = first * lane.h_try;
  if (h_root <= kSmallestStep * std::max(std::abs(lane.t), lane.h_try)) {
    lane.held.clear();
    for (const Bracket& b : brackets) {
      if (std::find(flips.begin(), flips.end(), b.bit) != flips.end()) flip(l, b.bit, slot(at_.bits + b.bit, l) != 0 ? b.start : -b.start);
    }
    ++lane.flips_in_place;
    ++lane.result.statistics.switches;
    lane.to_root = false;
    return;
  }
  if (!lane.to_root) lane.h_before_root = lane.h_try;
  lane.flips = std::move(flips);
  lane.to_root = true;
  const double found = lane.t + h_root;
  lane.t_root = snapped(lane.plan, found, kSnap * kRootWidth * lane.h_try);
  if (!(lane.t_root > lane.t)) lane.t_root = found;
  lane.h_try = lane.t_root == found ? h_root : lane.t_root - lane.t;
}

void LaneBlock::flip(std::size_t l, std::uint32_t bit, double gap) {
  slot(at_.bits + bit, l) = slot(at_.bits + bit, l) != 0 ? 0 : 1;
  lane_[l].held.emplace_back(bit, gap);
  lane_[l].events_due = !program_.events.empty() || !program_.constraints.empty();
  if (setup_.has_constraints()) lane_[l].bits_unknown = true;
}

}  // namespace osteosome::solve
