// SPDX-License-Identifier: Apache-2.0
// 10 000 virtual rats for twelve weeks on weekly exosomes, every constant with a prior drawn, with the full signalling network; beside the
// reference engine (SUNDIALS CVODES) on the first of them at the same tolerance.
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <ctime>

#include "osteosome/cohort/scenario.hpp"

namespace {

using namespace osteosome;

constexpr std::size_t kRats = 10000, kReference = 32;
constexpr double kLimitSeconds = 30;

std::string scenario_text(std::size_t rats) {
  return fmt::format(
      "[scenario]\ntitle = \"rats\"\nuntil = \"12 weeks\"\nevery = \"4 weeks\"\n[patient]\nage = \"25 weeks\"\novariectomy = \"12 weeks\"\n"
      "[models.osteosome]\nspecies = \"rat\"\n[population]\nn = {}\nuncertain_constants = true\n[arms.exosomes]\nregimen = \"exosomes:bmsc 100 ug iv "
      "weekly x "
      "12\"\n",
      rats);
}

double wall_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
double process_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }  // all threads

struct Run {
  double wall = 0, cpu_ms = 0;
  cohort::ScenarioResult result;
};

Run run(std::size_t rats, simulate::EngineChoice engine, const model::Library& library, const core::UnitSystem& units) {
  cohort::Scenario scenario = cohort::read_scenario(scenario_text(rats), "rats.toml", library, units);
  simulate::SolverSettings settings;
  settings.engine = engine;
  settings.threads = 2;
  settings.lanes.cache_dir = OSTEOSOME_BUILD "/native-cache";
  const auto models = cohort::compile_models(scenario, settings, library, units);
  cohort::add_uncertain_constants(scenario, models);
  Run r;
  const double wall = wall_seconds(), cpu = process_seconds();
  r.result = cohort::run_scenario(scenario, models, units, {}, {});
  r.wall = wall_seconds() - wall;
  r.cpu_ms = (process_seconds() - cpu) * 1e3 / static_cast<double>(rats);
  return r;
}

/// Largest difference of the outcomes of the first rats, relative to each column's maximum.
double difference(const Run& a, const Run& b) {
  double worst = 0;
  const auto& arm = a.result.arms[0];
  const std::size_t columns = arm.outputs.size();
  for (std::size_t s = 0; s < kReference; ++s) {
    for (std::size_t c = 0; c < columns; ++c) {
      if (arm.outputs[c].find('.') != std::string::npos) continue;  // vesicles just before a dose are next to nothing
      double size = 0, apart = 0;
      for (std::size_t k = c; k < arm.values[s].size(); k += columns) {
        size = std::max(size, std::abs(arm.values[s][k]));
        apart = std::max(apart, std::abs(arm.values[s][k] - b.result.arms[0].values[s][k]));
      }
      if (size > 1e-9) worst = std::max(worst, apart / size);
    }
  }
  return worst;
}

}  // namespace

int main() {
  const core::UnitSystem units;
  const model::Library library{OSTEOSOME_ROOT};
  const Run many = run(kRats, simulate::EngineChoice::Lanes, library, units);
  const Run peer = run(kReference, simulate::EngineChoice::Reference, library, units);
  const bool ok = many.wall <= kLimitSeconds && many.result.failed() == 0;
  fmt::print(
      "{} rats, twelve weeks of weekly exosomes ({}): {:.1f} s of wall time on 2 threads, limit {:.0f} s, {:.2f} ms CPU a rat, {} failed: {}\n",
      kRats, many.result.engines[0], many.wall, kLimitSeconds, many.cpu_ms, many.result.failed(), ok ? "ok" : "MISSED");
  fmt::print(
      "  CVODES (BDF, dense, on the interpreter): {:.1f} ms CPU a rat, {:.1f} times; largest difference of {} rats {:.1e} of the column's maximum\n",
      peer.cpu_ms, peer.cpu_ms / many.cpu_ms, kReference, difference(many, peer));
  return ok ? 0 : 1;
}
