// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "osteosome/calibrate/likelihood.hpp"
#include "osteosome/evidence/study.hpp"
#include "osteosome/simulate/compiled_model.hpp"

namespace osteosome::evidence {

/// How much a residual of an outcome weighs: `sd` is its expected size; an arm with more than `points` visits counts as that many.
struct Weight {
  double sd = 1, points = HUGE_VAL;
  core::Location where;
};

/// What a column DV has values of.
struct Observed {
  std::string quantity;  ///< an output, species or parameter of the model, in whose unit DV is
  std::string dvid;      ///< rows with this DVID, as spelt; "": all rows
  calibrate::ErrorModel error;
  core::Location where;
};

/// [data] and [observed]: observations in a NONMEM-like table.
struct TableData {
  std::string path, time_unit;  ///< "": to be given; that of the table
  std::string species;          ///< species overlay, or ""
  bool by_subject = false;      ///< each subject on its own, not all as one
  std::vector<Observed> observed;
};

/// A calibration file (docs/reference/calibration.md).
struct CalibrationPlan {
  std::string file, text, title, model;
  std::string domain = "clinical";  ///< clinical, preclinical, or table: observations of one's own
  std::optional<TableData> data;    ///< if the domain is table
  std::vector<std::string> overlays, studies;
  std::string evidence;  ///< a folder in place of the workspace's evidence, or ""
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
/// Fits `table` and not the one that the file names. @throws Error(Input) usage if the file has nothing [observed].
void take_table(CalibrationPlan& plan, const std::string& table);
/// Fills in the model's values as starts, and bounds and priors of its document where the file gives none. @throws Error(Input) for parameters the
/// model lacks, and bounds and units that do not fit them.
void take_starts(CalibrationPlan& config, const model::Model& model);
/// @throws Error(Input) for studies nobody has, and for weights of what neither the evidence nor the model has.
void check_evidence(const CalibrationPlan& config, const std::vector<Study>& studies, const model::Model& model);

}  // namespace osteosome::evidence
