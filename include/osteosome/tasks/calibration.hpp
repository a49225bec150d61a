// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "osteosome/calibrate/evaluation_log.hpp"
#include "osteosome/calibrate/least_squares.hpp"
#include "osteosome/cohort/workspace.hpp"
#include "osteosome/evidence/calibration_plan.hpp"

namespace osteosome::tasks {

/// A text that belongs into a file of this name.
struct NamedText {
  std::string name, text;
};

/// Every file that a calibration may write into its folder.
inline constexpr const char* kCalibrationFiles[] = {"fitted.overlay.toml", "identifiability.csv", "eigenvalues.csv",  "ensemble.csv", "profiles.csv",
                                                    "parameters.csv",      "predictions.csv",     "calibration.html", "subjects.csv", "record.json"};

/// What is told while a fit runs.
struct CalibrationJob {
  std::stop_token stop = {};
  unsigned threads = 1;
  std::string cache_dir;  ///< of native code
  std::string build;      ///< version, for the record
  std::function<void(std::size_t unknowns, std::size_t rows, std::size_t simulations)> begins = {};  ///< before the
  ///< checkpoint is written
  std::function<void(const calibrate::Step& step, double seconds)> step = {};
};

/// A fit to the calibration rows of the evidence.
struct Calibration {
  bool stopped = false;  ///< the same call goes on from the checkpoint
  calibrate::Fit fit;                  ///< of a table fitted subject by subject: the last one's
  std::vector<std::string> summary;    ///< what came out, in lines
  std::vector<std::string> warnings;   ///< what may not be meant: estimates at a bound, no convergence
  std::vector<NamedText> files;  ///< overlay, identifiability, eigenvalues, ensemble, profiles, record (docs/reference/calibration.md)
};

/// Fits the unknowns of a plan. `checkpoint` is a file that keeps every evaluation, so that an interrupted fit ends where it would have ended; remove
/// it when the files are written. @throws Error(Input) for a plan that does not fit model or evidence; Error(Numerics) calibration-011 if no start
/// can be simulated; Error(Io).
[[nodiscard]] Calibration calibrate(const cohort::Workspace& workspace, evidence::CalibrationPlan plan, const std::string& checkpoint,
                                    const CalibrationJob& job);

}  // namespace osteosome::tasks
