// SPDX-License-Identifier: Apache-2.0
// Small verbs: check, models, regimen, doctor.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "common.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::app {
namespace {

int check_command(const std::vector<std::string>& files) {
  const auto workspace = app::workspace();
  int code = kOk;
  for (const std::string& file : files) {
    std::vector<std::string> remarks;
    try {
      const std::string found = tasks::check(*workspace, file, remarks);
      print("warning: ", remarks);
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
  const auto workspace = app::workspace();
  if (verb == "show") {
    if (id.empty()) throw usage("'models show' needs a model", "E.g. osteosome models show joerg-2022.");
    std::cout << model::to_markdown(workspace->load({id}));
    return kOk;
  }
  for (const std::string& name : workspace->library().models()) {
    const auto m = workspace->load({name});
    std::cout << fmt::format("{:<24} {:>3} species  time in {:<8} {}\n", name, m.species.size(), m.time.text, m.title);
  }
  return kOk;
}

int regimen_command(const std::string& text, const std::string& until) {
  const auto workspace = app::workspace();
  const auto regimen = protocol::parse_regimen(text, workspace->drugs(), workspace->units());
  protocol::Microseconds horizon = protocol::kForever;
  if (!until.empty()) horizon = workspace->time(until).whole_microseconds();
  if (horizon <= 0) throw usage("--until " + until + " should be positive", "");
  for (const std::string& remark : regimen.remarks) std::cerr << "warning: " << remark << '\n';
  std::cout << "time_days,time_months,drug,amount,unit,route,over_days,interval_days\n";
  const auto in = [](protocol::Microseconds t, double unit) { return core::format_double(core::Time::microseconds(t).in(unit)); };
  for (const auto& d : protocol::expand(regimen, horizon)) {
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
  const auto workspace = app::workspace();
  for (const std::string& name : workspace->library().models()) {
    const simulate::CompiledModel model(workspace->load({name}), {});
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
