// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "descent.hpp"
#include "osteosome/core/random.hpp"

namespace osteosome::calibrate {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

/// Where starts of an unknown are spread: two standard deviations of its prior, as far as the bounds allow.
Interval spread(const Unknown& unknown) {
  Interval interval(unknown);
  if (!unknown.prior) return interval;
  const Interval bounds = interval;
  interval.low = std::max(bounds.low, unknown.prior->mean - 2 * unknown.prior->sd);
  interval.high = std::min(bounds.high, unknown.prior->mean + 2 * unknown.prior->sd);
  return interval.low < interval.high ? interval : bounds;
}

/// A Latin hypercube (McKay et al. 1979, doi:10.2307/1268522): each unknown's interval is cut into n strata, every stratum has one
/// point at a random place in it, and the strata of different unknowns are matched at random.
std::vector<Point> latin_hypercube(const std::vector<Unknown>& unknowns, std::size_t n, std::uint64_t seed) {
  std::vector<Point> points(n, Point(unknowns.size()));
  for (std::size_t i = 0; i < unknowns.size(); ++i) {
    core::RandomStream stream(seed, 0, "calibrate start " + unknowns[i].name);
    std::vector<std::size_t> strata(n);
    std::iota(strata.begin(), strata.end(), std::size_t{0});
    for (std::size_t k = n; k > 1; --k) std::swap(strata[k - 1], strata[static_cast<std::size_t>(stream.uniform() * static_cast<double>(k))]);
    const Interval interval = spread(unknowns[i]);
    for (std::size_t k = 0; k < n; ++k) {
      const double share = (static_cast<double>(strata[k]) + stream.uniform()) / static_cast<double>(n);
      points[k][i] = interval.low + share * (interval.high - interval.low);
    }
  }
  return points;
}

std::vector<Point> start_points(const Problem& problem, const Settings& settings) {
  const auto& unknowns = problem.unknowns();
  std::vector<Point> points = latin_hypercube(unknowns, settings.starts - 1, settings.seed);
  Point first;
  for (const auto& u : unknowns) first.push_back(to_transformed(u, u.start));
  points.insert(points.begin(), first);
  for (auto& point : points) point = off_the_bounds(problem, std::move(point));
  return points;
}

Descended descend_from(Problem& problem, const Settings& settings, std::size_t k, const Known& start) {
  if (problem.stopped()) return {start, "stopped on request"};
  return descend(problem, settings, k, start);
}

}  // namespace

Fit fit(const std::vector<Unknown>& unknowns, const Residuals& residuals, const Settings& settings, const std::stop_token& stop) {
  check(unknowns, settings);
  Problem problem(unknowns, residuals, settings.difference, stop);
  const std::vector<Point> starts = start_points(problem, settings);
  std::vector<Evaluated> evaluated = problem.evaluate(starts);
  Fit fit;
  fit.values = to_values(unknowns, starts.front());
  fit.cost = kInfinite;
  Point best;
  for (std::size_t k = 0; k < starts.size(); ++k) {
    if (!evaluated[k]) {
      fit.start_costs.push_back(kInfinite);
      fit.start_outcomes.emplace_back(problem.stopped() ? "stopped on request" : "failed: no residuals at the start");
      continue;
    }
    const Descended end = descend_from(problem, settings, k, {starts[k], std::move(*evaluated[k])});
    fit.start_costs.push_back(cost_of(end.best.residuals));
    fit.start_outcomes.push_back(end.outcome);
    if (fit.start_costs.back() >= fit.cost) continue;
    best = end.best.point;
    fit.cost = fit.start_costs.back();
    fit.residuals = end.best.residuals;
    fit.converged = end.converged;
  }
  if (best.empty()) return fit;
  fit.values = to_values(unknowns, best);
  if (!problem.stopped()) fit.jacobian = problem.central_jacobian(best, fit.residuals);
  if (problem.stopped()) {
    fit.jacobian.clear();
    fit.converged = false;
  }
  return fit;
}

std::vector<std::vector<double>> start_values(const std::vector<Unknown>& unknowns, const Settings& settings) {
  check(unknowns, settings);
  std::vector<std::vector<double>> starts = {{}};
  for (const Unknown& u : unknowns) starts.front().push_back(u.start);
  for (const Point& point : latin_hypercube(unknowns, settings.starts - 1, settings.seed)) starts.push_back(to_values(unknowns, point));
  return starts;
}

Matrix jacobian(const std::vector<Unknown>& unknowns, const Residuals& functions, const std::vector<double>& values, const Settings& settings,
                const std::stop_token& stop) {
  std::vector<Unknown> without_priors = unknowns;
  for (Unknown& u : without_priors) u.prior.reset();
  Problem problem(without_priors, functions, settings.difference, stop);
  const Point at = to_transformed(without_priors, values);
  const Evaluated here = problem.evaluate({at}).front();
  Matrix derivatives = here ? problem.central_jacobian(at, *here) : Matrix();
  if (problem.stopped()) derivatives.clear();
  return derivatives;
}

}  // namespace osteosome::calibrate
