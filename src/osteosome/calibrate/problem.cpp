// SPDX-License-Identifier: Apache-2.0
#include "problem.hpp"

#include <algorithm>
#include <cmath>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::calibrate {
namespace {

bool all_finite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

std::string shown(double low, double high) { return core::format_double(low) + " to " + core::format_double(high); }

void check_unknown(const Unknown& u, core::Diagnostics& problems) {
  const std::string name = "unknown '" + u.name + "': ";
  if (!all_finite({u.low, u.high}) || u.low >= u.high || (u.logarithmic && u.low <= 0)) {
    problems.add({"calibrate-002", name + "the bounds are " + shown(u.low, u.high), {}, "Finite, low < high, and above 0 if it is logarithmic."});
  } else if (!(u.start >= u.low && u.start <= u.high)) {
    problems.add({"calibrate-003", name + "the start " + core::format_double(u.start) + " is outside " + shown(u.low, u.high), {}, ""});
  }
  if (u.prior && !(all_finite({u.prior->mean, u.prior->sd}) && u.prior->sd > 0)) {
    problems.add({"calibrate-004",
                  name + "the prior has mean " + core::format_double(u.prior->mean) + " and sd " + core::format_double(u.prior->sd),
                  {},
                  "Both finite, sd above 0."});
  }
}

}  // namespace

void check(const std::vector<Unknown>& unknowns, const Settings& settings) {
  core::Diagnostics problems;
  if (unknowns.empty()) problems.add({"calibrate-001", "there is no unknown to fit", {}, ""});
  for (const auto& u : unknowns) check_unknown(u, problems);
  if (settings.starts == 0 || settings.max_iterations < 0) {
    problems.add({"calibrate-005", "there must be a start, and no negative number of iterations", {}, ""});
  }
  if (!(settings.tolerance > 0 && settings.tolerance < 1 && settings.difference > 0 && settings.difference <= 0.5)) {
    problems.add({"calibrate-005",
                  "the tolerance is " + core::format_double(settings.tolerance) + ", the difference " + core::format_double(settings.difference),
                  {},
                  "A tolerance between 0 and 1, a difference above 0 and up to 0.5."});
  }
  problems.throw_if_any(core::ErrorKind::Input);
}

Interval::Interval(const Unknown& unknown) : low(to_transformed(unknown, unknown.low)), high(to_transformed(unknown, unknown.high)) {}

double Interval::clip(double transformed) const { return std::clamp(transformed, low, high); }

double to_transformed(const Unknown& unknown, double value) { return unknown.logarithmic ? std::log(value) : value; }

double to_value(const Unknown& unknown, double transformed) {
  return std::clamp(unknown.logarithmic ? std::exp(transformed) : transformed, unknown.low, unknown.high);
}

Point to_transformed(const std::vector<Unknown>& unknowns, const std::vector<double>& values) {
  Point point;
  for (std::size_t i = 0; i < unknowns.size(); ++i) point.push_back(to_transformed(unknowns[i], values[i]));
  return point;
}

std::vector<double> to_values(const std::vector<Unknown>& unknowns, const Point& point) {
  std::vector<double> values;
  for (std::size_t i = 0; i < unknowns.size(); ++i) values.push_back(to_value(unknowns[i], point[i]));
  return values;
}

double cost_of(std::span<const double> residuals) {
  double sum = 0;
  for (const double r : residuals) sum += r * r;
  return sum / 2;
}

Problem::Problem(const std::vector<Unknown>& unknowns, const Residuals& residuals, double difference, const std::stop_token& stop)
    : unknowns_(unknowns), residuals_(residuals), difference_(difference), stop_(stop), intervals_(unknowns.begin(), unknowns.end()) {}

Evaluated Problem::with_priors(const Point& point, std::vector<double> residuals) {
  if (residuals.empty() || !all_finite(residuals)) return std::nullopt;
  if (!rows_) rows_ = residuals.size();
  if (residuals.size() != *rows_) return std::nullopt;
  for (std::size_t i = 0; i < size(); ++i) {
    if (const auto& prior = unknowns_[i].prior) residuals.push_back((point[i] - prior->mean) / prior->sd);
  }
  return residuals;
}

std::vector<Evaluated> Problem::evaluate(const std::vector<Point>& points) {
  std::vector<Evaluated> evaluated(points.size());
  if (points.empty() || stopped()) return evaluated;
  std::vector<std::vector<double>> values;
  for (const auto& point : points) values.push_back(to_values(unknowns_, point));
  auto residuals = residuals_(values);
  if (residuals.size() != points.size()) {
    throw core::Error(core::ErrorKind::Internal, {"calibrate-007", "residuals of another number of points than was asked for", {}, ""});
  }
  for (std::size_t k = 0; k < points.size(); ++k) evaluated[k] = with_priors(points[k], std::move(residuals[k]));
  return evaluated;
}

bool Problem::inside(const Point& x, std::size_t unknown, double by) const {
  return x[unknown] + by >= intervals_[unknown].low && x[unknown] + by <= intervals_[unknown].high;
}

void Problem::evaluate(const Point& x, std::vector<Neighbour>& neighbours) {
  std::vector<Point> points;
  for (const auto& n : neighbours) {
    points.push_back(x);
    points.back()[n.unknown] += n.by;
  }
  auto evaluated = evaluate(points);
  for (std::size_t k = 0; k < neighbours.size(); ++k) neighbours[k].residuals = std::move(evaluated[k]);
}

Matrix Problem::differences(const std::vector<double>& r, const std::vector<Neighbour>& neighbours) const {
  Matrix jacobian(r.size(), std::vector<double>(size(), 0));
  for (std::size_t i = 0; i < size(); ++i) {
    const std::vector<double>*above = &r, *below = &r;
    double width = 0;
    for (const auto& n : neighbours) {
      if (n.unknown != i || !n.residuals) continue;
      (n.by > 0 ? above : below) = &*n.residuals;
      width += std::abs(n.by);
    }
    for (std::size_t row = 0; width > 0 && row < r.size(); ++row) jacobian[row][i] = ((*above)[row] - (*below)[row]) / width;
  }
  return jacobian;
}

Matrix Problem::forward_jacobian(const Point& x, const std::vector<double>& r) {
  std::vector<Neighbour> neighbours, again;
  for (std::size_t i = 0; i < size(); ++i) neighbours.push_back({i, x[i] <= intervals_[i].middle() ? step(i) : -step(i)});
  evaluate(x, neighbours);
  for (const auto& n : neighbours) {
    if (!n.residuals && inside(x, n.unknown, -n.by)) again.push_back({n.unknown, -n.by});
  }
  evaluate(x, again);
  neighbours.insert(neighbours.end(), again.begin(), again.end());
  return differences(r, neighbours);
}

Matrix Problem::central_jacobian(const Point& x, const std::vector<double>& r) {
  const double widening = std::pow(difference_, -1.0 / 3);
  std::vector<Neighbour> neighbours;
  for (std::size_t i = 0; i < size(); ++i) {
    for (const double by : {widening * step(i), -widening * step(i)}) {
      if (inside(x, i, by)) neighbours.push_back({i, by});
    }
  }
  evaluate(x, neighbours);
  return differences(r, neighbours);
}

}  // namespace osteosome::calibrate
