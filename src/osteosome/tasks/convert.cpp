// SPDX-License-Identifier: Apache-2.0
// A model from one form to another.
#include "osteosome/tasks/convert.hpp"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "dosable_drugs.hpp"
#include "osteosome/cohort/scenario.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/core/toml.hpp"
#include "osteosome/sbml/export.hpp"
#include "osteosome/simulate/course.hpp"
#include "osteosome/simulate/dosed_model.hpp"

namespace osteosome::tasks {
namespace {

using core::usage;

/// The index of the one that is called `wanted`, or of the first.
template <class T>
std::size_t chosen(const std::vector<T>& items, const std::string& wanted, const char* what) {
  std::vector<std::string> names;
  for (const T& item : items) names.push_back(item.name);
  const auto it = wanted.empty() ? names.begin() : std::find(names.begin(), names.end(), wanted);
  if (it == names.end()) throw usage("the scenario has no " + std::string(what) + " '" + wanted + "'", core::did_you_mean(wanted, names));
  return static_cast<std::size_t>(it - names.begin());
}

/// What an element of the exported file is called, for those who address it.
std::string kind_of(const model::Model& model, const std::string& id) {
  const model::Species* s = model.find_species(id);
  const auto reacts = [&](const model::Reaction& r) {
    return std::any_of(r.reactants.begin(), r.reactants.end(), [&](const auto& x) { return x.species == id; }) ||
           std::any_of(r.products.begin(), r.products.end(), [&](const auto& x) { return x.species == id; });
  };
  if (s != nullptr && (!s->compartment.empty() || std::any_of(model.reactions.begin(), model.reactions.end(), reacts))) return "species";
  return model.find_compartment(id) != nullptr ? "compartment" : "parameter";
}

/// Where in model time the arm is looked at, and its outputs, for `osteosome omex export`.
std::string course_text(const cohort::Scenario& scenario, const simulate::CompiledModel& model, const cohort::ScenarioArm& arm,
                        const solve::SubjectPlan& plan, std::vector<std::string>& notes) {
  nlohmann::ordered_json course;
  course["start"] = plan.outputs.front().time;
  course["end"] = plan.outputs.back().time;
  const auto steps = static_cast<std::int64_t>(std::max(1.0, std::round(scenario.until_days() / scenario.every_days())));
  course["steps"] = steps;
  if (scenario.every * steps != scenario.until) {
    notes.push_back(fmt::format("'every' does not divide 'until'; SED-ML's looks are evenly spaced, {} d apart",
                                core::format_double(scenario.until_days() / static_cast<double>(steps))));
  }
  course["time_unit"] = model.model().time.text;
  const auto names = model::plain_names(model.model());
  course["outputs"] = nlohmann::ordered_json::array();
  for (const std::string& id : simulate::outputs_for(model.model(), arm.regimen)) {
    const auto output = std::find_if(model.model().outputs.begin(), model.model().outputs.end(), [&](const auto& x) { return x.id == id; });
    const std::string plain = names.contains(id) ? names.at(id) : id;
    course["outputs"].push_back({{"id", plain}, {"kind", kind_of(model.model(), id)}, {"label", output->label}, {"unit", output->unit.text}});
  }
  return course.dump(2) + "\n";
}

/// The composed model of a scenario; with an arm what its typical subject is given, as events.
Converted scenario_model(const cohort::Workspace& workspace, const ConvertRequest& o) {
  const cohort::Scenario scenario = cohort::load_scenario(o.from, workspace.library(), workspace.units());
  const auto models = cohort::compile_models(scenario, {}, workspace.library(), workspace.units());
  const std::size_t m = chosen(scenario.models, o.model, "model");
  if (o.arm.empty()) return {models[m].model(), std::nullopt, {}};
  const std::size_t a = chosen(scenario.arms, o.arm, "arm");
  const auto plan = cohort::typical_plan(scenario, models, m, a, workspace.units());
  Converted out{simulate::dosed_model(models[m], plan), std::nullopt, {}};
  out.course = course_text(scenario, models[m], scenario.arms[a], plan, out.notes);
  return out;
}

Converted regimen_model(const cohort::Workspace& workspace, const ConvertRequest& o) {
  cohort::Treatment treatment;
  std::vector<std::string> drugs;
  const protocol::DrugCatalogue catalogue = dosable_drugs(workspace, {o.from, o.species}, o.doses);
  for (const std::string& text : o.doses) {
    treatment.regimens.push_back(protocol::parse_regimen(text, catalogue, workspace.units()));
    for (const std::string& drug : treatment.regimens.back().drugs()) drugs.push_back(drug);
  }
  model::Model model = workspace.load({o.from, o.species, drugs});
  if (o.doses.empty()) return {std::move(model), std::nullopt, {}};
  if (o.until.empty()) throw usage("--dose needs --until", "E.g. --until \"24 months\": doses up to then become events.");
  const simulate::CompiledModel compiled(std::move(model), {});
  cohort::Subject subject;
  subject.patient.supplement = false;  // only what is asked for is given
  subject.treatment = std::make_shared<const cohort::Treatment>(std::move(treatment));
  const cohort::SubjectList subjects({std::move(subject)});
  auto plan = cohort::plan_of(compiled, workspace.units(), subjects, {{workspace.time(o.until)}}, 0);
  plan.outputs.clear();
  return {simulate::dosed_model(compiled, plan), std::nullopt, {}};
}

bool is_scenario(const std::string& path) {
  if (std::filesystem::path(path).extension() != ".toml" || !std::filesystem::exists(path)) return false;
  const core::TomlValue document = core::load_toml(path);
  return document.find("scenario") != nullptr;
}

/// SBML that libSBML has found no error in; its warnings become notes.
std::string checked_sbml(const model::Model& model, const std::string& file, std::vector<std::string>& notes) {
  std::string text = sbml::to_sbml(model);
  const auto findings = sbml::check_consistency(text, file);
  if (!findings.errors.empty()) throw core::Error(core::ErrorKind::Model, findings.errors);
  std::map<std::string, std::pair<std::size_t, std::string>> kinds;
  for (const auto& w : findings.warnings) {
    auto& [count, first] = kinds[w.code];
    if (count++ == 0) first = w.message.substr(0, 200);
  }
  for (const auto& [code, kind] : kinds) notes.push_back(fmt::format("libSBML warns {} times: {} [{}]", kind.first, kind.second, code));
  return text;
}

}  // namespace

Converted convert(const cohort::Workspace& workspace, const ConvertRequest& o) {
  if (is_scenario(o.from)) {
    if (!o.doses.empty() || !o.species.empty()) throw usage("--dose and --species do not go with a scenario", "Choose one of its arms: --arm NAME.");
    return scenario_model(workspace, o);
  }
  if (!o.arm.empty() || !o.model.empty()) throw usage("--arm and --model are for scenarios", "");
  return regimen_model(workspace, o);
}

std::string text_for(const model::Model& model, const std::string& file, std::vector<std::string>& notes) {
  if (file.empty()) throw usage("the file to write is missing", "E.g. osteosome convert joerg-2022 joerg.xml");
  if (model::is_sbml(file)) return checked_sbml(model, file, notes);
  if (core::to_lower(std::filesystem::path(file).extension().string()) == ".toml") return model::to_toml(model);
  throw usage("'" + file + "' ends in neither .toml nor .xml",
              "The ending says what is written: .toml or .xml; or give --to-latex or --to-markdown.");
}

}  // namespace osteosome::tasks
