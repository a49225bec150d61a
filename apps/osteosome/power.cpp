// SPDX-License-Identifier: Apache-2.0
// osteosome power: how many animals the next study needs (docs/reference/power.md).
#include "osteosome/evidence/power.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <map>

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
  std::vector<std::string> spreads;  ///< ENDPOINT=CV
  SolverFlags flags;
};

std::string power_csv(const std::vector<evidence::PowerRow>& rows) {
  std::string out = core::csv_line({"arm", "endpoint", "day", "effect_percent", "effect_low", "effect_high", "cv", "cv_assumed", "animals_a_group",
                                    "n", "power", "cv_source", "comparisons"});
  for (const auto& r : rows) {
    for (std::size_t k = 0; k < r.power.size(); ++k) {
      out +=
          core::csv_line({r.arm, r.endpoint, core::format_double(r.day), fmt::format("{:.4g}", r.effect.median), fmt::format("{:.4g}", r.effect.low),
                          fmt::format("{:.4g}", r.effect.high), fmt::format("{:.4g}", r.spread.cv),
                          r.spread.origin == evidence::Spread::Origin::Assumed ? "yes" : "no", r.animals ? std::to_string(*r.animals) : "",
                          std::to_string(k + 3), fmt::format("{:.4f}", r.power[k]), evidence::spread_text(r.spread), std::to_string(r.comparisons)});
    }
  }
  return out;
}

std::string test_text(std::size_t comparisons) {
  return comparisons == 1 ? "two-sided t test at 5 %" : fmt::format("Dunnett's two-sided test of {} arms at 5 %", comparisons);
}

void print(const std::vector<evidence::PowerRow>& rows, const simulate::Scenario& scenario, const std::vector<simulate::CompiledModel>& models) {
  const simulate::PowerPlan& plan = *scenario.power;
  const std::size_t draws = scenario.population.n;
  std::cout << fmt::format("Animals a group for power {:.2f} against '{}', {}, averaged over {} draw{} of the constants:\n", plan.wished,
                           plan.control, test_text(scenario.arms.size() - 1), draws, draws == 1 ? " (none is varied)" : "s");
  std::map<std::string, evidence::Spread> spreads;
  for (const auto& r : rows) {
    std::cout << fmt::format("  {:<14} {:<14} day {:>4.0f}  effect {:>+7.1f} % ({:+.1f} to {:+.1f})  spread {:.0f} %{}  {}\n", r.arm, r.endpoint,
                             r.day, r.effect.median, r.effect.low, r.effect.high, 100 * r.spread.cv,
                             r.spread.origin == evidence::Spread::Origin::Assumed ? " assumed" : "",
                             r.animals ? std::to_string(*r.animals) : "more than " + std::to_string(plan.most));
    spreads[r.endpoint] = r.spread;
  }
  std::cout << "Spread between animals, with sources in evidence/control-arms.csv:\n";
  for (const auto& [endpoint, spread] : spreads) {
    std::cout << fmt::format("  {:<14} {}\n", endpoint, evidence::spread_text(spread));
    if (spread.origin == evidence::Spread::Origin::Evidence && spread.studies == 1) {
      std::cerr << fmt::format("warning: the spread of {} between animals rests on one study, and may be larger elsewhere; give --cv {}=...\n",
                               endpoint, endpoint);
    }
    if (spread.origin != evidence::Spread::Origin::Assumed) continue;
    std::cerr << fmt::format("warning: the spread of {} between animals is assumed, so is every number of animals for it; give --cv {}=...\n",
                             endpoint, endpoint);
  }
  if (const std::string text = simulate::uncertainty_text(scenario, models); !text.empty()) std::cout << text << '\n';
}

/// --cv takes the place of the scenario's. @throws Error(Input) with everything that is wrong.
void take_spreads(const std::vector<std::string>& words, simulate::PowerPlan& plan) {
  core::Diagnostics problems;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const std::string endpoint = word.substr(0, equals);
    const double cv = core::parse_double(equals == std::string::npos ? "" : word.substr(equals + 1)).value_or(0);
    if (std::find(plan.endpoints.begin(), plan.endpoints.end(), endpoint) == plan.endpoints.end())
      problems
          .add({"power-004", "--cv " + word + ": '" + endpoint + "' is no endpoint of [power]", {}, core::did_you_mean(endpoint, plan.endpoints)});
    if (!(cv > 0 && cv <= 2))
      problems.add({"power-004", "--cv " + word + ": a coefficient of variation is above 0 and up to 2", {}, "E.g. --cv BVTV_tibia=0.2 for 20 %."});
    plan.cv[endpoint] = cv;
  }
  problems.throw_if_any(core::ErrorKind::Input);
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
  take_spreads(words.spreads, *scenario.power);
  for (auto& arm : scenario.arms) arm.evidence.clear();  // nothing is laid over here
  const auto models = checked_models(scenario, words.flags.settings(scenario), library, units, {});
  const auto result = simulate::run_scenario(scenario, models, units, {}, interrupted());
  if (result.cancelled) return kCancelled;
  const auto rows = evidence::power_of(scenario, models, result, library.root);
  print(rows, scenario, models);
  if (words.out.empty()) return kOk;
  make_folder(words.out);
  std::string bundle;
  std::error_code ec;
  if (std::filesystem::exists(library.root + "/vega-bundle.js", ec)) bundle = core::read_file(library.root + "/vega-bundle.js");
  core::write_file(words.out + "/power.csv", power_csv(rows));
  core::write_file(words.out + "/power.html",
                   report::make_power_report({scenario, models, result, {}, model::load_outcomes(library.root), "", bundle, {}, rows}));
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
  verb->add_option("--cv", words->spreads, "ENDPOINT=CV: coefficient of variation between animals, in place of the evidence's (repeatable)")
      ->allow_extra_args(false);
  words->flags.add_to(*verb);
  verb->footer(
      "Examples:\n  osteosome power scenarios/exosomes-in-ovx-rat.toml\n  osteosome power scenarios/exosomes-in-ovx-rat.toml --power 0.9 -o "
      "runs/power");
  verb->callback([words, &action] { action = [words] { return power_command(*words); }; });
}

}  // namespace osteosome::app
