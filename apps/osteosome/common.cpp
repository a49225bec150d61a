// SPDX-License-Identifier: Apache-2.0
#include "common.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>

#include "osteosome/core/output_file.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::app {
namespace {
double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
constexpr double kSecondsBetweenLines = 0.1;
}  // namespace

void print(const char* what, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) std::cerr << what << line << '\n';
}

void write_report(const std::string& folder, const char* name, const std::string& page, const std::vector<core::Table>& tables) {
  core::make_folder(folder);
  for (const core::Table& table : tables) core::write_file(folder + "/" + table.name + ".csv", core::to_csv(table));
  core::write_file(folder + "/" + name, page);
  std::cerr << "report: " << folder << '/' << name << '\n';
}

CLI::Validator number_between(double low, double high) {
  return {[low, high](std::string& text) -> std::string {
            const auto value = core::parse_double(text);
            if (value && *value >= low && *value <= high) return "";
            return "'" + text + "' is not a number from " + core::format_double(low) + " to " + core::format_double(high);
          },
          "NUMBER"};
}

void SolverFlags::add_to(CLI::App& verb, bool tolerances) {
  verb.add_option("--engine", engine, "auto, reference or lanes")->capture_default_str()->check(CLI::IsMember({"auto", "reference", "lanes"}));
  verb.add_option("--threads", threads, "threads (default: all processors; results do not depend on it)")->check(number_between(1, 256));
  if (!tolerances) return;
  verb.add_option("--rtol", rtol, "relative tolerance of each step (default: 1e-6, or [solver] of a scenario)")->check(number_between(1e-13, 0.1));
  verb.add_option("--atol-scale", atol_scale, "multiplies the default absolute tolerances, rtol * 1e-3 * typical size (default: 1, or [solver])")
      ->check(number_between(1e-30, 1e30));
  verb.add_option("--isa", isa, "instruction set: scalar, avx2, avx512 (default: the widest here; results are the same bits)")
      ->check(CLI::IsMember({"scalar", "avx2", "avx512"}));
  verb.add_flag("--tape", tape, "never use native code (results are the same bits)");
}

simulate::SolverSettings SolverFlags::settings() const {
  simulate::SolverSettings s;
  s.engine = simulate::engine_from_name(engine);
  s.relative_tolerance = rtol.value_or(s.relative_tolerance);
  s.absolute_scale = atol_scale.value_or(s.absolute_scale);
  s.threads = threads > 0 ? threads : std::max(1u, std::thread::hardware_concurrency());
  s.lanes.cache_dir = cache_dir();
  s.lanes.tape_only = tape;
  if (!isa.empty()) s.lanes.isa = compile::isa_from_name(isa);
  return s;
}

simulate::SolverSettings SolverFlags::settings(const cohort::Scenario& scenario) const {
  simulate::SolverSettings s = settings();
  if (engine == "auto") s.engine = scenario.engine;
  s.relative_tolerance = rtol.value_or(scenario.relative_tolerance);
  s.absolute_scale = atol_scale.value_or(scenario.absolute_scale);
  return s;
}

ProgressLine::ProgressLine(bool quiet) : on_(!quiet && isatty(2) != 0), began_(now()) {}

void ProgressLine::operator()(std::size_t done, std::size_t total) {
  const double t = now();
  if (!on_ || total < 2 || t - shown_ < kSecondsBetweenLines) return;
  shown_ = t;
  const double left = done > 0 ? (t - began_) * static_cast<double>(total - done) / static_cast<double>(done) : 0;
  std::cerr << fmt::format("\r\033[K{} of {} subjects, {:.0f} s left", done, total, left) << std::flush;
}

void ProgressLine::clear() {
  if (on_ && shown_ > 0) std::cerr << "\r\033[K" << std::flush;
}

}  // namespace osteosome::app
