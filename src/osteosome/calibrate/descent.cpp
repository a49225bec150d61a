// SPDX-License-Identifier: Apache-2.0
// Levenberg-Marquardt by MINPACK's lmder (More 1978, doi:10.1007/BFb0067700) on angles. What deviates from a plain call:
// - The trust region is a ball in the angles, which have the same scale for all unknowns (mode 2 with unit weights): with
//   MINPACK's own weights an unknown the data say nothing about would run through many periods of the sine.
// - Angles are counted from 2 pi, the same point as 0: MINPACK's first step and step tolerance are relative to their norm,
//   which would be none in the middle of the bounds.
#include "descent.hpp"

#include <cminpack.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <numbers>
#include <utility>

#include "osteosome/core/diagnostics.hpp"

namespace osteosome::calibrate {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;
constexpr double kFirstStep = 0.5;   // [rad], root mean square over the angles
constexpr double kVeryBad = 1e100;   // residual of a point that failed; its square is still finite
constexpr double kOffBound = 1e-4;   // of the interval: a hundredth of the slope that the sine has in the middle
constexpr int kEnd = -1;             // tells lmder to return
constexpr int kNoLimit = 1 << 30;

double to_angle(const Interval& interval, double transformed) {
  return kTurn + std::asin(std::clamp((transformed - interval.middle()) / interval.half(), -1.0, 1.0));
}

class Descent {
 public:
  Descent(Problem& problem, const Settings& settings, std::size_t start_index, const Known& start)
      : problem_(problem), settings_(settings), start_index_(start_index), start_(start), unknowns_(problem.size()),
        residuals_(start.residuals.size()), rows_(std::max(residuals_, unknowns_)) {}

  Descended run() {
    std::vector<double> angles(unknowns_), r(rows_);
    for (std::size_t i = 0; i < unknowns_; ++i) angles[i] = to_angle(problem_.intervals()[i], start_.point[i]);
    const int info = minimise(angles, r);
    if (error_) std::rethrow_exception(error_);
    r.resize(residuals_);
    const Known best{point(angles.data()), r};
    if (info > 0) report(best);
    return {best, outcome(info), info > 0};
  }

 private:
  int minimise(std::vector<double>& angles, std::vector<double>& r) {
    std::vector<double> jacobian(rows_ * unknowns_), weights(unknowns_, 1), qtf(unknowns_), work(3 * unknowns_), trial(rows_);
    std::vector<int> pivots(unknowns_);
    int evaluations = 0, jacobians = 0;
    double norm = 0;
    for (const double a : angles) norm += a * a;
    const double factor = kFirstStep * std::sqrt(static_cast<double>(unknowns_) / norm);
    const double tolerance = settings_.tolerance;
    const int m = static_cast<int>(rows_), n = static_cast<int>(unknowns_);
    return lmder(&Descent::call, this, m, n, angles.data(), r.data(), jacobian.data(), m, tolerance, tolerance, tolerance, kNoLimit, weights.data(),
                 2, factor, 0, &evaluations, &jacobians, pivots.data(), qtf.data(), work.data(), work.data() + unknowns_, work.data() + 2 * unknowns_,
                 trial.data());
  }

  static int call(void* self_, int, int, const double* angles, double* r, double* jacobian, int, int flag) {
    auto& self = *static_cast<Descent*>(self_);
    try {
      return flag == 1 ? self.evaluate(angles, r) : self.differentiate(angles, r, jacobian);
    } catch (...) {
      self.error_ = std::current_exception();
      return kEnd;
    }
  }

  /// Rows beyond the residuals are 0: lmder wants as many rows as unknowns.
  int evaluate(const double* angles, double* r) {
    const bool first = !std::exchange(started_, true);
    const Evaluated found = first ? start_.residuals : problem_.evaluate({point(angles)}).front();
    if (!first && problem_.stopped()) return kEnd;
    std::fill_n(r, rows_, 0.0);
    if (found) {
      std::copy(found->begin(), found->end(), r);
    } else {
      std::fill_n(r, residuals_, kVeryBad);
    }
    return 0;
  }

  int differentiate(const double* angles, const double* r, double* jacobian) {
    const Known known{point(angles), {r, r + residuals_}};
    report(known);
    if (iterations_ == settings_.max_iterations || problem_.stopped()) return kEnd;
    const Matrix by_transformed = problem_.forward_jacobian(known.point, known.residuals);
    if (problem_.stopped()) return kEnd;
    ++iterations_;
    std::fill_n(jacobian, rows_ * unknowns_, 0.0);
    for (std::size_t i = 0; i < unknowns_; ++i) {
      const double slope = problem_.intervals()[i].half() * std::cos(angles[i]);
      for (std::size_t row = 0; row < residuals_; ++row) jacobian[i * rows_ + row] = by_transformed[row][i] * slope;
    }
    return 0;
  }

  [[nodiscard]] Point point(const double* angles) const {
    Point x;
    for (std::size_t i = 0; i < unknowns_; ++i) {
      const Interval& interval = problem_.intervals()[i];
      x.push_back(interval.clip(interval.middle() + interval.half() * std::sin(angles[i])));
    }
    return x;
  }

  void report(const Known& known) const {
    if (!settings_.progress) return;
    settings_.progress({start_index_, iterations_, cost_of(known.residuals), to_values(problem_.unknowns(), known.point)});
  }

  [[nodiscard]] std::string outcome(int info) const {
    if (problem_.stopped() && info < 0) return "stopped on request";
    if (info < 0) return "not converged after " + std::to_string(iterations_) + " iterations";
    if (info == 1 || info == 3) return "converged: the cost changes by less than the tolerance";
    if (info == 2) return "converged: the steps are smaller than the tolerance";
    if (info == 4 || info >= 6) return "converged: no direction lowers the cost";
    throw core::Error(core::ErrorKind::Internal, {"calibrate-008", "lmder returned " + std::to_string(info), {}, ""});
  }

  Problem& problem_;
  const Settings& settings_;
  std::size_t start_index_;
  const Known& start_;
  std::size_t unknowns_, residuals_, rows_;
  bool started_ = false;
  int iterations_ = 0;
  std::exception_ptr error_;
};

}  // namespace

Point off_the_bounds(const Problem& problem, Point x) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Interval& interval = problem.intervals()[i];
    const double margin = kOffBound * (interval.high - interval.low);
    x[i] = std::clamp(x[i], interval.low + margin, interval.high - margin);
  }
  return x;
}

Descended descend(Problem& problem, const Settings& settings, std::size_t start_index, const Known& start) {
  return Descent(problem, settings, start_index, start).run();
}

}  // namespace osteosome::calibrate
