// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "osteosome/calibrate/least_squares.hpp"
#include "osteosome/evidence/study.hpp"
#include "osteosome/simulate/compiled_model.hpp"

namespace osteosome::evidence {

/// How much a residual of an outcome weighs: `sd` is its expected size; an arm with more than `points` visits counts as that many.
struct Weight {
  double sd = 1, points = HUGE_VAL;
  core::Location where;
};

/// A calibration file (docs/reference/calibration.md).
struct CalibrationPlan {
  std::string file, text, title, model;
  std::string domain = "clinical";  ///< clinical or preclinical
  std::vector<std::string> overlays, studies;
  std::vector<calibrate::Unknown> unknowns;
  std::vector<std::vector<std::string>> also;   ///< by unknown: further parameters that have the same value
  std::map<std::string, double> study_factors;  ///< on the sd of every row of a study
  std::map<std::string, Weight> weights;        ///< by outcome, or by "OUTCOME unit" where a unit weighs differently
  calibrate::Settings settings;
  std::size_t ensemble = 200;
  std::vector<std::string> profiles;  ///< unknowns whose profile likelihood is wanted
  std::size_t profile_points = 5;
  double rtol = 1e-5;
};

/// The file, checked in itself; starts are NaN until take_starts. @throws Error(Input) with every problem.
[[nodiscard]] CalibrationPlan read_calibration(const std::string& path);
/// Fills in the model's values as starts, and bounds and priors of its document where the file gives none. @throws Error(Input) for parameters the
/// model lacks, and bounds and units that do not fit them.
void take_starts(CalibrationPlan& config, const model::Model& model);
/// @throws Error(Input) for studies nobody has, and for weights of what neither the evidence nor the model has.
void check_evidence(const CalibrationPlan& config, const std::vector<Study>& studies, const model::Model& model);

}  // namespace osteosome::evidence
