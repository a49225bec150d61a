// SPDX-License-Identifier: Apache-2.0
// osteosome convert: a model from one form to another.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "common.hpp"
#include "osteosome/core/output_file.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/core/toml.hpp"
#include "osteosome/sbml/export.hpp"
#include "osteosome/simulate/dosed_model.hpp"
#include "osteosome/simulate/dosing.hpp"
#include "osteosome/simulate/scenario.hpp"

namespace osteosome::app {
namespace {

struct ConvertOptions {
  std::string from, to, species, until, arm, model, course;
  std::vector<std::string> doses;
  bool latex = false, markdown = false, overwrite = false;
};

core::Error usage(const std::string& message, const std::string& hint) { return {core::ErrorKind::Input, {"usage", message, {}, hint}}; }

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
void write_course(const std::string& path, const simulate::Scenario& scenario, const simulate::CompiledModel& model, const simulate::ScenarioArm& arm,
                  const solve::SubjectPlan& plan) {
  nlohmann::ordered_json course;
  course["start"] = plan.outputs.front().time;
  course["end"] = plan.outputs.back().time;
  const auto steps = static_cast<std::int64_t>(std::max(1.0, std::round(scenario.until_days() / scenario.every_days())));
  course["steps"] = steps;
  if (scenario.every * steps != scenario.until) {
    std::cerr << fmt::format("note: 'every' does not divide 'until'; SED-ML's looks are evenly spaced, {} d apart\n",
                             core::format_double(scenario.until_days() / static_cast<double>(steps)));
  }
  course["time_unit"] = model.model().time.text;
  const auto names = model::plain_names(model.model());
  course["outputs"] = nlohmann::ordered_json::array();
  for (const std::string& id : simulate::outputs_for(model.model(), arm.regimen)) {
    const auto output = std::find_if(model.model().outputs.begin(), model.model().outputs.end(), [&](const auto& x) { return x.id == id; });
    const std::string plain = names.contains(id) ? names.at(id) : id;
    course["outputs"].push_back({{"id", plain}, {"kind", kind_of(model.model(), id)}, {"label", output->label}, {"unit", output->unit.text}});
  }
  core::write_file(path, course.dump(2) + "\n");
}

/// The composed model of a scenario; with --arm what its typical subject is given, as events.
model::Model scenario_model(const ConvertOptions& o, const std::string& path, const model::Library& library, const core::UnitSystem& units) {
  simulate::Scenario scenario = simulate::load_scenario(path, library, units);
  const auto models = simulate::compile_models(scenario, {}, library, units);
  const std::size_t m = chosen(scenario.models, o.model, "model");
  if (o.arm.empty()) return models[m].model();
  const std::size_t a = chosen(scenario.arms, o.arm, "arm");
  const auto plan = simulate::typical_plan(scenario, models, m, a, units);
  if (!o.course.empty()) write_course(o.course, scenario, models[m], scenario.arms[a], plan);
  return simulate::dosed_model(models[m], plan);
}

model::Model regimen_model(const ConvertOptions& o, model::Model model, const core::UnitSystem& units, const protocol::DrugCatalogue& catalogue) {
  if (o.doses.empty()) return model;
  if (o.until.empty()) throw usage("--dose needs --until", "E.g. --until \"24 months\": doses up to then become events.");
  const simulate::CompiledModel compiled(std::move(model), {});
  const auto horizon = protocol::horizon_after(core::time_of(units, o.until));
  solve::SubjectPlan plan;
  plan.parameters = compiled.program().parameter_values;
  simulate::DoseTranslator translator(compiled, units);
  const double weight = simulate::body_mass_kg(compiled, {});
  for (const std::string& text : o.doses) {
    const auto regimen = protocol::parse_regimen(text, catalogue, units);
    translator.check(regimen, weight);
    translator.add_doses(protocol::expand(regimen, horizon), 0, weight, plan);
  }
  return simulate::dosed_model(compiled, plan);
}

bool is_scenario(const std::string& path) {
  if (std::filesystem::path(path).extension() != ".toml" || !std::filesystem::exists(path)) return false;
  const core::TomlValue document = core::load_toml(path);
  return document.find("scenario") != nullptr;
}

model::Model load(const ConvertOptions& o, const core::UnitSystem& units) {
  const model::Library library = app::library();
  if (is_scenario(o.from)) {
    if (!o.doses.empty() || !o.species.empty()) throw usage("--dose and --species do not go with a scenario", "Choose one of its arms: --arm NAME.");
    return scenario_model(o, o.from, library, units);
  }
  if (!o.arm.empty() || !o.model.empty()) throw usage("--arm and --model are for scenarios", "");
  const auto catalogue = protocol::load_catalogue(library.root + "/therapies");
  std::vector<std::string> drugs;
  for (const std::string& text : o.doses) {
    for (const std::string& drug : protocol::parse_regimen(text, catalogue, units).drugs()) drugs.push_back(drug);
  }
  return regimen_model(o, model::load_model(library.find_model(o.from), library, units, {o.species, drugs, {}}), units, catalogue);
}

/// Writes SBML that libSBML has found no error in.
std::string checked_sbml(const model::Model& model, const std::string& file) {
  std::string text = sbml::to_sbml(model);
  const auto findings = sbml::check_consistency(text, file);
  if (!findings.errors.empty()) throw core::Error(core::ErrorKind::Model, findings.errors);
  std::map<std::string, std::pair<std::size_t, std::string>> kinds;
  for (const auto& w : findings.warnings) {
    auto& [count, first] = kinds[w.code];
    if (count++ == 0) first = w.message.substr(0, 200);
  }
  for (const auto& [code, kind] : kinds) std::cerr << fmt::format("note: libSBML warns {} times: {} [{}]\n", kind.first, kind.second, code);
  return text;
}

int convert_command(const ConvertOptions& o) {
  const core::UnitSystem units;
  const std::string ending = core::to_lower(std::filesystem::path(o.to).extension().string());
  for (const std::string& path : {o.to, o.course}) {
    std::error_code ec;
    if (path.empty() || o.overwrite || !std::filesystem::exists(path, ec)) continue;
    throw core::Error(core::ErrorKind::Io, {"io-004", "'" + path + "' exists", {}, "Give --overwrite to replace it."});
  }
  if (o.latex || o.markdown) {
    const model::Model model = load(o, units);
    const std::string text = o.latex ? model::to_latex(model) : model::to_markdown(model);
    if (o.to.empty()) {
      std::cout << text;
      return kOk;
    }
    core::write_file(o.to, text);
    return kOk;
  }
  if (o.to.empty()) throw usage("the file to write is missing", "E.g. osteosome convert joerg-2022 joerg.xml");
  if (ending != ".toml" && !model::is_sbml(o.to)) {
    throw usage("'" + o.to + "' ends in neither .toml nor .xml",
                "The ending says what is written: .toml or .xml; or give --to-latex or --to-markdown.");
  }
  const model::Model model = load(o, units);
  core::write_file(o.to, ending == ".toml" ? model::to_toml(model) : checked_sbml(model, o.to));
  std::cerr << fmt::format("{}: {} species, {} parameters, {} rules, {} reactions, {} events\n", o.to, model.species.size(), model.parameters.size(),
                           model.rules.size(), model.reactions.size(), model.events.size());
  return kOk;
}

}  // namespace

void add_convert(CLI::App& app, Action& action) {
  auto o = std::make_shared<ConvertOptions>();
  CLI::App* verb = app.add_subcommand("convert", "write a model as SBML, TOML, LaTeX or Markdown");
  verb->add_option("FROM", o->from, "model document, SBML file, scenario, or id of a built-in model")->required();
  verb->add_option("TO", o->to, "file to write: .xml (SBML Level 3 Version 2) or .toml");
  verb->add_flag("--to-latex", o->latex, "equations as LaTeX (TO, or standard output)");
  verb->add_flag("--to-markdown", o->markdown, "equations and parameters as Markdown (TO, or standard output)")->excludes("--to-latex");
  verb->add_option("--species", o->species, "species overlay, e.g. rat");
  verb->add_option("--dose", o->doses, "regimen text, written as events (repeatable; with --until)")->type_size(1)->allow_extra_args(false);
  verb->add_option("--until", o->until, "doses before this time become events, e.g. \"24 months\"");
  verb->add_option("--arm", o->arm, "of a scenario: what the typical subject of this arm is given, as events");
  verb->add_option("--course", o->course, "with --arm: also write where the arm is looked at in model time, and its outputs, as JSON");
  verb->add_option("--model", o->model, "of a scenario: which of its models (default: the first)");
  verb->add_flag("--overwrite", o->overwrite, "replace an existing file");
  verb->footer(
      "Examples:\n  osteosome convert BIOMD0000000149.xml kim.toml\n  osteosome convert osteosome bone.xml --dose \"denosumab 60 mg sc every 6 "
      "months x 4\" "
      "--until \"24 months\"\n  osteosome convert joerg-2022 --to-latex");
  verb->callback([o, &action] { action = [o] { return convert_command(*o); }; });
}

}  // namespace osteosome::app
