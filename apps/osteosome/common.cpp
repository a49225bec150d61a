// SPDX-License-Identifier: Apache-2.0
#include "common.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>

#include "osteosome/core/text.hpp"
#include "osteosome/evidence/power.hpp"
#include "osteosome/sbml/import.hpp"

namespace osteosome::app {
namespace {
double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
constexpr double kSecondsBetweenLines = 0.1;
}  // namespace

model::Library library() {
  return {data_root(), [](const std::string& path, const core::UnitSystem& units) { return sbml::read_sbml(path, units).model; }};
}

CLI::Validator number_between(double low, double high) {
  return {[low, high](std::string& text) -> std::string {
            const auto value = core::parse_double(text);
            if (value && *value >= low && *value <= high) return "";
            return "'" + text + "' is not a number from " + core::format_double(low) + " to " + core::format_double(high);
          },
          "NUMBER"};
}

void SolverFlags::add_to(CLI::App& verb) {
  verb.add_option("--engine", engine, "auto, reference or lanes")->capture_default_str()->check(CLI::IsMember({"auto", "reference", "lanes"}));
  verb.add_option("--rtol", rtol, "relative tolerance of each step (default: 1e-6, or [solver] of a scenario)")->check(number_between(1e-13, 0.1));
  verb.add_option("--atol-scale", atol_scale, "multiplies the default absolute tolerances, rtol * 1e-3 * typical size (default: 1, or [solver])")
      ->check(number_between(1e-30, 1e30));
  verb.add_option("--threads", threads, "threads (default: all processors)")->check(number_between(1, 256));
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
  if (!isa.empty()) {
    s.lanes.isa = compile::isa_from_name(isa);
    if (!compile::has_isa(s.lanes.isa)) {
      throw core::Error(
          core::ErrorKind::Unsupported,
          {"input-013", "this processor has no " + isa, {}, std::string("The widest here is ") + compile::name_of(compile::best_isa()) + "."});
    }
  }
  return s;
}

simulate::SolverSettings SolverFlags::settings(const simulate::Scenario& scenario) const {
  simulate::SolverSettings s = settings();
  if (engine == "auto") s.engine = scenario.engine;
  s.relative_tolerance = rtol.value_or(scenario.relative_tolerance);
  s.absolute_scale = atol_scale.value_or(scenario.absolute_scale);
  return s;
}

std::vector<simulate::CompiledModel> checked_models(simulate::Scenario& scenario, const simulate::SolverSettings& settings,
                                                    const model::Library& library, const core::UnitSystem& units,
                                                    const std::vector<evidence::Study>& studies, const std::vector<std::string>& animal_studies) {
  core::Diagnostics problems;
  std::vector<simulate::CompiledModel> models;
  try {
    evidence::attach(scenario, studies, animal_studies);
  } catch (const core::Error& error) {
    problems.add(error);
  }
  try {
    models = simulate::compile_models(scenario, settings, library, units);
    simulate::add_uncertain_constants(scenario, models);
    simulate::check_arms(scenario, models, units, problems);
    evidence::check_power(scenario, models, problems);
  } catch (const core::Error& error) {
    if (error.kind() != core::ErrorKind::Input) throw;
    problems.add(error);
    simulate::Scenario bare = scenario;  // without what was refused, so that the arms are checked all the same
    for (auto& m : bare.models) m.set.clear();
    bare.population.table_columns.clear();
    simulate::check_arms(bare, simulate::compile_models(bare, settings, library, units), units, problems);
  }
  problems.throw_if_any(core::ErrorKind::Input);
  for (const auto& arm : scenario.arms) {
    for (const std::string& remark : arm.regimen.remarks) std::cerr << "warning: arm '" << arm.name << "': " << remark << '\n';
  }
  for (const std::string& code : scenario.outcomes) {
    const bool known = std::any_of(models.begin(), models.end(), [&](const simulate::CompiledModel& m) {
      const auto& outputs = m.model().outputs;
      return std::any_of(outputs.begin(), outputs.end(), [&](const model::Output& x) { return x.observable == code; });
    });
    if (!known) std::cerr << "warning: no model has the outcome '" << code << "' of [report]\n";
  }
  for (const auto& remark : simulate::population_remarks(scenario, models)) std::cerr << "warning: " << core::to_text(remark) << '\n';
  if (!simulate::has_observables(models)) scenario.absolute = true;  // imported quantities are shown as they are
  return models;
}

void check_studies(const std::vector<std::string>& ids, const std::vector<evidence::Study>& studies, const std::string& file) {
  std::vector<std::string> known;
  for (const auto& s : studies) known.push_back(s.id);
  core::Diagnostics problems;
  for (const std::string& id : ids) {
    if (std::find(known.begin(), known.end(), id) == known.end())
      problems.add({"input-014", "no study '" + id + "'", {file, 0, 0}, core::did_you_mean(id, known)});
  }
  problems.throw_if_any(core::ErrorKind::Input);
}

void make_folder(const std::string& path) {
  std::error_code ec;
  std::filesystem::create_directories(path, ec);
  if (!std::filesystem::is_directory(path, ec)) throw core::Error(core::ErrorKind::Io, {"io-002", "cannot create the folder '" + path + "'", {}, ""});
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
