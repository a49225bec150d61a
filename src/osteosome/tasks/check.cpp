// SPDX-License-Identifier: Apache-2.0
// What a file is, and whether it is right.
#include "osteosome/tasks/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "osteosome/cohort/scenario.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/core/toml.hpp"
#include "osteosome/evidence/calibration_plan.hpp"
#include "osteosome/evidence/preclinical.hpp"
#include "osteosome/evidence/prepare.hpp"
#include "osteosome/evidence/study.hpp"
#include "osteosome/protocol/regimen.hpp"
#include "osteosome/sbml/import.hpp"

namespace osteosome::tasks {
namespace {

/// A product in the model that takes its kind in.
std::string check_product(const core::TomlValue& product, const std::string& path, const cohort::Workspace& workspace) {
  const core::TomlValue* drug = product.find("drug");
  const std::string name = drug == nullptr ? "" : drug->text;
  const auto m = model::load_model(workspace.library().find_model("osteosome"), workspace.library(), workspace.units(),
                                   model::LoadOptions{"", {name}, {}, {path}});
  if (m.find_dose(name) == nullptr) {
    const core::TomlValue* kind = product.find("kind");
    throw core::Error(core::ErrorKind::Input, {"product-009", "no model takes in products of kind '" + (kind == nullptr ? "" : kind->text) + "'",
                                               kind == nullptr ? core::Location{path, 0, 0} : kind->where, "'exosomes' or 'cells'."});
  }
  return "product " + name;
}

std::string check_overlay(const core::TomlValue& overlay, const std::string& path, const cohort::Workspace& workspace) {
  const core::TomlValue* of = overlay.find("of");
  if (of == nullptr) throw core::Error(core::ErrorKind::Input, {"toml-005", "[overlay] names no model: 'of' is missing", {path, 0, 0}, ""});
  const std::string model = of->text == "shared" ? "osteosome" : of->text;
  (void)model::load_model(workspace.library().find_model(model), workspace.library(), workspace.units(), model::LoadOptions{"", {}, {path}});
  return of->text == "shared" ? "overlay shared by models" : "overlay of " + of->text;
}

std::string check_sbml(const std::string& path, const core::UnitSystem& units) {
  const auto m = sbml::read_sbml(path, units).model;
  const std::string beyond = compile::build_program(m).beyond_lanes;
  std::string text = fmt::format("SBML model, {} species, {} parameters, {} rules, {} events", m.species.size(), m.parameters.size(), m.rules.size(),
                                 m.events.size());
  for (const std::string& note : m.faults) text += "; " + note;
  return beyond.empty() ? text : text + "; runs on the reference engine, since " + beyond;
}

std::string check_scenario(const std::string& path, const cohort::Workspace& workspace, std::vector<std::string>& remarks) {
  auto scenario = cohort::load_scenario(path, workspace.library(), workspace.units());
  const auto prepared = evidence::prepare(workspace, std::move(scenario), {});
  remarks.insert(remarks.end(), prepared.remarks.begin(), prepared.remarks.end());
  return fmt::format("scenario, {} models, {} arms", prepared.scenario.models.size(), prepared.scenario.arms.size());
}

std::string check_model(const std::string& path, const cohort::Workspace& workspace) {
  const auto m = model::load_model(path, workspace.library(), workspace.units());
  (void)compile::build_program(m);
  std::size_t unchecked = 0;
  const auto count = [&](const auto& things) {
    unchecked += static_cast<std::size_t>(std::count_if(things.begin(), things.end(), [](const auto& x) { return !x.unchecked.empty(); }));
  };
  count(m.species);
  count(m.rules);
  count(m.reactions);
  count(m.outputs);
  return fmt::format("model, {} species, {} parameters, {} rules; units checked{}", m.species.size(), m.parameters.size(), m.rules.size(),
                     unchecked == 0 ? "" : fmt::format(" except {} opt-outs", unchecked));
}

std::string check_study(const core::TomlValue& root, const std::string& path, const cohort::Workspace& workspace) {
  if (root.find("rows") != nullptr) return fmt::format("animal study, {} rows", evidence::load_animal_study(path).size());
  return fmt::format("study, {} arms", evidence::load_study(path, evidence::load_study_vocabulary(workspace.root())).arms.size());
}

std::string check_calibration(const std::string& path, const cohort::Workspace& workspace) {
  auto plan = evidence::read_calibration(path);
  if (plan.data) {  // trials and animal studies are checked by the fit, with all that they need
    const model::Model model = workspace.load({plan.model, plan.data->species, {}, plan.overlays});
    evidence::take_starts(plan, model);
    core::Diagnostics problems;
    for (const evidence::Observed& o : plan.data->observed) {
      const auto names = model.symbols();
      const bool output = std::any_of(model.outputs.begin(), model.outputs.end(), [&](const auto& x) { return x.id == o.quantity; });
      if (!output && std::find(names.begin(), names.end(), o.quantity) == names.end())
        problems.add({"calibration-019", "the model has no '" + o.quantity + "' to observe", o.where, core::did_you_mean(o.quantity, names)});
    }
    problems.throw_if_any(core::ErrorKind::Input);
  }
  return fmt::format("calibration of {}, {} unknowns", plan.model, plan.unknowns.size());
}

}  // namespace

std::string check(const cohort::Workspace& workspace, const std::string& path, std::vector<std::string>& remarks) {
  if (model::is_sbml(path)) return check_sbml(path, workspace.units());
  const core::TomlValue root = core::load_toml(path);
  if (root.find("scenario") != nullptr) return check_scenario(path, workspace, remarks);
  if (root.find("study") != nullptr) return check_study(root, path, workspace);
  if (root.find("calibration") != nullptr) return check_calibration(path, workspace);
  if (const core::TomlValue* overlay = root.find("overlay")) return check_overlay(*overlay, path, workspace);
  if (const core::TomlValue* product = root.find("product")) return check_product(*product, path, workspace);
  if (const core::TomlValue* cargo = root.find("cargo"))
    return fmt::format("cargo list, {} entries; checked with the products that name it", cargo->items.size());
  if (root.find("ports") != nullptr || root.find("therapy") != nullptr) {
    model::check_module(path, workspace.library(), workspace.units());
    return root.find("therapy") != nullptr ? "therapy" : "module";
  }
  if (root.find("drugs") != nullptr) return fmt::format("catalogue, {} drugs", protocol::load_catalogue(workspace.root(), path).drugs.size());
  return check_model(path, workspace);
}

std::vector<Part> inspect(const std::string& data_root, const std::string& cache_dir) {
  std::error_code ec;
  std::vector<Part> parts = {{"instruction set", true, compile::name_of(compile::best_isa())}};
  for (const auto& [what, name] : {std::pair{"data folder", "/models"}, {"drug catalogue", "/therapies"}, {"chart library", "/vega-bundle.js"}})
    parts.push_back({what, std::filesystem::exists(data_root + name, ec), data_root + name});
  const bool own_words = std::filesystem::exists(data_root + "/vocabulary", ec);
  parts.push_back({"vocabulary", true, own_words ? data_root + "/vocabulary" : "the one built in: the data folder has none"});
  const bool python = std::filesystem::exists(data_root + "/python/bin/python3", ec);
  parts.push_back({"Python environment", true, python ? data_root + "/python" : "not there, needed by omex and --figures; make it with: make omex"});
  parts.push_back({"cache folder", !cache_dir.empty(), cache_dir});
  if (!parts[1].there) {
    parts[1].detail += "; set OSTEOSOME_DATA to the folder that holds models/";
    return parts;
  }
  const auto workspace = cohort::Workspace::open(data_root, cache_dir);
  for (const std::string& name : workspace->library().models())
    parts.push_back({"model " + name, true, simulate::CompiledModel(workspace->load({name}), {}).engine_text()});
  return parts;
}

}  // namespace osteosome::tasks
