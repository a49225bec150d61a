// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "osteosome/calibrate/least_squares.hpp"

/// Fits by maximum likelihood to observations whose normal errors have a size that is estimated too, and may grow with the prediction
/// (extended least squares; Peck et al. 1984, J Pharmacokinet Biopharm 12:545): minus two log likelihoods, the sum of ln(2 pi v) + (y - f)^2 / v with
/// v = additive^2 + (proportional f)^2.
namespace osteosome::calibrate {

/// Observations of one kind share an error. On a logarithmic scale y and f are logarithms, and the error is additive there.
struct ErrorModel {
  std::string name;  ///< of what is observed
  bool additive = true, proportional = false, logarithmic = false;
};

struct Observation {
  double value = 0;  ///< as measured, also where the scale is logarithmic
  std::size_t model = 0;  ///< index of its ErrorModel
};

/// Standard deviations: additive in the unit of the observation (of its logarithm if that is the scale), proportional as a share of the prediction.
struct ErrorSize {
  double additive = 0, proportional = 0;
  [[nodiscard]] double variance(double prediction) const { return additive * additive + proportional * proportional * prediction * prediction; }
};

struct LikelihoodFit {
  Fit fit;  ///< of the residuals (y - f) / sqrt(v) with the errors held at their estimates, besides terms of the variance
  std::vector<double> predictions;  ///< of each observation, in its unit; empty if no start could be evaluated
  std::vector<double> weighted;  ///< (y - f) / sqrt(v) of each observation
  std::vector<ErrorSize> errors;  ///< by error model; variances are those of maximum likelihood times n / `freedom`
  double freedom = 0;  ///< observations less unknowns without a prior
  double minus_two_log_likelihood = 0;  ///< at the estimates of maximum likelihood; of logarithms where that is the scale
  std::vector<Unknown> estimated;  ///< the unknowns, then the sizes of errors of what was observed: "NAME additive", "NAME proportional"
  Fit information;  ///< of `estimated`: their values, and a Jacobian J with J^T J the expected information, observations counted
                    ///< freedom / n times
  Residuals residuals;  ///< with the errors held, for profiles; while observations, models and predictions live
};

/// @param predictions the model's values for all observations at each of several points, one vector a point; empty or not finite: it failed
/// @throws Error(Input) as fit(), and calibrate-011 for no more observations than unknowns without a prior, calibrate-012 for observations that are
/// not positive where the scale is logarithmic or the error proportional alone.
[[nodiscard]] LikelihoodFit fit_likelihood(const std::vector<Unknown>& unknowns, const Residuals& predictions,
                                           const std::vector<Observation>& observations, const std::vector<ErrorModel>& models,
                                           const Settings& settings, const std::stop_token& stop);

}  // namespace osteosome::calibrate
