// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "osteosome/cohort/workspace.hpp"
#include "osteosome/core/table.hpp"
#include "osteosome/report/preclinical.hpp"
#include "osteosome/report/validation.hpp"

namespace osteosome::tasks {

/// Which studies, which models, and what is wanted of them.
struct ValidationRequest {
  std::vector<std::string> studies = {};   ///< ids; empty: all
  std::vector<std::string> models = {};    ///< the graded one first; empty: osteosome beside the published models
  std::vector<std::string> overlays = {};  ///< on the first model
  std::string domain = "clinical";
  std::string role = {};      ///< calibration, validation, or "" for both
  std::string evidence = {};  ///< a folder in place of the workspace's evidence, or ""
  bool curves = false;        ///< also what the models say between the visits, and what draws charts
  simulate::SolverSettings solver = {};
};

/// Trials beside what the models say of them.
struct Validation {
  bool stopped = false;
  report::ValidationInput input;  ///< points into `tables`
  std::shared_ptr<const evidence::StudyTables> tables;
};

/// Simulates published trials and grades models on them. Rows that cannot be graded are named with their reason; a simulation that fails is a point
/// without a value. @throws Error(Input) for studies, domains and models nobody has.
[[nodiscard]] Validation validate(const cohort::Workspace& workspace, const ValidationRequest& request, const cohort::Job& job = {});
/// What `osteosome validate` prints: errors by model, role and outcome, and how much is left out.
[[nodiscard]] std::string summary_of(const Validation& validation);
/// validation.csv, points.csv and left-out.csv (docs/reference/validation.md).
[[nodiscard]] std::vector<core::Table> tables_of(const Validation& validation);

/// Animal studies beside what the model says of them.
struct AnimalValidation {
  bool stopped = false;
  report::PreclinicalInput input;  ///< points into the others
  std::shared_ptr<const std::vector<evidence::AnimalRow>> rows;
  std::shared_ptr<const evidence::AnimalTrials> trials;
};

/// Animal studies as simulated experiments, of the workspace, of a folder of study documents, or of a table in the layout of preclinical.csv.
/// @throws Error(Input) input-017 where `models` are given: they run on the shipped model in their species.
[[nodiscard]] AnimalValidation validate_animals(const cohort::Workspace& workspace, const ValidationRequest& request, const cohort::Job& job = {});
/// What `osteosome validate` prints of animal studies.
[[nodiscard]] std::string summary_of(const AnimalValidation& validation);
/// preclinical.csv, mechanisms.csv and left-out.csv.
[[nodiscard]] std::vector<core::Table> tables_of(const AnimalValidation& validation);

}  // namespace osteosome::tasks
