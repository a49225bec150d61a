// SPDX-License-Identifier: Apache-2.0
// One SBML file over parameter draws, for tools/bench_sbml.py: load to first result, CPU of all draws (a native compilation included), and the
// values of the first draws, from which the achieved error follows.
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/sbml/import.hpp"
#include "osteosome/simulate/compiled_model.hpp"
#include "osteosome/simulate/dosing.hpp"

namespace {

using namespace osteosome;

double wall() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double cpu() {
  double seconds = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage used{};
    getrusage(who, &used);
    seconds +=
        static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + 1e-6 * static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
  }
  return seconds;
}

/// Draws [draw][parameter] and the parameters they are of.
struct Draws {
  std::vector<std::string> names;
  std::vector<std::vector<double>> values;
};

Draws read_draws(const std::string& path) {
  const auto csv = core::parse_csv(core::read_file(path), path);
  Draws draws{csv.header, {}};
  for (const auto& row : csv.rows) {
    draws.values.emplace_back();
    for (const std::string& cell : row) draws.values.back().push_back(std::strtod(cell.c_str(), nullptr));
  }
  return draws;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 9) {
    fmt::print(stderr, "usage: sbml_runs FILE UNTIL POINTS DRAWS.csv RTOL CACHE DUMP.csv DUMPED\n");
    return 2;
  }
  const std::string file = argv[1];
  const double until = std::strtod(argv[2], nullptr), rtol = std::strtod(argv[5], nullptr);
  const int points = std::atoi(argv[3]);
  const Draws draws = read_draws(argv[4]);
  const auto dumped = static_cast<std::size_t>(std::atoi(argv[8]));

  const double began = wall();
  const core::UnitSystem units;
  const auto in = sbml::read_sbml(file, units);
  simulate::SolverSettings settings;
  settings.relative_tolerance = rtol;
  settings.lanes.cache_dir = argv[6];
  const simulate::CompiledModel model(in.model, settings);
  std::vector<double> times;
  for (int k = 0; k < points; ++k) times.push_back(until * k / (points - 1));
  const auto& program = model.program();
  std::vector<std::size_t> indices;
  for (const std::string& name : draws.names) indices.push_back(*program.parameter_index(name));
  const auto plan_of = [&](std::size_t draw) {
    solve::SubjectPlan plan;
    plan.parameters = program.parameter_values;
    if (!draws.values.empty()) {
      for (std::size_t k = 0; k < indices.size(); ++k) plan.parameters[indices[k]] = draws.values[draw][k];
    }
    simulate::DoseTranslator::add_outputs(times, simulate::AtDose::Post, plan);
    return plan;
  };
  std::vector<std::string> names;
  for (const auto& s : in.model.species) names.push_back(s.id);
  std::ofstream dump(argv[7]);
  std::vector<std::vector<double>> values(dumped);
  simulate::ObservableReader reader(program, names);
  std::size_t failed = 0, steps = 0;
  const auto run = [&](std::size_t count) {
    model.run(count, plan_of, [&](std::size_t draw, const solve::SubjectPlan& plan, solve::SubjectResult&& result) {
      failed += result.status != solve::Status::Completed;
      steps += result.statistics.steps + result.statistics.rejected;
      if (draw < dumped) values[draw] = reader.read(plan, result);
    });
  };
  run(1);
  const double load = wall() - began;
  const double before = cpu();
  if (draws.values.size() > 1) run(draws.values.size());
  const double spent = cpu() - before;
  for (std::size_t d = 0; d < dumped && d < draws.values.size(); ++d) {
    for (std::size_t k = 0; k < values[d].size(); ++k) dump << core::format_double(values[d][k]) << (k + 1 == values[d].size() ? '\n' : ',');
  }
  const double runs = static_cast<double>(std::max<std::size_t>(draws.values.size(), 1));
  fmt::print("{{\"load\": {:.4f}, \"cpu_per_run\": {:.6g}, \"failed\": {}, \"steps\": {:.0f}, \"engine\": \"{}\", \"names\": [", load, spent / runs,
             failed, static_cast<double>(steps) / runs, model.engine_text());
  for (std::size_t k = 0; k < names.size(); ++k) fmt::print("{}\"{}\"", k == 0 ? "" : ", ", names[k]);
  fmt::print("]}}\n");
  return 0;
}
