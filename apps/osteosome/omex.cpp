// SPDX-License-Identifier: Apache-2.0
// osteosome omex: COMBINE archives and SED-ML, by the Python package of python/ (decision 0023).
#include <algorithm>
#include <filesystem>
#include <iostream>

#include "common.hpp"

namespace osteosome::app {
namespace {

/// Becomes the Python package; without it help is still given.
int omex_command(const std::vector<std::string>& words, const std::string& help) {
  const bool asks = words.empty() || std::any_of(words.begin(), words.end(), [](const std::string& w) { return w == "-h" || w == "--help"; });
  if (asks && !python_is_there()) {
    std::cout << help << "\nThe Python environment it runs in is not there yet. Make it with: make omex\n";
    return kOk;
  }
  require_python("'omex'");
  std::vector<std::string> command = {"-m", "osteosome.omex", "--program", std::filesystem::read_symlink("/proc/self/exe").string()};
  command.insert(command.end(), words.begin(), words.end());
  if (words.empty()) command.emplace_back("--help");
  become_python(std::move(command));
}

}  // namespace

void add_omex(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("omex", "run COMBINE archives with SED-ML (run -i ARCHIVE -o FOLDER), or write one (export SCENARIO)");
  verb->prefix_command();
  verb->set_help_flag();
  verb->footer(
      "Examples:\n  osteosome omex run -i archive.omex -o results\n  osteosome omex export scenarios/teriparatide.toml -o teriparatide.omex");
  verb->callback([verb, &action] { action = [words = verb->remaining(), help = verb->help()] { return omex_command(words, help); }; });
}

}  // namespace osteosome::app
