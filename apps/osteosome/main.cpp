// SPDX-License-Identifier: Apache-2.0
// The command line: parse, call, print. Data go to stdout, everything else to stderr.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "common.hpp"
#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::app {
namespace {

std::stop_source& stop_source() {
  static std::stop_source source;
  return source;
}
volatile std::sig_atomic_t signalled = 0;

int exit_code(core::ErrorKind kind) {
  switch (kind) {
    case core::ErrorKind::Internal: return kInternal;
    case core::ErrorKind::Numerics: return kNumericalFailure;
    case core::ErrorKind::Unsupported: return kUnsupported;
    case core::ErrorKind::Io: return kIo;
    default: return kInvalidInput;
  }
}

std::string usage_hint(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return "";
  std::vector<std::string> verbs;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) verbs.push_back(verb->get_name());
  if (std::find(verbs.begin(), verbs.end(), argv[1]) != verbs.end()) return "";
  return "There is no verb '" + std::string(argv[1]) + "'. " + core::did_you_mean(argv[1], verbs) + "\n";
}

int run(int argc, char** argv) {
  CLI::App app("Osteosome: in-silico trials of osteoporosis therapy. Research use, not for clinical decisions.", "osteosome");
  app.set_version_flag("--version", std::string("osteosome ") + OSTEOSOME_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Examples:\n  osteosome run scenarios/denosumab-and-stop.toml -o runs/denosumab\n"
      "  osteosome simulate peterson-riggs-2010 --dose \"denosumab 60 mg sc every 6 months x 6\" --until \"60 months\" --every \"1 month\"");
  Action action;
  add_run(app, action);
  add_rerun(app, action);
  add_simulate(app, action);
  add_check(app, action);
  add_models(app, action);
  add_regimen(app, action);
  add_doctor(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::cerr << usage_hint(app, argc, argv);
    app.exit(error, std::cerr, std::cerr);
    return kUsage;
  }
  return action();
}

}  // namespace

std::stop_token interrupted() { return stop_source().get_token(); }

std::string data_root() {
  if (const char* given = std::getenv("OSTEOSOME_DATA")) return given;
  std::error_code ec;
  const auto exe = std::filesystem::read_symlink("/proc/self/exe", ec);
  return (exe.parent_path().parent_path() / "share" / "osteosome").string();
}

std::string cache_dir() {
  if (const char* xdg = std::getenv("XDG_CACHE_HOME")) return std::string(xdg) + "/osteosome";
  if (const char* home = std::getenv("HOME")) return std::string(home) + "/.cache/osteosome";
  return "";
}

}  // namespace osteosome::app

int main(int argc, char** argv) {
  using namespace osteosome;
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGINT, [](int) { app::signalled = 1; });
  std::jthread watcher([](const std::stop_token& done) {  // a handler may not request a stop itself
    while (!done.stop_requested()) {
      if (app::signalled != 0) app::stop_source().request_stop();
      usleep(20000);
    }
  });
  try {
    return app::run(argc, argv);
  } catch (const core::Error& error) {
    for (const auto& d : error.diagnostics()) std::cerr << "error: " << core::to_text(d) << '\n';
    return app::exit_code(error.kind());
  } catch (const std::exception& error) {
    std::cerr << "internal error: " << error.what() << "\nPlease report this.\n";
    return app::kInternal;
  }
}
