// SPDX-License-Identifier: Apache-2.0
// osteosome omex: COMBINE archives and SED-ML, by the Python package of python/ (decision 0023).
#include <unistd.h>

#include <filesystem>

#include "common.hpp"

namespace osteosome::app {
namespace {

/// Becomes the Python package; returns only by throwing.
int omex_command(const std::vector<std::string>& words) {
  const std::string python = data_root() + "/python/bin/python3";
  std::error_code ec;
  if (!std::filesystem::exists(python, ec)) {
    throw core::Error(core::ErrorKind::Io, {"omex-001",
                                            "the Python environment of 'omex' is not there: " + python,
                                            {},
                                            "Make it with: tools/omex_environment.sh " + data_root()});
  }
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", ec).string();
  std::vector<std::string> command = {python, "-m", "osteosome_omex", "--program", self};
  command.insert(command.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv(python.c_str(), arguments.data());
  throw core::Error(core::ErrorKind::Io, {"omex-002", "cannot start '" + python + "'", {}, ""});
}

}  // namespace

void add_omex(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("omex", "run COMBINE archives with SED-ML (run -i ARCHIVE -o FOLDER), or write one (export SCENARIO)");
  verb->prefix_command();
  verb->set_help_flag();
  verb->footer(
      "Examples:\n  osteosome omex run -i archive.omex -o results\n  osteosome omex export scenarios/teriparatide.toml -o teriparatide.omex");
  verb->callback([verb, &action] {
    action = [words = verb->remaining()] { return omex_command(words.empty() ? std::vector<std::string>{"--help"} : words); };
  });
}

}  // namespace osteosome::app
