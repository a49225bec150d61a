// SPDX-License-Identifier: Apache-2.0
// What every calibration writes, whatever it was fitted to.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "osteosome/evidence/calibration_plan.hpp"

namespace osteosome::tasks {

/// Values of every parameter that has that of an unknown.
[[nodiscard]] std::map<std::string, double> by_name(const evidence::CalibrationPlan& plan, const std::vector<double>& point);

/// The overlay: `of` a model or "shared", what it comes from in words, and values and standard errors (transformed scale) of those unknowns that
/// `kept` keeps.
[[nodiscard]] std::string overlay_text(const evidence::CalibrationPlan& plan, const model::Model& names, const std::string& of,
                                       const std::string& from, const std::vector<double>& values, const std::vector<double>& standard_errors,
                                       const std::function<bool(std::size_t)>& kept);
/// Draws of the unknowns, one column a parameter; further values of a draw are passed over.
[[nodiscard]] std::string ensemble_text(const evidence::CalibrationPlan& plan, const std::vector<std::vector<double>>& draws);
/// Profiles, one row a point: the least cost with one unknown held, and what the others then are.
[[nodiscard]] std::string profiles_text(const evidence::CalibrationPlan& plan, const calibrate::Residuals& objective, const calibrate::Fit& fit,
                                        const std::stop_token& stop);

/// "lower" or "upper" for an estimate within a thousandth of its range of that bound, on the scale of the search; else "".
[[nodiscard]] std::string bound_of(const calibrate::Unknown& unknown, double value);
/// What may not be meant about a fit: estimates at a bound, no convergence.
[[nodiscard]] std::vector<std::string> fit_warnings(const evidence::CalibrationPlan& plan, const calibrate::Fit& fit);

}  // namespace osteosome::tasks
