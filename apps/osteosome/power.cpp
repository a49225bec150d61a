// SPDX-License-Identifier: Apache-2.0
// osteosome power: how many animals the next study needs (docs/reference/power.md).
#include "osteosome/evidence/power.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "common.hpp"
#include "osteosome/core/csv.hpp"
#include "osteosome/core/output_file.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/report/animals.hpp"
#include "osteosome/simulate/scenario.hpp"

namespace osteosome::app {
namespace {

struct Words {
  std::string scenario, out;
  double power = 0;
  SolverFlags flags;
};

std::string power_csv(const std::vector<evidence::PowerRow>& rows) {
  std::string out =
      core::csv_line({"arm", "endpoint", "day", "effect_percent", "effect_low", "effect_high", "cv", "cv_assumed", "animals_a_group", "n", "power"});
  for (const auto& r : rows) {
    for (std::size_t k = 0; k < r.power.size(); ++k) {
      out +=
          core::csv_line({r.arm, r.endpoint, core::format_double(r.day), fmt::format("{:.4g}", r.effect.median), fmt::format("{:.4g}", r.effect.low),
                          fmt::format("{:.4g}", r.effect.high), core::format_double(r.variation.cv), r.variation.assumed ? "yes" : "no",
                          r.animals ? std::to_string(*r.animals) : "", std::to_string(k + 3), fmt::format("{:.4f}", r.power[k])});
    }
  }
  return out;
}

void print(const std::vector<evidence::PowerRow>& rows, const simulate::PowerPlan& plan, std::size_t draws) {
  std::cout << fmt::format("Animals a group for power {:.2f} against '{}', two-sided t test at 5 %, averaged over {} draw{} of the constants:\n",
                           plan.wished, plan.control, draws, draws == 1 ? " (none is varied)" : "s");
  for (const auto& r : rows) {
    std::cout << fmt::format("  {:<14} {:<14} day {:>4.0f}  effect {:>+7.1f} % ({:+.1f} to {:+.1f})  spread {:.0f} %{}  {}\n", r.arm, r.endpoint,
                             r.day, r.effect.median, r.effect.low, r.effect.high, 100 * r.variation.cv, r.variation.assumed ? " assumed" : "",
                             r.animals ? std::to_string(*r.animals) : "more than " + std::to_string(plan.most));
  }
}

int power_command(const Words& words) {
  const core::UnitSystem units;
  const model::Library library = app::library();
  simulate::Scenario scenario = simulate::load_scenario(words.scenario, library, units);
  if (!scenario.power) {
    throw core::Error(core::ErrorKind::Input,
                      {"power-002", "the scenario has no [power]", {words.scenario, 1, 0}, "Give it control, endpoints and times."});
  }
  if (words.power > 0) scenario.power->wished = words.power;
  for (auto& arm : scenario.arms) arm.evidence.clear();  // nothing is laid over here
  auto settings = words.flags.settings();
  settings.relative_tolerance = scenario.relative_tolerance;
  const auto models = checked_models(scenario, settings, library, units, {});
  const auto result = simulate::run_scenario(scenario, models, units, {}, interrupted());
  if (result.cancelled) return kCancelled;
  const auto rows = evidence::power_of(scenario, models, result, library.root);
  print(rows, *scenario.power, scenario.population.n);
  if (words.out.empty()) return kOk;
  make_folder(words.out);
  std::string bundle;
  std::error_code ec;
  if (std::filesystem::exists(library.root + "/vega-bundle.js", ec)) bundle = core::read_file(library.root + "/vega-bundle.js");
  core::write_file(words.out + "/power.csv", power_csv(rows));
  core::write_file(words.out + "/power.html", report::make_power_report({scenario, models, result, {}, "", bundle, {}, rows}));
  std::cerr << "report: " << words.out << "/power.html\n";
  return kOk;
}

}  // namespace

void add_power(CLI::App& app, Action& action) {
  auto words = std::make_shared<Words>();
  CLI::App* verb = app.add_subcommand("power", "animals a group that the next study needs, by simulation with parameter uncertainty");
  verb->add_option("SCENARIO", words->scenario, "scenario file with [power]")->required();
  verb->add_option("-o,--output", words->out, "folder for power.csv and power.html");
  verb->add_option("--power", words->power, "wished power, in place of the scenario's")->check(number_between(0.05, 0.999));
  words->flags.add_to(*verb);
  verb->footer(
      "Examples:\n  osteosome power scenarios/exosomes-in-ovx-rat.toml\n  osteosome power scenarios/exosomes-in-ovx-rat.toml --power 0.9 -o "
      "runs/power");
  verb->callback([words, &action] { action = [words] { return power_command(*words); }; });
}

}  // namespace osteosome::app
