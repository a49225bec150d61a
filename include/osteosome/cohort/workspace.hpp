// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "osteosome/cohort/population.hpp"
#include "osteosome/model/document.hpp"
#include "osteosome/protocol/regimen.hpp"

namespace osteosome::cohort {

using simulate::SolverSettings;

/// Which model is wanted, and what is changed in it.
struct ModelRequest {
  std::string model;                       ///< id of a built-in model ("osteosome"), or path of a document or an SBML file
  std::string species = {};                ///< species overlay, e.g. "rat"
  std::vector<std::string> drugs = {};     ///< products (exosomes, cells) that will be given
  std::vector<std::string> overlays = {};  ///< documents whose values replace those of parameters
  std::vector<std::pair<std::string, double>> set = {};  ///< parameters or initial values, in the unit of the model
  SolverSettings solver = {};
};

/// A data folder (models, species, therapies, evidence), read once and shared: every const call may come from several threads.
class Workspace {
 public:
  /// `root` holds models/ and therapies/; `cache_dir` takes native code compiled at run time, "" for none.
  /// @throws Error(Io) io-006 without such a folder, Error(Input) for drugs that cannot be read.
  [[nodiscard]] static std::shared_ptr<const Workspace> open(const std::string& root, const std::string& cache_dir = "");

  [[nodiscard]] const std::string& root() const& { return library_.root; }
  const std::string& root() && = delete;
  [[nodiscard]] const core::UnitSystem& units() const& { return units_; }
  const core::UnitSystem& units() && = delete;
  [[nodiscard]] const model::Library& library() const& { return library_; }
  const model::Library& library() && = delete;
  [[nodiscard]] const protocol::DrugCatalogue& drugs() const& { return drugs_; }
  const protocol::DrugCatalogue& drugs() && = delete;

  /// The composed model of a request, validated. @throws Error with every problem of the documents, each with file and line.
  [[nodiscard]] model::Model load(const ModelRequest& request) const;
  /// The same, ready to run; compiled once for equal requests while somebody holds it.
  [[nodiscard]] std::shared_ptr<const CompiledModel> compile(const ModelRequest& request) const;
  /// What a regimen text means (docs/reference/regimen.md). @throws Error(Dosing) with column and near match.
  [[nodiscard]] std::shared_ptr<const Treatment> treatment(std::string_view regimen, const std::string& name = "") const;
  /// "5 years". @throws Error(Unit) for what is no time.
  [[nodiscard]] core::Time time(std::string_view text) const { return core::time_of(units_, text); }

 private:
  Workspace(const std::string& root, std::string cache_dir);

  core::UnitSystem units_;
  model::Library library_;
  protocol::DrugCatalogue drugs_;
  std::string cache_dir_;
  /// One request: who compiles it holds the lock, and others that ask for the same wait.
  struct Slot {
    std::mutex mutex;
    std::weak_ptr<const CompiledModel> model;
  };
  mutable std::mutex mutex_;  ///< of the map, never held while compiling
  mutable std::map<std::string, Slot> compiled_;
};

/// The loop of simulate.hpp in the units of a workspace. @throws Error(Input) value-001 for values of subjects outside the model's bounds.
/// @complexity linear in subjects.
[[nodiscard]] Trajectories simulate(const Workspace& workspace, const CompiledModel& model, const Subjects& subjects, const Observation& observation,
                                    const Job& job = {}, const Rule& rule = {});
[[nodiscard]] Trajectories simulate(const Workspace& workspace, const CompiledModel& model, const Subject& subject, const Observation& observation,
                                    const Job& job = {}, const Rule& rule = {});

}  // namespace osteosome::cohort
