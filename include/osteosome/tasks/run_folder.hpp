// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "osteosome/evidence/prepare.hpp"

namespace osteosome::tasks {

/// What made a run, for its manifest.
struct Build {
  std::string version, program_sha256;
};

/// Where a run goes, and how.
struct RunRequest {
  std::string folder;
  bool overwrite = false;
  double max_failed = 0;  ///< share of failed simulations that is not an error; kept in the manifest
  simulate::SolverSettings solver;
  Build build;
};

/// How a run ended.
struct RunOutcome {
  bool cancelled = false;  ///< what is complete is in the folder under partial names; the same run goes on from it
  bool in_parts = false;   ///< finished blocks of subjects are kept
  std::size_t simulations = 0, failed = 0;
  double seconds = 0;
  std::string values_sha256;  ///< of every value in order: "same bits" means the same hash
  cohort::ScenarioResult values;  ///< what the tables are made of
};

/// Runs a prepared scenario into a folder: tables, charts, report and manifest (docs/reference/scenario.md). Files get their names when the run is
/// complete. One run at a time in a folder. `job.block` is not used.
/// @throws Error(Io) for a folder that is not empty, in use or not writable.
RunOutcome run(const cohort::Workspace& workspace, const evidence::PreparedScenario& prepared, const RunRequest& request, const cohort::Job& job);

/// What a manifest says was run, ready to run again.
struct Rerun {
  cohort::Scenario scenario;  ///< with the seed of the run
  std::string engine;
  double max_failed = 0;
  std::string values_sha256;
  std::vector<std::string> remarks;  ///< what has changed since: the program, documents, tables, ensembles
};
/// @throws Error(Input) rerun-001 for what is no manifest of a completed run.
[[nodiscard]] Rerun read_manifest(const cohort::Workspace& workspace, const std::string& path, const Build& build);

}  // namespace osteosome::tasks
