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
  for (std::size_t l = 0; l < lanes_; ++l) slot(at_.time, l) = lane_[l].now.time;
  for (const std::uint32_t i : gap_states_) row(i, x_);
  evaluator_.run(Phase::Gaps, block_.get());
  std::copy_n(slot(at_.gaps), count, gap_start_.get());

  for (const std::uint32_t i : gap_states_) dense_coefficients(i, 1);
  for (const std::uint32_t i : gap_states_) {
    for (std::size_t l = 0; l < lanes_; ++l) slot(at_.states + i, l) = dense(l, i, 0.5);
  }
  for (std::size_t l = 0; l < lanes_; ++l) slot(at_.time, l) = lane_[l].now.time + 0.5 * lane_[l].h_try;
  evaluator_.run(Phase::Gaps, block_.get());
  std::copy_n(slot(at_.gaps), count, gap_middle_.get());

  for (std::size_t l = 0; l < lanes_; ++l) slot(at_.time, l) = attempt_end(lane_[l]);
  for (const std::uint32_t i : gap_states_) row(i, new_x_);
  evaluator_.run(Phase::Gaps, block_.get());
  std::copy_n(slot(at_.gaps), count, gap_end_.get());
}

/// A margin that is positive at the start, the middle and the end may still dip below zero in between: the minimum of the parabola through the
/// three, if it comes near zero, is a place to look.
void LaneBlock::find_dip(const Bracket& whole, double start, double middle, double end, std::vector<Bracket>& dips) {
  const double curvature = 2 * (start - 2 * middle + end);
  const double slope = -3 * start + 4 * middle - end;
  if (!(curvature > 0)) return;
  const double theta = -slope / (2 * curvature);
  const double lowest = start - slope * slope / (4 * curvature);
  if (!(theta > kDipMargin && theta < 1 - kDipMargin && lowest < kNearZero * std::min(start, end))) return;
  dips.push_back(whole);
  dips.back().b = theta;
}

/// Where the branch `bit` of a lane is left within its attempt, and where it might be.
void LaneBlock::find_brackets(std::size_t l, std::uint32_t bit, std::vector<Bracket>& brackets, std::vector<Bracket>& dips) const {
  const auto& branch = program_.switches[bit];
  const double value = slot(at_.bits + bit, l), last = at(gap_end_, bit, l);
  const auto look = [&](Boundary boundary, bool left) {
    const double middle = boundary.margin(at(gap_middle_, bit, l)), end = boundary.margin(last);
    const Bracket whole{l, bit, boundary, 0, 1, 0, end, 0, 0};
    if (left) {
      brackets.push_back(whole);
    } else if (middle < 0) {
      brackets.push_back({l, bit, boundary, 0, 0.5, 0, middle, 0, 0});
    } else {
      find_dip(whole, boundary.margin(at(gap_start_, bit, l)), middle, end, dips);
    }
  };
  if (!branch.level) return look({value != 0 ? 1.0 : -1.0, 0}, branch.value_at(last) != value);
  look({1, -value}, last < value);
  look({-1, value + 1}, last >= value + 1);
}

/// Removes from `candidates` the lanes whose attempt crossed a branch boundary, once or there and back; they repeat the step up to the crossing.
void LaneBlock::find_crossings(std::vector<std::size_t>& candidates) {
  gaps_along_step();
  std::vector<Bracket> brackets, dips;
  for (const std::size_t l : candidates) {
    Lane& lane = lane_[l];
    if (lane.course.flips_in_place > kFlipsInPlace) continue;
    for (std::uint32_t k = 0; k < code_.n_switches; ++k) {
      if (timed_.contains(k) || (lane.to_root && std::find(lane.flips.begin(), lane.flips.end(), k) != lane.flips.end())) continue;
      find_brackets(l, k, brackets, dips);
    }
  }
  if (!dips.empty()) {
    margins(dips, [](const Bracket& b) { return b.b; });
    for (Bracket& dip : dips) {
      dip.gb = dip.margin;
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

/// Gap and margin of each bracket at `theta_of(bracket)` of the step. A negative theta skips the bracket. Brackets of one lane take turns.
template <class Theta>
void LaneBlock::margins(std::vector<Bracket>& brackets, Theta theta_of) {
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
      slot(at_.time, l) = lane_[l].now.time + theta * lane_[l].h_try;
      for (const std::uint32_t i : gap_states_) slot(at_.states + i, l) = theta == 0 ? at(x_, i, l) : dense(l, i, theta);
    }
    evaluator_.run(Phase::Gaps, block_.get());
    for (const std::size_t m : turn) {
      brackets[m].gap = slot(at_.gaps + brackets[m].bit, brackets[m].lane);
      brackets[m].margin = brackets[m].boundary.margin(brackets[m].gap);
    }
  }
}

/// Illinois iteration on the dense output, all brackets side by side.
void LaneBlock::locate(std::vector<Bracket>& brackets) {
  margins(brackets, [](const Bracket&) { return 0.0; });
  for (Bracket& b : brackets) {
    b.ga = b.margin;
    b.start = b.gap;
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
    margins(brackets, trial);
    for (Bracket& b : brackets) {
      const double at_theta = trial(b);
      if (at_theta < 0) continue;
      const double g = b.margin;
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
    if (b.b <= first + kRootWidth && std::find(flips.begin(), flips.end(), b.bit) == flips.end()) flips.push_back(b.bit);
  }
  const double h_root = first * lane.h_try;
  if (h_root <= kSmallestStep * std::max(std::abs(lane.now.time), lane.h_try)) {
    lane.now.held.clear();
    for (const Bracket& b : brackets) {
      if (std::erase(flips, b.bit) > 0) flip(l, b.bit, b.start);
    }
    ++lane.course.flips_in_place;
    ++lane.result.statistics.switches;
    lane.to_root = false;
    return;
  }
  if (!lane.to_root) lane.h_before_root = lane.h_try;
  lane.flips = std::move(flips);
  lane.to_root = true;
  const double found = lane.now.time + h_root;
  lane.t_root = snapped(lane.plan, found, kSnap * kRootWidth * lane.h_try);
  if (!(lane.t_root > lane.now.time)) lane.t_root = found;
  lane.h_try = lane.t_root == found ? h_root : lane.t_root - lane.now.time;
}

void LaneBlock::flip(std::size_t l, std::uint32_t bit, double gap) {
  lane_[l].now.held.emplace_back(bit, gap);
  set_bit(l, bit, program_.switches[bit].beyond(slot(at_.bits + bit, l), gap));
}

void LaneBlock::set_bit(std::size_t l, std::uint32_t bit, double value) {
  slot(at_.bits + bit, l) = value;
  note_crossing(l, bit, value);
  lane_[l].course.change.reset();
  lane_[l].course.events_due = !program_.events.empty() || !program_.constraints.empty();
  if (settle_after_flip_) lane_[l].bits_unknown = true;
}

}  // namespace osteosome::solve
