// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "osteosome/calibrate/least_squares.hpp"

namespace osteosome::calibrate {

using Point = std::vector<double>;                 ///< on the transformed scale
using Matrix = std::vector<std::vector<double>>;   ///< by row
using Evaluated = std::optional<std::vector<double>>;  ///< residuals, priors included; nothing for a point that failed

/// The interval of one unknown on the transformed scale.
struct Interval {
  double low, high;
  explicit Interval(const Unknown& unknown);
  [[nodiscard]] double middle() const { return (low + high) / 2; }
  [[nodiscard]] double half() const { return (high - low) / 2; }
  [[nodiscard]] double clip(double transformed) const;
};

[[nodiscard]] double to_transformed(const Unknown& unknown, double value);
/// Within the bounds whatever the rounding.
[[nodiscard]] double to_value(const Unknown& unknown, double transformed);
[[nodiscard]] Point to_transformed(const std::vector<Unknown>& unknowns, const std::vector<double>& values);
[[nodiscard]] std::vector<double> to_values(const std::vector<Unknown>& unknowns, const Point& point);

/// Half the sum of squares.
[[nodiscard]] double cost_of(std::span<const double> residuals);

/// @throws Error(Input) with everything that is wrong.
void check(const std::vector<Unknown>& unknowns, const Settings& settings);

/// The residuals and priors as functions of a point on the transformed scale.
class Problem {
 public:
  Problem(const std::vector<Unknown>& unknowns, const Residuals& residuals, double difference, const std::stop_token& stop);

  [[nodiscard]] const std::vector<Unknown>& unknowns() const& { return unknowns_; }
  const std::vector<Unknown>& unknowns() && = delete;
  [[nodiscard]] const std::vector<Interval>& intervals() const& { return intervals_; }
  const std::vector<Interval>& intervals() && = delete;
  [[nodiscard]] std::size_t size() const { return unknowns_.size(); }
  [[nodiscard]] bool stopped() const { return stop_.stop_requested(); }

  /// All points in one call; none, and all failed, once a stop was requested.
  [[nodiscard]] std::vector<Evaluated> evaluate(const std::vector<Point>& points);

  /// Derivatives at `x`, where the residuals are `r`, by forward differences away from the nearer bound; the other way for a
  /// neighbour that failed, and 0 for an unknown with two.
  [[nodiscard]] Matrix forward_jacobian(const Point& x, const std::vector<double>& r);
  /// The same by central differences over wider steps, one-sided at a bound or beside a point that failed.
  [[nodiscard]] Matrix central_jacobian(const Point& x, const std::vector<double>& r);

 private:
  /// A neighbour of a point, `by` away in one unknown.
  struct Neighbour {
    std::size_t unknown;
    double by;
    Evaluated residuals = std::nullopt;
  };
  [[nodiscard]] double step(std::size_t unknown) const { return difference_ * intervals_[unknown].half(); }
  [[nodiscard]] bool inside(const Point& x, std::size_t unknown, double by) const;
  void evaluate(const Point& x, std::vector<Neighbour>& neighbours);
  [[nodiscard]] Matrix differences(const std::vector<double>& r, const std::vector<Neighbour>& neighbours) const;
  [[nodiscard]] Evaluated with_priors(const Point& point, std::vector<double> residuals);

  const std::vector<Unknown>& unknowns_;
  const Residuals& residuals_;
  double difference_;
  std::stop_token stop_;
  std::vector<Interval> intervals_;
  std::optional<std::size_t> rows_;  ///< residuals of the first point that did not fail
};

}  // namespace osteosome::calibrate
