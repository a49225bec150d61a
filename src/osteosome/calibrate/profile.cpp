// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "descent.hpp"
#include "osteosome/core/diagnostics.hpp"

namespace osteosome::calibrate {
namespace {

std::vector<double> with(std::vector<double> values, std::size_t index, double value) {
  values.insert(values.begin() + static_cast<std::ptrdiff_t>(index), value);
  return values;
}

std::vector<double> without(std::vector<double> values, std::size_t index) {
  values.erase(values.begin() + static_cast<std::ptrdiff_t>(index));
  return values;
}

/// One profile: the other unknowns are fitted with one held.
class Profile {
 public:
  Profile(const std::vector<Unknown>& unknowns, const Residuals& residuals, std::size_t index, const Settings& settings, const std::stop_token& stop)
      : held_(unknowns[index]), others_(unknowns), residuals_(residuals), index_(index), settings_(settings), stop_(stop) {
    others_.erase(others_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  /// Held at `transformed`, from `near`, the values of all; `place` is told to the progress. Not converged is good enough.
  [[nodiscard]] ProfilePoint at(double transformed, const std::vector<double>& near, std::size_t place) const {
    const double value = to_value(held_, transformed);
    const Residuals held = [&](const std::vector<std::vector<double>>& points) { return held_residuals(points, transformed); };
    Settings settings = settings_;
    settings.progress = nullptr;
    if (settings_.progress) {
      settings.progress = [&](const Step& s) { settings_.progress({place, s.iteration, s.cost, with(s.values, index_, value)}); };
    }
    Problem problem(others_, held, settings.difference, stop_);
    Known start{off_the_bounds(problem, to_transformed(others_, without(near, index_))), {}};
    Evaluated first = problem.evaluate({start.point}).front();
    if (!first) return {value, std::numeric_limits<double>::infinity(), std::vector<double>(near.size(), std::nan(""))};
    start.residuals = std::move(*first);
    const Known end = others_.empty() ? start : descend(problem, settings, place, start).best;
    return {value, cost_of(end.residuals), with(to_values(others_, end.point), index_, value)};
  }

 private:
  /// Of the others' values; the prior of the held unknown goes on counting.
  [[nodiscard]] std::vector<std::vector<double>> held_residuals(std::vector<std::vector<double>> points, double transformed) const {
    for (auto& values : points) values = with(std::move(values), index_, to_value(held_, transformed));
    auto all = residuals_(points);
    for (auto& r : all) {
      if (held_.prior && !r.empty()) r.push_back((transformed - held_.prior->mean) / held_.prior->sd);
    }
    return all;
  }

  Unknown held_;
  std::vector<Unknown> others_;
  const Residuals& residuals_;
  std::size_t index_;
  const Settings& settings_;
  std::stop_token stop_;
};

std::vector<double> grid(const Interval& bounds, double centre, double error, std::size_t points) {
  const double low = std::max(bounds.low, centre - 2 * error), high = std::min(bounds.high, centre + 2 * error);
  if (points == 1) return {centre};
  std::vector<double> at;
  for (std::size_t k = 0; k < points; ++k) at.push_back(low + (high - low) * static_cast<double>(k) / static_cast<double>(points - 1));
  return at;
}

}  // namespace

std::vector<ProfilePoint> profile(const std::vector<Unknown>& unknowns, const Residuals& residuals, const Fit& fit, std::size_t index,
                                  std::size_t points, const Settings& settings, const std::stop_token& stop) {
  check(unknowns, settings);
  if (index >= unknowns.size()) throw core::Error(core::ErrorKind::Input, {"calibrate-010", "there is no unknown to profile at that index", {}, ""});
  const double centre = to_transformed(unknowns[index], fit.values[index]);
  const auto at = grid(Interval(unknowns[index]), centre, analyse(unknowns, fit).standard_errors[index], points);
  const Profile profile(unknowns, residuals, index, settings, stop);
  std::vector<ProfilePoint> below, above;
  const auto walk = [&](std::size_t k, std::vector<ProfilePoint>& done) {
    const bool usable = !done.empty() && std::isfinite(done.back().cost);
    ProfilePoint point = profile.at(at[k], usable ? done.back().values : fit.values, k);
    if (!stop.stop_requested()) done.push_back(std::move(point));
  };
  const auto split = static_cast<std::size_t>(std::upper_bound(at.begin(), at.end(), centre) - at.begin());
  for (std::size_t k = split; k-- > 0;) walk(k, below);
  for (std::size_t k = split; k < at.size(); ++k) walk(k, above);
  std::reverse(below.begin(), below.end());
  below.insert(below.end(), above.begin(), above.end());
  return below;
}

}  // namespace osteosome::calibrate
