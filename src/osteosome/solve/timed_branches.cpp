// SPDX-License-Identifier: Apache-2.0
#include "timed_branches.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "osteosome/solve/subject.hpp"

namespace osteosome::solve {
namespace {

constexpr double kWidth = 1e-13;  // of the time or of what lies ahead, whichever is longer
constexpr int kMostLooks = 20'000;
constexpr int kSamples = 1000;

}  // namespace

TimedBranches::TimedBranches(const compile::Program& program) : program_(program), is_timed_(program.switches.size(), 0) {
  for (std::uint32_t k = 0; k < program.switches.size(); ++k) {
    const auto& s = program.switches[k];
    if (!s.time_slope) continue;
    is_timed_[k] = 1;
    timed_.push_back({k, compile::Interpreter(program.graph, {s.gap}), compile::IntervalInterpreter(program.graph, {s.gap, *s.time_slope})});
  }
}

BranchChange TimedBranches::next(const SubjectPlan& plan, double time, std::span<const double> parameters, std::span<const double> bits) {
  BranchChange first;
  const double end = plan.outputs.back().time, width = kWidth * std::max(std::abs(time), end - time);
  if (!(time + width < end)) return first;
  const Frozen frozen{parameters, bits};
  std::vector<std::pair<double, std::uint32_t>> changes;
  for (Timed& timed : timed_) {
    timed.gap.prepare(parameters);
    const double at = changed(timed, time + width, frozen) ? time : first_change(timed, time + width, end, width, frozen);
    changes.emplace_back(at, timed.branch);
    first.time = std::min(first.time, at);
  }
  if (std::isinf(first.time)) return first;
  for (const auto& [at, branch] : changes) {
    if (at <= first.time + width) first.branches.push_back(branch);
  }
  if (const double planned = snapped(plan, first.time, width); planned > time) first.time = planned;
  return first;
}

bool TimedBranches::changed(Timed& timed, double time, const Frozen& frozen) const {
  double gap = 0;
  timed.gap.evaluate(time, {}, frozen.bits, {&gap, 1});
  return !std::isnan(gap) && program_.switches[timed.branch].value_at(gap) != frozen.bits[timed.branch];
}

/// Halves the span until the gap's bounds tell that nothing changes, or its slope's that it changes at most once.
double TimedBranches::first_change(Timed& timed, double from, double to, double width, const Frozen& frozen) const {
  const auto& branch = program_.switches[timed.branch];
  const double value = frozen.bits[timed.branch];
  std::vector<compile::Interval> spans = {{from, to}};  // still to be looked at, the earliest last
  for (int looks = 0; !spans.empty(); ++looks) {
    const compile::Interval span = spans.back();
    spans.pop_back();
    if (looks == kMostLooks) return by_samples(timed, span.low, to, frozen);
    compile::Interval bounds[2];  // gap, slope
    timed.bounds.evaluate(span, frozen.parameters, frozen.bits, bounds);
    if (branch.value_at(bounds[0].low) == value && branch.value_at(bounds[0].high) == value) continue;
    if (bounds[1].low >= 0 || bounds[1].high <= 0 || span.high - span.low <= width) {
      if (changed(timed, span.high, frozen)) return bisect(timed, span.low, span.high, frozen);
      continue;
    }
    const double middle = 0.5 * (span.low + span.high);
    spans.push_back({middle, span.high});
    spans.push_back({span.low, middle});
  }
  return std::numeric_limits<double>::infinity();
}

/// For formulas that interval arithmetic cannot bound.
double TimedBranches::by_samples(Timed& timed, double from, double to, const Frozen& frozen) const {
  double before = from;
  for (int k = 1; k <= kSamples; ++k) {
    const double at = k == kSamples ? to : from + (to - from) * k / kSamples;
    if (changed(timed, at, frozen)) return bisect(timed, before, at, frozen);
    before = at;
  }
  return std::numeric_limits<double>::infinity();
}

/// The first number at which the value has changed, between one where it has not and one where it has.
double TimedBranches::bisect(Timed& timed, double from, double to, const Frozen& frozen) const {
  while (true) {
    const double middle = 0.5 * (from + to);
    if (!(middle > from && middle < to)) return to;
    (changed(timed, middle, frozen) ? to : from) = middle;
  }
}

}  // namespace osteosome::solve
