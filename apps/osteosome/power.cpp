// SPDX-License-Identifier: Apache-2.0
// osteosome power: how many animals the next study needs (docs/reference/power.md).
#include <iostream>

#include "common.hpp"
#include "osteosome/core/output_file.hpp"

namespace osteosome::app {
namespace {

struct Words {
  std::string scenario, out;
  double power = 0;
  bool overwrite = false;
  std::vector<std::string> spreads;  ///< ENDPOINT=CV
  SolverFlags flags;
};

int power_command(const Words& words) {
  core::check_folder(words.out, words.overwrite);
  const auto workspace = app::workspace();
  auto scenario = cohort::load_scenario(words.scenario, workspace->library(), workspace->units());
  const auto settings = words.flags.settings(scenario);
  const auto power = tasks::power(*workspace, std::move(scenario), {words.power, words.spreads, settings}, {interrupted()});
  print("warning: ", power.prepared.remarks);
  if (power.result.cancelled) return kCancelled;
  print("warning: ", tasks::power_remarks(power));
  std::cout << tasks::power_text(power);
  if (words.out.empty()) return kOk;
  write_report(words.out, "power.html", tasks::power_page(power, *workspace), {tasks::power_table(power.rows)});
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
  verb->add_flag("--overwrite", words->overwrite, "replace what is in an existing folder");
  words->flags.add_to(*verb);
  verb->footer(
      "Examples:\n  osteosome power scenarios/exosomes-in-ovx-rat.toml\n  osteosome power scenarios/exosomes-in-ovx-rat.toml --power 0.9 -o "
      "runs/power");
  verb->callback([words, &action] { action = [words] { return power_command(*words); }; });
}

}  // namespace osteosome::app
