// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <stop_token>
#include <string>

#include "osteosome/osteosome.hpp"

namespace osteosome::app {

/// Exit codes of the program (docs/reference/command-line.md).
enum Exit { kOk = 0, kInternal = 1, kUsage = 2, kInvalidInput = 3, kNumericalFailure = 4, kUnsupported = 5, kIo = 6, kCancelled = 130 };

/// Where the program's data lie: $OSTEOSOME_DATA, else share/osteosome beside the program.
[[nodiscard]] std::string data_root();
[[nodiscard]] std::shared_ptr<const cohort::Workspace> workspace();
/// Where compiled native code is kept: $XDG_CACHE_HOME/osteosome or ~/.cache/osteosome; "" if neither is known.
[[nodiscard]] std::string cache_dir();
/// This program, for manifests.
[[nodiscard]] tasks::Build build();
/// Requested by Ctrl-C.
[[nodiscard]] std::stop_token interrupted();
[[nodiscard]] int exit_code(const core::Error& error);
using core::usage;

/// The Python environment of the data folder. @throws Error(Io) omex-001 where it is not there, omex-002 and -003 where it does not run.
[[nodiscard]] bool python_is_there();
void require_python(const char* what);
/// Becomes Python with these arguments; returns only by throwing.
[[noreturn]] void become_python(std::vector<std::string> command);
/// Runs Python to its end.
void call_python(std::vector<std::string> command, const char* what);

/// Accepts finite numbers from `low` to `high`.
[[nodiscard]] CLI::Validator number_between(double low, double high);

/// Options every running verb shares.
struct SolverFlags {
  std::string engine = "auto", isa;
  std::optional<double> rtol, atol_scale;  ///< else 1e-6 and 1, or what the scenario says
  unsigned threads = 0;
  bool tape = false;
  /// `tolerances`: with those, and how the lanes evaluate.
  void add_to(CLI::App& verb, bool tolerances = true);
  [[nodiscard]] simulate::SolverSettings settings() const;
  /// Flags, where they are given, before [solver] of the scenario.
  [[nodiscard]] simulate::SolverSettings settings(const cohort::Scenario& scenario) const;
};

/// One line each on stderr.
void print(const char* what, const std::vector<std::string>& lines);
/// A page, and NAME.csv of each table beside it, into a folder; says so on stderr. @throws Error(Io).
void write_report(const std::string& folder, const char* name, const std::string& page, const std::vector<core::Table>& tables);

/// A progress line with ETA on a terminal; nothing otherwise.
class ProgressLine {
 public:
  explicit ProgressLine(bool quiet);
  void operator()(std::size_t done, std::size_t total);
  void clear();

 private:
  bool on_;
  double began_, shown_ = 0;
};

// One function a verb: adds its options, sets `action` to what it does when chosen.
using Action = std::function<int()>;
void add_run(CLI::App& app, Action& action);
void add_culture(CLI::App& app, Action& action);
void add_power(CLI::App& app, Action& action);
void add_rerun(CLI::App& app, Action& action);
void add_simulate(CLI::App& app, Action& action);
void add_scan(CLI::App& app, Action& action);
void add_convert(CLI::App& app, Action& action);
void add_omex(CLI::App& app, Action& action);
void add_check(CLI::App& app, Action& action);
void add_models(CLI::App& app, Action& action);
void add_list(CLI::App& app, Action& action);
void add_new(CLI::App& app, Action& action);
void add_regimen(CLI::App& app, Action& action);
void add_calibrate(CLI::App& app, Action& action);
void add_validate(CLI::App& app, Action& action);
void add_doctor(CLI::App& app, Action& action);

}  // namespace osteosome::app
