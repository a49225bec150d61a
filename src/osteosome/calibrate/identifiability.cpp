// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/random.hpp"
#include "problem.hpp"

namespace osteosome::calibrate {
namespace {

constexpr double kRounding = std::numeric_limits<double>::epsilon();
constexpr int kSweeps = 60;              // Jacobi needs about ten
constexpr double kUndetermined = 1e-10;  // singular value, relative to the largest: rounding of residuals over a difference of 1e-3
constexpr double kUninvolved = 1e-6;     // component of an undetermined direction that is rounding, not part of it

/// Singular values of a Jacobian, descending, and its right singular vectors: eigenvalues of J^T J are their squares.
struct Spectrum {
  std::vector<double> singular;
  Matrix directions;  ///< [singular value][unknown]
};

double dot(const std::vector<double>& a, const std::vector<double>& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

void rotate(std::vector<double>& a, std::vector<double>& b, double cosine, double sine) {
  for (std::size_t k = 0; k < a.size(); ++k) {
    const double old = a[k];
    a[k] = cosine * old - sine * b[k];
    b[k] = sine * old + cosine * b[k];
  }
}

/// One-sided Jacobi (Hestenes 1958, doi:10.1137/0106005) on columns: each rotation makes two columns orthogonal. It diagonalises
/// J^T J without forming it, so small singular values keep their digits. True if something was rotated.
bool sweep(Matrix& columns, Matrix& directions) {
  bool rotated = false;
  for (std::size_t p = 0; p < columns.size(); ++p) {
    for (std::size_t q = p + 1; q < columns.size(); ++q) {
      const double a = dot(columns[p], columns[p]), b = dot(columns[q], columns[q]), both = dot(columns[p], columns[q]);
      if (std::abs(both) <= kRounding * std::sqrt(a) * std::sqrt(b)) continue;
      const double zeta = (b - a) / (2 * both);
      const double tangent = std::copysign(1 / (std::abs(zeta) + std::hypot(1, zeta)), zeta);
      const double cosine = 1 / std::hypot(1, tangent);
      rotate(columns[p], columns[q], cosine, cosine * tangent);
      rotate(directions[p], directions[q], cosine, cosine * tangent);
      rotated = true;
    }
  }
  return rotated;
}

/// The sign that makes the largest component positive.
double sign_of(const std::vector<double>& direction) {
  return *std::max_element(direction.begin(), direction.end(), [](double a, double b) { return std::abs(a) < std::abs(b); }) < 0 ? -1 : 1;
}

/// Of the Jacobian with column i multiplied by scale[i].
Spectrum spectrum(const Matrix& jacobian, const std::vector<double>& scale) {
  const std::size_t n = scale.size();
  Matrix columns(n, std::vector<double>(jacobian.size())), directions(n, std::vector<double>(n, 0));
  for (std::size_t i = 0; i < n; ++i) {
    directions[i][i] = 1;
    for (std::size_t row = 0; row < jacobian.size(); ++row) columns[i][row] = jacobian[row][i] * scale[i];
  }
  for (int k = 0; k < kSweeps && sweep(columns, directions); ++k) {
  }
  std::vector<double> length;
  for (const auto& c : columns) length.push_back(std::sqrt(dot(c, c)));
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return length[a] > length[b]; });
  Spectrum result;
  for (const std::size_t i : order) {
    result.singular.push_back(length[i]);
    const double sign = sign_of(directions[i]);
    for (double& component : directions[i]) component *= sign;
    result.directions.push_back(std::move(directions[i]));
  }
  return result;
}

bool determined(const Spectrum& s, std::size_t k) { return s.singular[k] > kUndetermined * s.singular.front(); }

std::vector<double> half_ranges(const std::vector<Unknown>& unknowns) {
  std::vector<double> halves;
  for (const auto& u : unknowns) halves.push_back(Interval(u).half());
  return halves;
}

/// Variance of unknown i, in units of its half range.
double variance(const Spectrum& scaled, std::size_t i) {
  double sum = 0;
  for (std::size_t k = 0; k < scaled.singular.size(); ++k) {
    const double component = scaled.directions[k][i];
    if (determined(scaled, k)) {
      sum += component * component / (scaled.singular[k] * scaled.singular[k]);
    } else if (std::abs(component) > kUninvolved) {
      return std::numeric_limits<double>::infinity();
    }
  }
  return sum;
}

void check_jacobian(const std::vector<Unknown>& unknowns, const Fit& fit) {
  if (!fit.jacobian.empty() && fit.jacobian.front().size() == unknowns.size()) return;
  throw core::Error(core::ErrorKind::Numerics,
                    {"calibrate-009", "the fit has no Jacobian of these unknowns", {}, "It was stopped, or no start could be evaluated."});
}

}  // namespace

Identifiability analyse(const std::vector<Unknown>& unknowns, const Fit& fit) {
  check_jacobian(unknowns, fit);
  Identifiability result;
  Spectrum plain = spectrum(fit.jacobian, std::vector<double>(unknowns.size(), 1));
  for (const double s : plain.singular) result.eigenvalues.push_back(s * s);
  result.eigenvectors = std::move(plain.directions);
  // In units of the half range, so that what counts as undetermined does not depend on the units of the unknowns.
  const std::vector<double> half = half_ranges(unknowns);
  const Spectrum scaled = spectrum(fit.jacobian, half);
  for (std::size_t i = 0; i < unknowns.size(); ++i) {
    const double posterior = variance(scaled, i) * half[i] * half[i];
    const double range = 2 * half[i];
    const double before = unknowns[i].prior ? unknowns[i].prior->sd * unknowns[i].prior->sd : range * range / 12;
    result.standard_errors.push_back(std::sqrt(posterior));
    result.informed.push_back(std::clamp(1 - posterior / before, 0.0, 1.0));
  }
  return result;
}

std::vector<std::vector<double>> laplace_ensemble(const std::vector<Unknown>& unknowns, const Fit& fit, std::size_t n, std::uint64_t seed) {
  check_jacobian(unknowns, fit);
  const std::vector<double> half = half_ranges(unknowns);
  const Spectrum scaled = spectrum(fit.jacobian, half);
  const Point centre = to_transformed(unknowns, fit.values);
  const double open = 1 / std::sqrt(3.0);  // standard deviation of a uniform over -1 to 1
  std::vector<std::vector<double>> draws;
  for (std::size_t k = 0; k < n; ++k) {
    core::RandomStream stream(seed, k, "calibrate ensemble");
    Point x = centre;
    for (std::size_t d = 0; d < unknowns.size(); ++d) {
      const double along = stream.normal() * std::min(open, 1 / scaled.singular[d]);
      for (std::size_t i = 0; i < unknowns.size(); ++i) x[i] += along * scaled.directions[d][i] * half[i];
    }
    draws.push_back(to_values(unknowns, x));
  }
  return draws;
}

}  // namespace osteosome::calibrate
