// SPDX-License-Identifier: Apache-2.0
// The Python environment of the data folder (decision 0023): COMBINE archives, and charts as figure files.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "common.hpp"

namespace osteosome::app {
namespace {

/// $OSTEOSOME_PYTHON, which the installed Python package sets, else the environment of the data folder.
std::string interpreter() {
  const char* given = std::getenv("OSTEOSOME_PYTHON");
  return given != nullptr ? given : data_root() + "/python/bin/python3";
}

std::vector<char*> as_arguments(std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  return arguments;
}

}  // namespace

bool python_is_there() {
  std::error_code ec;
  return std::filesystem::exists(interpreter(), ec);
}

void require_python(const char* what) {
  if (python_is_there()) return;
  throw core::Error(core::ErrorKind::Io, {"omex-001",
                                          std::string("the Python environment of ") + what + " is not there: " + interpreter(),
                                          {},
                                          "Make it with: make omex, or tools/omex_environment.sh " + data_root()});
}

void become_python(std::vector<std::string> command) {
  command.insert(command.begin(), interpreter());
  execv(command.front().c_str(), as_arguments(command).data());
  throw core::Error(core::ErrorKind::Io, {"omex-002", "cannot start '" + command.front() + "'", {}, ""});
}

void call_python(std::vector<std::string> command, const char* what) {
  command.insert(command.begin(), interpreter());
  pid_t child = 0;
  int status = 0;
  if (posix_spawn(&child, command.front().c_str(), nullptr, nullptr, as_arguments(command).data(), environ) != 0)
    throw core::Error(core::ErrorKind::Io, {"omex-002", "cannot start '" + command.front() + "'", {}, ""});
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw core::Error(core::ErrorKind::Io, {"omex-003", std::string("not done: ") + what, {}, "What Python says stands above."});
}

}  // namespace osteosome::app
