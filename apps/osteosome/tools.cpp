// SPDX-License-Identifier: Apache-2.0
// Small verbs: check, models, regimen, doctor.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <iostream>

#include "common.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/core/toml.hpp"
#include "osteosome/evidence/preclinical.hpp"
#include "osteosome/evidence/study.hpp"
#include "osteosome/protocol/regimen.hpp"
#include "osteosome/sbml/import.hpp"
#include "osteosome/simulate/scenario.hpp"

namespace osteosome::app {
namespace {

/// A product in the model that takes its kind in.
std::string check_product(const core::TomlValue& product, const std::string& path, const model::Library& library, const core::UnitSystem& units) {
  const core::TomlValue* drug = product.find("drug");
  const std::string name = drug == nullptr ? "" : drug->text;
  const auto m = model::load_model(library.find_model("osteosome"), library, units, model::LoadOptions{"", {name}, {}, {path}});
  if (m.find_dose(name) == nullptr) {
    const core::TomlValue* kind = product.find("kind");
    throw core::Error(core::ErrorKind::Input, {"product-008", "no model takes in products of kind '" + (kind == nullptr ? "" : kind->text) + "'",
                                               kind == nullptr ? core::Location{path, 0, 0} : kind->where, "'exosomes' or 'cells'."});
  }
  return "product " + name;
}

std::string check_overlay(const core::TomlValue& overlay, const std::string& path, const model::Library& library, const core::UnitSystem& units) {
  const core::TomlValue* of = overlay.find("of");
  if (of == nullptr) throw core::Error(core::ErrorKind::Input, {"overlay-005", "[overlay] names no model: 'of' is missing", {path, 0, 0}, ""});
  const std::string model = of->text == "shared" ? "osteosome" : of->text;
  (void)model::load_model(library.find_model(model), library, units, model::LoadOptions{"", {}, {path}});
  return of->text == "shared" ? "overlay shared by models" : "overlay of " + of->text;
}

/// Checks one document of any kind; the tables it has tell which.
std::string check_sbml(const std::string& path, const core::UnitSystem& units) {
  const auto m = sbml::read_sbml(path, units).model;
  const std::string beyond = compile::build_program(m).beyond_lanes;
  std::string text = fmt::format("SBML model, {} species, {} parameters, {} rules, {} events", m.species.size(), m.parameters.size(), m.rules.size(),
                                 m.events.size());
  for (const std::string& note : m.faults) text += "; " + note;
  return beyond.empty() ? text : text + "; runs on the reference engine, since " + beyond;
}

std::string check_file(const std::string& path, const model::Library& library, const core::UnitSystem& units) {
  if (model::is_sbml(path)) return check_sbml(path, units);
  const core::TomlValue root = core::load_toml(path);
  if (root.find("scenario") != nullptr) {
    auto scenario = simulate::load_scenario(path, library, units);
    std::vector<std::string> animals;
    for (const auto& row : evidence::load_animal_studies(library.root + "/evidence/preclinical")) animals.push_back(row.study);
    (void)checked_models(scenario, {}, library, units, evidence::load_evidence(library.root), animals);
    return fmt::format("scenario, {} models, {} arms", scenario.models.size(), scenario.arms.size());
  }
  if (root.find("study") != nullptr && root.find("rows") != nullptr)
    return fmt::format("animal study, {} rows", evidence::load_animal_study(path).size());
  if (root.find("study") != nullptr) {
    const auto study = evidence::load_study(path, evidence::load_study_vocabulary(library.root));
    return fmt::format("study, {} arms", study.arms.size());
  }
  if (root.find("calibration") != nullptr) return check_calibration(path);
  if (const core::TomlValue* overlay = root.find("overlay")) return check_overlay(*overlay, path, library, units);
  if (const core::TomlValue* product = root.find("product")) return check_product(*product, path, library, units);
  if (const core::TomlValue* cargo = root.find("cargo"))
    return fmt::format("cargo list, {} entries; checked with the products that name it", cargo->items.size());
  if (root.find("ports") != nullptr || root.find("therapy") != nullptr) {
    model::check_module(path, library, units);
    return root.find("therapy") != nullptr ? "therapy" : "module";
  }
  if (root.find("drugs") != nullptr) return fmt::format("catalogue, {} drugs", protocol::load_catalogue(path).size());
  const auto m = model::load_model(path, library, units);
  (void)compile::build_program(m);
  std::size_t unchecked = 0;
  for (const auto& s : m.species) unchecked += s.unchecked.empty() ? 0 : 1;
  for (const auto& r : m.rules) unchecked += r.unchecked.empty() ? 0 : 1;
  for (const auto& r : m.reactions) unchecked += r.unchecked.empty() ? 0 : 1;
  for (const auto& x : m.outputs) unchecked += x.unchecked.empty() ? 0 : 1;
  return fmt::format("model, {} species, {} parameters, {} rules; units checked{}", m.species.size(), m.parameters.size(), m.rules.size(),
                     unchecked == 0 ? "" : fmt::format(" except {} opt-outs", unchecked));
}

int check_command(const std::vector<std::string>& files) {
  const core::UnitSystem units;
  const model::Library library = app::library();
  int code = kOk;
  for (const std::string& file : files) {
    try {
      const std::string found = check_file(file, library, units);
      std::cout << file << ": ok (" << found << ")\n";
    } catch (const core::Error& error) {
      for (core::Diagnostic d : error.diagnostics()) {
        if (d.where.file.empty()) d.where.file = file;
        std::cerr << "error: " << core::to_text(d) << '\n';
      }
      code = error.kind() == core::ErrorKind::Io ? kIo : error.kind() == core::ErrorKind::Unsupported ? kUnsupported : kInvalidInput;
    }
  }
  return code;
}

int models_command(const std::string& verb, const std::string& id) {
  const core::UnitSystem units;
  const model::Library library = app::library();
  if (verb == "show") {
    if (id.empty()) throw core::Error(core::ErrorKind::Input, {"usage", "'models show' needs a model", {}, "E.g. osteosome models show joerg-2022."});
    std::cout << model::to_markdown(model::load_model(library.find_model(id), library, units));
    return kOk;
  }
  for (const std::string& name : library.models()) {
    const auto m = model::load_model(library.find_model(name), library, units);
    std::cout << fmt::format("{:<24} {:>3} species  time in {:<8} {}\n", name, m.species.size(), m.time.text, m.title);
  }
  return kOk;
}

int regimen_command(const std::string& text, const std::string& until) {
  const core::UnitSystem units;
  const auto catalogue = protocol::load_catalogue(data_root() + "/therapies");
  const auto regimen = protocol::parse_regimen(text, catalogue, units);
  protocol::Microseconds horizon = protocol::kForever;
  if (!until.empty()) horizon = core::time_of(units, until).whole_microseconds();
  if (horizon <= 0) throw core::Error(core::ErrorKind::Input, {"usage", "--until " + until + " should be positive", {}, ""});
  for (const std::string& remark : regimen.remarks) std::cerr << "warning: " << remark << '\n';
  std::cout << "time_days,time_months,drug,amount,unit,route,over_days,interval_days\n";
  for (const auto& d : protocol::expand(regimen, horizon)) {
    const auto in = [](protocol::Microseconds t, double unit) { return core::format_double(core::Time::microseconds(t).in(unit)); };
    std::cout << fmt::format("{},{},{},{},{},{},{},{}\n", in(d.time, core::kSecondsPerDay), in(d.time, core::kSecondsPerMonth), d.drug,
                             core::format_double(d.amount), d.unit, d.route, in(d.over, core::kSecondsPerDay), in(d.interval, core::kSecondsPerDay));
  }
  return kOk;
}

int doctor_command() {
  const std::string root = data_root();
  int code = kOk;
  const auto line = [&](const std::string& what, bool ok, const std::string& detail) {
    std::cout << fmt::format("{:<22} {:<8} {}\n", what, ok ? "ok" : "MISSING", detail);
    if (!ok) code = kIo;
  };
  std::error_code ec;
  line("version", true, std::string("osteosome ") + OSTEOSOME_VERSION);
  line("instruction set", true, compile::name_of(compile::best_isa()));
  line("data folder", std::filesystem::exists(root, ec), root);
  line("drug catalogue", std::filesystem::exists(root + "/therapies", ec), root + "/therapies");
  line("chart library", std::filesystem::exists(root + "/vega-bundle.js", ec), root + "/vega-bundle.js");
  line("cache folder", !cache_dir().empty(), cache_dir());
  const core::UnitSystem units;
  const model::Library library = app::library();
  for (const std::string& name : library.models()) {
    const simulate::CompiledModel model(model::load_model(library.find_model(name), library, units), {});
    line("model " + name, true, model.engine_text());
  }
  return code;
}

}  // namespace

void add_check(CLI::App& app, Action& action) {
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* verb = app.add_subcommand("check", "check model, scenario and study documents, reporting every problem");
  verb->add_option("FILE", *files, "documents to check")->required();
  verb->footer("Examples:\n  osteosome check models/published/joerg-2022.toml\n  osteosome check scenarios/*.toml");
  verb->callback([files, &action] { action = [files] { return check_command(*files); }; });
}

void add_models(CLI::App& app, Action& action) {
  auto words = std::make_shared<std::pair<std::string, std::string>>("list", "");
  CLI::App* verb = app.add_subcommand("models", "list the built-in models, or show equations, parameters and sources of one");
  verb->add_option("ACTION", words->first, "list or show")->check(CLI::IsMember({"list", "show"}));
  verb->add_option("ID", words->second, "model to show");
  verb->footer("Examples:\n  osteosome models list\n  osteosome models show peterson-riggs-2010");
  verb->callback([words, &action] { action = [words] { return models_command(words->first, words->second); }; });
}

void add_regimen(CLI::App& app, Action& action) {
  auto words = std::make_shared<std::pair<std::string, std::string>>();
  CLI::App* verb = app.add_subcommand("regimen", "print the doses a regimen text expands to");
  verb->add_option("TEXT", words->first, "regimen text")->required();
  verb->add_option("--until", words->second, "leave out doses at or after this time");
  verb->footer(
      "Examples:\n  osteosome regimen \"denosumab 60 mg sc every 6 months x 6\"\n  osteosome regimen \"romosozumab 210 mg monthly x 12 then "
      "denosumab 60 mg q6mo x 2\"");
  verb->callback([words, &action] { action = [words] { return regimen_command(words->first, words->second); }; });
}

void add_doctor(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("doctor", "tell what this installation has and lacks");
  verb->footer("Examples:\n  osteosome doctor\n  OSTEOSOME_DATA=/opt/osteosome/share osteosome doctor");
  verb->callback([&action] { action = [] { return doctor_command(); }; });
}

}  // namespace osteosome::app
