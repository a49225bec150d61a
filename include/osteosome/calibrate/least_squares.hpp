// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

/// Bounded weighted nonlinear least squares with priors, from several starts, and what the data say about each unknown.
///
/// Scales. The *transformed* scale of an unknown is ln(value) if it is logarithmic, else the value: priors, standard errors,
/// Jacobians and eigenvectors are on it. The search itself runs on an angle that keeps the unknown inside its bounds,
/// transformed = middle + half range * sin(angle) (James and Roos 1975, doi:10.1016/0010-4655(75)90039-9).
namespace osteosome::calibrate {

/// A normal prior on the transformed scale: of ln(value) if the unknown is logarithmic, else of the value.
struct Prior {
  double mean = 0, sd = 1;
};

/// A quantity to estimate, in its own unit; low <= start <= high.
struct Unknown {
  std::string name;
  double start = 0, low = 0, high = 0;
  bool logarithmic = false;
  std::optional<Prior> prior = std::nullopt;
};

/// Weighted residuals at each of several points (values of the unknowns in their own units), one vector a point, all of one
/// length. Points of one call are independent and may run in parallel. An empty vector or one that is not finite says that the
/// point failed: it counts as a very bad one.
using Residuals = std::function<std::vector<std::vector<double>>(const std::vector<std::vector<double>>& points)>;

/// Where a refinement has come to after `iteration` accepted steps.
struct Step {
  std::size_t start_index = 0;
  int iteration = 0;
  double cost = 0;
  std::vector<double> values;
};

struct Settings {
  std::size_t starts = 1;  ///< the first is Unknown::start, the others a Latin hypercube within prior +-2 sd or the bounds
  std::uint64_t seed = 1;
  int max_iterations = 50;  ///< of each start
  double tolerance = 1e-6;  ///< of the cost and of the step, relative
  /// Step of forward differences, relative to the half range of the unknown on the transformed scale: in the middle of the bounds
  /// it is a step of the angle; it does not shrink near a bound, where the angle is flat. The Jacobian of the result is by central
  /// differences over difference^(2/3): the best steps for residuals with noise e are e^(1/2) and e^(1/3).
  double difference = 1e-3;
  std::function<void(const Step&)> progress = {};     ///< may be empty
};

struct Fit {
  std::vector<double> values;
  double cost = 0;                             ///< half the sum of squares, priors included; infinite if no start could be evaluated
  std::vector<double> residuals;               ///< then (transformed - mean) / sd of each prior
  std::vector<std::vector<double>> jacobian;   ///< [residual][unknown], by the transformed scale, central differences; empty if stopped
  std::vector<double> start_costs;             ///< what each start reached
  std::vector<std::string> start_outcomes;     ///< why each start ended
  bool converged = false;                      ///< the best start converged, and nothing was stopped
};

/// Levenberg-Marquardt (MINPACK's lmder; More 1978, doi:10.1007/BFb0067700) from every start; the least cost is returned. All
/// starts are evaluated in one call, and each Jacobian is one. `stop` is honoured between calls: the best so far is returned.
/// @throws Error(Input) with everything wrong about the unknowns and settings; what `residuals` throws.
[[nodiscard]] Fit fit(const std::vector<Unknown>& unknowns, const Residuals& residuals, const Settings& settings, const std::stop_token& stop);

/// Where fit() starts: Unknown::start, then the Latin hypercube; values in their own units.
[[nodiscard]] std::vector<std::vector<double>> start_values(const std::vector<Unknown>& unknowns, const Settings& settings);

/// Derivatives of `functions` at `values` by the transformed scale, [value][unknown], by central differences as those of a Fit, priors not among
/// them; empty if the point cannot be evaluated or was stopped.
[[nodiscard]] std::vector<std::vector<double>> jacobian(const std::vector<Unknown>& unknowns, const Residuals& functions,
                                                        const std::vector<double>& values, const Settings& settings, const std::stop_token& stop);

/// What the residuals say about the unknowns, to first order at the fit.
struct Identifiability {
  std::vector<double> eigenvalues;                ///< of J^T J, priors included, descending
  std::vector<std::vector<double>> eigenvectors;  ///< [eigenvalue][unknown], of unit length
  std::vector<double> standard_errors;            ///< on the transformed scale; infinite for what nothing determines
  /// 1 - variance / prior variance, where an unknown without prior had that of a uniform over its bounds; in [0, 1].
  std::vector<double> informed;
};

/// @throws Error(Numerics) if the fit has no Jacobian.
[[nodiscard]] Identifiability analyse(const std::vector<Unknown>& unknowns, const Fit& fit);

/// Draws from the normal distribution with covariance (J^T J)^-1 about the fit, clipped to the bounds. Along a direction that
/// the data leave open the spread is that of a uniform over the bounds. Draw k depends on (seed, k) only.
/// @throws Error(Numerics) if the fit has no Jacobian.
[[nodiscard]] std::vector<std::vector<double>> laplace_ensemble(const std::vector<Unknown>& unknowns, const Fit& fit, std::size_t n,
                                                                std::uint64_t seed);

/// The least cost with one unknown held at `value`; infinite, with NaN for values, if the point could not be evaluated.
struct ProfilePoint {
  double value = 0, cost = 0;
  std::vector<double> values;
};

/// Profile of unknown `index` at `points` values, evenly spaced on the transformed scale over +-2 standard errors within the
/// bounds, ascending. Each refit starts from its neighbour nearer to the fit; progress tells the index of the point as start.
/// Stopped, it returns the points it has finished.
/// @throws Error(Input) for unknowns or settings, Error(Numerics) if the fit has no Jacobian.
[[nodiscard]] std::vector<ProfilePoint> profile(const std::vector<Unknown>& unknowns, const Residuals& residuals, const Fit& fit, std::size_t index,
                                                std::size_t points, const Settings& settings, const std::stop_token& stop);

}  // namespace osteosome::calibrate
