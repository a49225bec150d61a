// SPDX-License-Identifier: Apache-2.0
#include "osteosome/cohort/workspace.hpp"

#include <algorithm>
#include <filesystem>

#include "osteosome/core/text.hpp"
#include "osteosome/model/value_check.hpp"
#include "osteosome/sbml/import.hpp"

namespace osteosome::cohort {
namespace {

/// Two requests with equal text give the same model with the same bits.
std::string text_of(const ModelRequest& r) {
  std::string text = r.model + '\n' + r.species + '\n';
  for (const std::string& drug : r.drugs) text += drug + '\n';
  text += '\n';
  for (const std::string& overlay : r.overlays) text += overlay + '\n';
  text += '\n';
  for (const auto& [name, value] : r.set) text += name + '=' + core::format_double(value) + '\n';
  const SolverSettings& s = r.solver;
  return text + std::to_string(static_cast<int>(s.engine)) + ' ' + core::format_double(s.relative_tolerance) + ' ' +
         core::format_double(s.absolute_scale) + ' ' + std::to_string(s.threads) + ' ' + compile::name_of(s.lanes.isa) +
         (s.lanes.tape_only ? " tape" : "");
}

/// Subjects whose values are within what the model allows, or refused.
class CheckedSubjects final : public Subjects {
 public:
  CheckedSubjects(const CompiledModel& model, const Subjects& subjects) : subjects_(subjects) {
    for (const std::string& column : subjects.columns()) {
      parameters_.push_back(model.model().find_parameter(column));
      species_.push_back(model.model().find_species(column));
    }
  }
  [[nodiscard]] std::size_t size() const override { return subjects_.size(); }
  [[nodiscard]] const std::vector<std::string>& columns() const override { return subjects_.columns(); }
  [[nodiscard]] Subject at(std::size_t index) const override {
    Subject subject = subjects_.at(index);
    core::Diagnostics problems;
    for (std::size_t c = 0; c < std::min(subject.values.size(), parameters_.size()); ++c) {
      auto problem = parameters_[c] != nullptr ? model::problem_of_value(*parameters_[c], subject.values[c], {})
                     : species_[c] != nullptr  ? model::problem_of_value(*species_[c], subject.values[c], {})
                                               : std::nullopt;
      if (!problem) continue;
      problem->message = "subject " + std::to_string(index + 1) + ": " + problem->message;
      problems.add(*problem);
    }
    problems.throw_if_any(core::ErrorKind::Input);
    return subject;
  }

 private:
  const Subjects& subjects_;
  std::vector<const model::Parameter*> parameters_;
  std::vector<const model::Species*> species_;
};

}  // namespace

Workspace::Workspace(const std::string& root, std::string cache_dir)
    : library_{root, [](const std::string& path, const core::UnitSystem& units) { return sbml::read_sbml(path, units).model; }},
      drugs_(protocol::load_catalogue(root)), cache_dir_(std::move(cache_dir)) {}

std::shared_ptr<const Workspace> Workspace::open(const std::string& root, const std::string& cache_dir) {
  std::error_code ec;
  if (!std::filesystem::is_directory(root + "/models", ec)) {
    throw core::Error(core::ErrorKind::Io,
                      {"io-006",
                       "the data folder '" + root + "' " + (std::filesystem::is_directory(root, ec) ? "holds no models/" : "does not exist"),
                       {},
                       "Set OSTEOSOME_DATA to the folder that holds models/."});
  }
  return std::shared_ptr<const Workspace>(new Workspace(root, cache_dir));
}

model::Model Workspace::load(const ModelRequest& request) const {
  model::Model model = model::load_model(library_.find_model(request.model), library_, units_, {request.species, request.drugs, request.overlays});
  core::Diagnostics problems;
  for (const auto& [name, value] : request.set) model::set_symbol(model, name, value, "the request", {}, problems);
  problems.throw_if_any(core::ErrorKind::Input);
  return model;
}

std::shared_ptr<const CompiledModel> Workspace::compile(const ModelRequest& request) const {
  std::unique_lock lock(mutex_);
  Slot& slot = compiled_[text_of(request)];  // which stays where it is
  lock.unlock();
  const std::lock_guard guard(slot.mutex);
  if (auto known = slot.model.lock()) return known;
  SolverSettings settings = request.solver;
  if (settings.lanes.cache_dir.empty()) settings.lanes.cache_dir = cache_dir_;
  const auto model = std::make_shared<const CompiledModel>(load(request), settings);
  slot.model = model;
  return model;
}

std::shared_ptr<const Treatment> Workspace::treatment(std::string_view regimen, const std::string& name) const {
  return std::make_shared<const Treatment>(Treatment{name, {protocol::parse_regimen(regimen, drugs_, units_)}});
}

Trajectories simulate(const Workspace& workspace, const CompiledModel& model, const Subjects& subjects, const Observation& observation,
                      const Job& job, const Rule& rule) {
  return simulate(model, workspace.units(), CheckedSubjects(model, subjects), observation, job, rule);
}

Trajectories simulate(const Workspace& workspace, const CompiledModel& model, const Subject& subject, const Observation& observation, const Job& job,
                      const Rule& rule) {
  return simulate(workspace, model, SubjectList({subject}), observation, job, rule);
}

}  // namespace osteosome::cohort
