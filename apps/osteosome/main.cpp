// SPDX-License-Identifier: Apache-2.0
// The command line: parse, call, print. Data go to stdout, everything else to stderr.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
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

template <class Verbs>
std::vector<std::string> names_of(const Verbs& verbs) {
  std::vector<std::string> names;
  for (const CLI::App* verb : verbs) names.push_back(verb->get_name());
  return names;
}

/// Near matches for a misspelt verb or option; "" if neither is the trouble.
std::string usage_hint(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return "";
  const auto verbs = app.get_subcommands([](const CLI::App*) { return true; });
  const auto names = names_of(verbs);
  const auto at = std::find(names.begin(), names.end(), argv[1]);
  if (at == names.end()) return "There is no verb '" + std::string(argv[1]) + "'. " + core::did_you_mean(argv[1], names) + "\n";
  std::vector<std::string> options;
  for (const CLI::Option* o : verbs[static_cast<std::size_t>(at - names.begin())]->get_options()) {
    for (const std::string& name : o->get_lnames()) options.push_back("--" + name);
  }
  for (int i = 2; i < argc; ++i) {
    const std::string word = std::string(argv[i]).substr(0, std::string(argv[i]).find('='));
    if (word.rfind("--", 0) != 0 || std::find(options.begin(), options.end(), word) != options.end()) continue;
    return "There is no option '" + word + "'. " + core::did_you_mean(word, options) + "\n";
  }
  return "";
}

/// `code`, unless stdout did not take everything.
int flushed(int code) {
  errno = 0;
  std::cout.flush();
  if (std::cout || code != kOk) return code;
  std::cerr << "error: cannot write to stdout: " << std::strerror(errno) << '\n';
  return kIo;
}

int run(int argc, char** argv) {
  CLI::App app("Osteosome: in-silico trials of osteoporosis therapy. Research use, not for clinical decisions.", "osteosome");
  app.set_version_flag("--version", std::string("osteosome ") + OSTEOSOME_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Where to begin: osteosome new rat-study my-study.toml, or osteosome list scenarios.\n"
      "Examples:\n  osteosome run scenarios/denosumab-and-stop.toml -o runs/denosumab\n"
      "  osteosome simulate peterson-riggs-2010 --dose \"denosumab 60 mg sc every 6 months x 6\" --until \"60 months\" --every \"1 month\"");
  Action action;
  add_run(app, action);
  add_rerun(app, action);
  add_culture(app, action);
  add_power(app, action);
  add_simulate(app, action);
  add_scan(app, action);
  add_convert(app, action);
  add_omex(app, action);
  add_check(app, action);
  add_new(app, action);
  add_list(app, action);
  add_models(app, action);
  add_regimen(app, action);
  add_calibrate(app, action);
  add_validate(app, action);
  add_doctor(app, action);
  const auto verbs = names_of(app.get_subcommands([](const CLI::App*) { return true; }));
  if (argc > 1 && argv[1][0] != '-' && std::find(verbs.begin(), verbs.end(), argv[1]) == verbs.end()) {
    std::cerr << usage_hint(app, argc, argv) << "See osteosome --help.\n";
    return kUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      app.exit(error);
      return flushed(kOk);
    }
    std::cerr << usage_hint(app, argc, argv);
    app.exit(error, std::cerr, std::cerr);
    return kUsage;
  }
  return flushed(action());
}

}  // namespace

int exit_code(const core::Error& error) {
  const auto& all = error.diagnostics();
  if (std::any_of(all.begin(), all.end(), [](const core::Diagnostic& d) { return d.code == "usage"; })) return kUsage;
  switch (error.kind()) {
    case core::ErrorKind::Internal: return kInternal;
    case core::ErrorKind::Numerics: return kNumericalFailure;
    case core::ErrorKind::Unsupported: return kUnsupported;
    case core::ErrorKind::Io: return kIo;
    default: return kInvalidInput;
  }
}

std::stop_token interrupted() { return stop_source().get_token(); }

std::string data_root() {
  if (const char* given = std::getenv("OSTEOSOME_DATA")) return given;
  std::error_code ec;
  return (std::filesystem::read_symlink("/proc/self/exe", ec).parent_path().parent_path() / "share" / "osteosome").string();
}

std::shared_ptr<const cohort::Workspace> workspace() { return cohort::Workspace::open(data_root(), cache_dir()); }

tasks::Build build() { return {OSTEOSOME_VERSION, core::sha256(core::read_file("/proc/self/exe", std::size_t{1} << 30))}; }

std::string cache_dir() {
  if (const char* xdg = std::getenv("XDG_CACHE_HOME")) return std::string(xdg) + "/osteosome";
  if (const char* home = std::getenv("HOME")) return std::string(home) + "/.cache/osteosome";
  return "";
}

}  // namespace osteosome::app

int main(int argc, char** argv) {
  using namespace osteosome;
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
    return app::exit_code(error);
  } catch (const std::bad_alloc&) {
    std::cerr << "error: out of memory; run fewer subjects or output times at once\n";
    return app::kIo;
  } catch (const std::exception& error) {
    std::cerr << "internal error: " << error.what() << "\nPlease report this.\n";
    return app::kInternal;
  }
}
