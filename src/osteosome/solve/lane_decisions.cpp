// SPDX-License-Identifier: Apache-2.0
// Decisions of the lane integrator (docs/decisions/0030-resumable-subjects.md): no step is shortened for one; where it changes the stops, the lane
// goes back to the first step that a stop at its time would have changed.
#include <algorithm>

#include "lane_block.hpp"

namespace osteosome::solve {
namespace {

/// A stop nearer than two proposed steps changes the step (LaneBlock::choose_step); some more for rounding.
constexpr double kStepsSeen = 2.1;
/// Of time: an event this near before a stop is executed at the stop (twice the width of `next_event`).
constexpr double kEventsSeen = 2e-9;

}  // namespace

void LaneBlock::copy_column(const AlignedArray& array, std::size_t l, std::span<double> column) const {
  for (std::size_t i = 0; i < column.size(); ++i) column[i] = at(array, i, l);
}

Progress LaneBlock::progress(std::size_t l) const {
  const Lane& lane = lane_[l];
  Progress now;
  const auto column = [&](const AlignedArray& array) {
    std::vector<double> values(n_);
    copy_column(array, l, values);
    return values;
  };
  now.instant = lane.now;
  now.states = column(x_);
  now.rates = column(rates_);
  now.tolerances = column(atol_);
  now.growth = column(growth_);
  for (std::uint32_t k = 0; k < code_.n_switches; ++k) now.bits.push_back(slot(at_.bits + k, l));
  now.statistics = lane.result.statistics;
  now.remarks = lane.result.remarks.size();
  now.lane = lane.course;
  return now;
}

void LaneBlock::put_back(std::size_t l, const Progress& progress) {
  Lane& lane = lane_[l];
  lane.before_skip.reset();
  lane.before_ask.reset();
  lane.go_back(progress);
  lane.course = progress.lane;
  for (std::size_t i = 0; i < n_; ++i) {
    at(x_, i, l) = progress.states[i];
    at(rates_, i, l) = progress.rates[i];
    at(atol_, i, l) = progress.tolerances[i];
    at(growth_, i, l) = progress.growth[i];
    if (progress.rates[i] != 0) has_rate_[i] = 1;
  }
  for (std::uint32_t k = 0; k < code_.n_switches; ++k) slot(at_.bits + k, l) = progress.bits[k];
  lane.parameters_changed = true;
  lane.bits_unknown = lane.to_root = false;
}

const std::string& LaneBlock::program_id() {
  if (program_id_.empty()) program_id_ = fingerprint(program_);
  return program_id_;
}

SubjectState LaneBlock::state_of(std::size_t l) {
  const Lane& lane = lane_[l];
  SubjectState state{EngineKind::Lanes, program_id(), lane.plan, lane.result, lane.kept ? *lane.kept : progress(l), {}};
  state.progress.instant.decision = lane.now.decision;
  return state;
}

/// The first guess of a step may depend on when the next stop is.
void LaneBlock::keep_before_guess(std::size_t l) {
  Lane& lane = lane_[l];
  if (decide_ && lane.course.seen < lane.next_decision() && lane.now.decision < lane.plan.decisions.size()) lane.kept = progress(l);
}

/// Keeps where the lane is if a stop at the next decision would change the step that is about to be made, but none before it.
void LaneBlock::look_ahead(std::size_t l, double end) {
  Lane& lane = lane_[l];
  const double t = lane.now.time, decision = lane.next_decision();
  const double reach = std::min(end + kEventsSeen * std::abs(end), t + kStepsSeen * lane.course.h);
  const bool kept_here = lane.kept && lane.kept->instant.time == t;
  if (lane.course.seen < decision && decision <= reach && !kept_here) lane.kept = progress(l);
  lane.course.seen = std::max(lane.course.seen, reach);
}

/// Asks the next decision of a lane, where its states are `states`.
LaneBlock::Decided LaneBlock::decide(std::size_t l, std::span<const double> states) {
  Lane& lane = lane_[l];
  copy_column(rates_, l, row_);
  const double time = lane.next_decision();
  const auto change = decide_({lane.subject, lane.now.decision, time, states, lane.now.parameters, row_, lane.plan,
                               std::span(lane.plan.stops).subspan(lane.now.stop), [&] { return state_of(l); }});
  if (change && change->suspend) {
    lane.result.state = std::make_shared<const SubjectState>(state_of(l));
    finish(l, Status::Suspended);
    lane.result.time_reached = time;
    return Decided::Over;
  }
  ++lane.now.decision;
  if (!change) return Decided::GoOn;
  lane.replace_stops(*change, lane.kept ? lane.kept->instant.output : lane.now.output);
  if (lane.kept) {
    lane.kept->lane.change.reset();
    put_back(l, *lane.kept);
  }
  lane.course.change.reset();
  return Decided::WentBack;
}

/// Outputs and decisions inside the attempt, up to the last decision there. Returns false if the attempt is not to be accepted.
bool LaneBlock::decide_within(std::size_t l) {
  Lane& lane = lane_[l];
  const double t_new = attempt_end(lane);
  while (asks(l) && lane.next_decision() < t_new) {
    const double time = lane.next_decision();
    write_outputs(l, time);
    interpolate(l, time);
    if (decide(l, state_row_) != Decided::GoOn) return false;
  }
  return true;
}

}  // namespace osteosome::solve
