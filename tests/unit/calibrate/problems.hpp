// SPDX-License-Identifier: Apache-2.0
// Small problems with known answers, and what was asked of them.
#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "osteosome/calibrate/least_squares.hpp"

namespace osteosome::calibrate {

using Values = std::vector<double>;

/// Lifts the residuals of one point to those of many, and keeps what was asked for.
class Asked {
 public:
  explicit Asked(std::function<Values(const Values&)> one) : one_(std::move(one)) {}

  [[nodiscard]] Residuals residuals() {
    return [this](const std::vector<Values>& points) {
      batches.push_back(points);
      std::vector<Values> all;
      for (const auto& p : points) all.push_back(one_(p));
      return all;
    };
  }
  [[nodiscard]] std::vector<Values> points() const {
    std::vector<Values> all;
    for (const auto& b : batches) all.insert(all.end(), b.begin(), b.end());
    return all;
  }

  std::vector<std::vector<Values>> batches;

 private:
  std::function<Values(const Values&)> one_;
};

inline Fit fit_all(const std::vector<Unknown>& unknowns, Asked& asked, const Settings& settings = {}) {
  return fit(unknowns, asked.residuals(), settings, {});
}

/// The valley of Rosenbrock (1960, doi:10.1093/comjnl/3.3.175): 0 at (1, 1).
inline Values rosenbrock(const Values& v) { return {1 - v[0], 10 * (v[1] - v[0] * v[0])}; }
inline std::vector<Unknown> rosenbrock_unknowns() { return {{"x", -1.2, -5, 5}, {"y", 1, -5, 5}}; }

/// Two wells: cost 0 at x = 1, and a minimum above 0.17 near x = -0.92.
inline Values wells(const Values& v) { return {v[0] * v[0] - 1, 0.3 * (v[0] - 1)}; }

/// Three measurements of two unknowns by known factors; r = A v - b.
struct Linear {
  double a[3][2] = {{1, 0.5}, {0.3, 2}, {-1, 1}};
  double b[3] = {1, 2, 0.5};

  [[nodiscard]] Values residuals(const Values& v) const {
    Values r;
    for (int k = 0; k < 3; ++k) r.push_back(a[k][0] * v[0] + a[k][1] * v[1] - b[k]);
    return r;
  }
  /// Entry of A^T A.
  [[nodiscard]] double normal(int i, int j) const { return a[0][i] * a[0][j] + a[1][i] * a[1][j] + a[2][i] * a[2][j]; }
  /// Entry of its inverse.
  [[nodiscard]] double covariance(int i, int j) const {
    const double determinant = normal(0, 0) * normal(1, 1) - normal(0, 1) * normal(0, 1);
    return (i == j ? normal(1 - i, 1 - i) : -normal(0, 1)) / determinant;
  }
  [[nodiscard]] double solution(int i) const {
    double x = 0;
    for (int j = 0; j < 2; ++j) {
      for (int k = 0; k < 3; ++k) x += covariance(i, j) * a[k][j] * b[k];
    }
    return x;
  }
};
inline std::vector<Unknown> linear_unknowns() { return {{"x", 3, -10, 10}, {"y", -4, -10, 10}}; }

/// Eight readings of a e^(-k t), each with standard deviation 0.05 and an error of our own choice.
struct Decay {
  static constexpr double sd = 0.05;
  Values times = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
  Values errors = {0.04, -0.06, 0.02, 0.05, -0.03, -0.05, 0.07, -0.01};

  [[nodiscard]] Values residuals(const Values& v) const {
    Values r;
    for (std::size_t k = 0; k < times.size(); ++k) {
      const double reading = 3 * std::exp(-0.7 * times[k]) + errors[k];
      r.push_back((v[0] * std::exp(-v[1] * times[k]) - reading) / sd);
    }
    return r;
  }
  /// d residual / d ln a and d ln k.
  [[nodiscard]] std::vector<Values> jacobian(const Values& v) const {
    std::vector<Values> j;
    for (const double t : times) {
      const double y = v[0] * std::exp(-v[1] * t) / sd;
      j.push_back({y, -v[1] * t * y});
    }
    return j;
  }
};
inline std::vector<Unknown> decay_unknowns() { return {{"a", 1, 0.1, 100, true}, {"k", 0.1, 0.01, 10, true}}; }

}  // namespace osteosome::calibrate
