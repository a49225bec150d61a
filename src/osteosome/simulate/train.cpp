// SPDX-License-Identifier: Apache-2.0
#include "train.hpp"

#include <algorithm>
#include <cmath>

#include "osteosome/solve/engine.hpp"

namespace osteosome::simulate {
namespace {

using solve::Stop;
using solve::StopKind;

constexpr double kIntegration = 1e-10;
constexpr double kSameLength = 1e-9;  // of an interval: durations that differ from whole intervals by rounding only
constexpr int kLooks = 8;             // an interval, to see how large each state gets

}  // namespace

/// Doses at start, start + interval ..., and what still runs of the infusions begun before.
void TrainRunner::add_stops(double start, int doses, double end, solve::SubjectPlan& plan) const {
  if (train_.interval == 0) {
    if (train_.rate != 0) plan.stops.push_back({start, StopKind::ChangeRate, train_.state, train_.rate});
    return;
  }
  const double rounding = kSameLength * train_.interval;
  const int earlier = train_.duration > 0 ? static_cast<int>(std::ceil(train_.duration / train_.interval)) : 0;
  for (int k = -earlier; k < doses; ++k) {
    const double from = start + k * train_.interval, to = from + train_.duration;
    if (train_.duration > 0) {
      if (to <= start + rounding) continue;
      plan.stops.push_back({std::max(from, start), StopKind::ChangeRate, train_.state, train_.rate});
      if (to < end - rounding) plan.stops.push_back({to, StopKind::ChangeRate, train_.state, -train_.rate});
    } else if (train_.amount != 0) {
      plan.stops.push_back({from, StopKind::Add, train_.state, train_.amount});
    }
  }
  core::sort_by_time(plan.stops);
}

Orbit TrainRunner::over(const Stretch& stretch, const std::vector<double>& from) const {
  const double interval = train_.interval > 0 ? train_.interval : stretch.length / stretch.doses;
  solve::SubjectPlan plan;
  plan.initial_overrides = from;
  plan.start = stretch.start;
  const double end = stretch.start + stretch.doses * interval;
  add_stops(stretch.start, stretch.doses, end, plan);
  std::uint32_t passed = 0;
  for (int k = 0; k < stretch.doses; ++k) {
    for (int look = 0; look < kLooks; ++look) {
      const double t = stretch.start + k * interval + look * interval / kLooks;
      while (passed < plan.stops.size() && plan.stops[passed].time <= t) ++passed;
      plan.outputs.push_back({t, passed});
    }
  }
  return run(std::move(plan), end);
}

Orbit TrainRunner::after_dose(double dose_time, double since, const std::vector<double>& from) const {
  solve::SubjectPlan plan;
  plan.initial_overrides = from;
  plan.start = dose_time;
  add_stops(dose_time, 1, std::max(dose_time + since, dose_time + kSameLength * train_.interval), plan);
  return run(std::move(plan), dose_time + since);
}

Orbit TrainRunner::run(solve::SubjectPlan plan, double end) const {
  plan.parameters = parameters_;
  plan.resumes = true;
  plan.outputs.push_back({end, static_cast<std::uint32_t>(plan.stops.size())});
  solve::Options options;
  options.relative_tolerance = kIntegration;
  Orbit orbit;
  orbit.result = solve::run_reference(program_, plan, options);
  if (!orbit.completed()) return orbit;
  const std::size_t n = program_.states.size();
  orbit.peak.assign(n, 0);
  for (std::size_t k = 0; k < orbit.result.states.size(); ++k) orbit.peak[k % n] = std::max(orbit.peak[k % n], std::abs(orbit.result.states[k]));
  orbit.end.assign(orbit.result.states.end() - static_cast<std::ptrdiff_t>(n), orbit.result.states.end());
  return orbit;
}

}  // namespace osteosome::simulate
