// SPDX-License-Identifier: Apache-2.0
// Small verbs: check, models, regimen, doctor.
#include <fmt/format.h>

#include <iostream>

#include "common.hpp"

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
      code = exit_code(error);
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

/// Columns side by side; the last one runs on.
void print_aligned(const core::Table& table) {
  std::vector<std::vector<std::string>> lines = {table.columns};
  lines.insert(lines.end(), table.rows.begin(), table.rows.end());
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t c = 0; c < line.size(); ++c) {
      std::size_t width = 0;
      for (const auto& other : lines) width = std::max(width, other[c].size());  // of ASCII
      text += c + 1 == line.size() ? line[c] : fmt::format("{:<{}}  ", line[c], width);
    }
    std::cout << text << '\n';
  }
}

int new_command(const std::string& kind, const std::string& path) {
  const auto workspace = app::workspace();
  tasks::begin(*workspace, kind, path);
  std::cerr << fmt::format("wrote {}; next: osteosome check {}\n", path, path);
  return kOk;
}

int regimen_command(const std::string& text, const std::string& until) {
  const auto workspace = app::workspace();
  const auto regimen = protocol::parse_regimen(text, workspace->drugs(), workspace->units());
  protocol::Microseconds horizon = protocol::kForever;
  if (!until.empty()) horizon = workspace->time(until).whole_microseconds();
  if (horizon <= 0) throw usage("--until " + until + " should be positive", "");
  print("warning: ", regimen.remarks);
  std::cout << core::to_csv(protocol::dose_table(regimen, horizon));
  return kOk;
}

int doctor_command() {
  int code = kOk;
  std::cout << fmt::format("{:<22} {:<8} {}\n", "version", "ok", std::string("osteosome ") + OSTEOSOME_VERSION);
  for (const tasks::Part& part : tasks::inspect(data_root(), cache_dir())) {
    std::cout << fmt::format("{:<22} {:<8} {}\n", part.what, part.there ? "ok" : "MISSING", part.detail);
    if (!part.there) code = kIo;
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

void add_list(CLI::App& app, Action& action) {
  auto what = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand("list", "list what regimen texts, scenarios and studies may name");
  verb->add_option("WHAT", *what, "what to list")->required()->check(CLI::IsMember(tasks::listed()));
  verb->footer("Examples:\n  osteosome list drugs\n  osteosome list scenarios");
  verb->callback([what, &action] {
    action = [what] {
      print_aligned(tasks::list(*app::workspace(), *what));
      return kOk;
    };
  });
}

void add_new(CLI::App& app, Action& action) {
  auto words = std::make_shared<std::pair<std::string, std::string>>();
  CLI::App* verb = app.add_subcommand("new", "write a commented document to start from");
  verb->add_option("KIND", words->first, "rat-study, clinical, model, calibration, drug or product")->required();
  verb->add_option("FILE", words->second, "file to write; one that is there is left alone")->required();
  verb->footer("Examples:\n  osteosome new rat-study my-study.toml\n  osteosome new model my-model.toml");
  verb->callback([words, &action] { action = [words] { return new_command(words->first, words->second); }; });
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
