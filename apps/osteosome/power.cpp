// SPDX-License-Identifier: Apache-2.0
// osteosome power: how many animals the next study needs (docs/reference/power.md).
#include <fmt/format.h>

#include <iostream>
#include <map>

#include "common.hpp"
#include "osteosome/core/output_file.hpp"
#include "osteosome/report/animals.hpp"

namespace osteosome::app {
namespace {

struct Words {
  std::string scenario, out;
  double power = 0;
  std::vector<std::string> spreads;  ///< ENDPOINT=CV
  SolverFlags flags;
};

std::string test_text(std::size_t comparisons) {
  return comparisons == 1 ? "two-sided t test at 5 %" : fmt::format("Dunnett's two-sided test of {} arms at 5 %", comparisons);
}

void print(const std::vector<evidence::PowerRow>& rows, const cohort::Scenario& scenario, const std::vector<simulate::CompiledModel>& models) {
  const cohort::PowerPlan& plan = *scenario.power;
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
  if (const std::string text = cohort::uncertainty_text(scenario, models); !text.empty()) std::cout << text << '\n';
}

int power_command(const Words& words) {
  const auto workspace = app::workspace();
  auto scenario = cohort::load_scenario(words.scenario, workspace->library(), workspace->units());
  const auto settings = words.flags.settings(scenario);
  const auto power = tasks::power(*workspace, std::move(scenario), {words.power, words.spreads, settings}, {interrupted()});
  app::print("warning: ", power.prepared.remarks);
  if (power.result.cancelled) return kCancelled;
  print(power.rows, power.prepared.scenario, power.prepared.models);
  if (words.out.empty()) return kOk;
  make_folder(words.out);
  write_tables(words.out, {tasks::power_table(power.rows)});
  core::write_file(words.out + "/power.html",
                   report::make_power_report({power.prepared.scenario,
                                              power.prepared.models,
                                              power.result,
                                              {},
                                              model::load_outcomes(workspace->root()),
                                              "",
                                              chart_library(*workspace),
                                              {},
                                              power.rows}));
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
