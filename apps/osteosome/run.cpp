// SPDX-License-Identifier: Apache-2.0
// osteosome run, culture and rerun: a scenario becomes a folder of tables, charts, a report and a manifest.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "common.hpp"

namespace osteosome::app {
namespace {

namespace fs = std::filesystem;

struct RunOptions {
  std::string scenario, output;
  std::vector<std::string> evidence, figures;
  std::optional<std::uint64_t> seed;
  SolverFlags solver;
  bool overwrite = false, quiet = false;
  bool culture = false;  ///< every model must be a culture
  double max_failed = 0;
};

/// Runs into the folder and tells how it went.
int run_into_folder(const RunOptions& o, const cohort::Workspace& workspace, cohort::Scenario scenario, tasks::RunOutcome& outcome) {
  const auto settings = o.solver.settings(scenario);
  const auto prepared = evidence::prepare(workspace, std::move(scenario), settings);
  print("warning: ", prepared.remarks);
  if (o.culture) evidence::require_cultures(prepared);
  if (!o.figures.empty()) require_python("--figures");
  ProgressLine progress(o.quiet);
  outcome = tasks::run(workspace, prepared, {o.output, o.overwrite, o.max_failed, settings, build()},
                       {interrupted(), [&](std::size_t done, std::size_t total) { progress(done, total); }});
  progress.clear();
  if (outcome.cancelled) {
    std::cerr << "cancelled; finished rows are in " << o.output << "/trajectories.csv.partial"
              << (outcome.in_parts ? ", finished blocks in " + o.output + "/parts: run again to resume" : "") << '\n';
    return kCancelled;
  }
  if (!o.figures.empty()) {
    std::vector<std::string> command = {"-m", "osteosome.omex.figures", o.output + "/charts"};
    command.insert(command.end(), o.figures.begin(), o.figures.end());
    call_python(std::move(command), "figures of --figures");
  }
  if (outcome.failed > 0) std::cerr << fmt::format("{} of {} simulations failed; see {}/status.csv\n", outcome.failed, outcome.simulations, o.output);
  std::cout << fmt::format("{} simulations in {:.2f} s\nreport: {}\n", outcome.simulations, outcome.seconds,
                           fs::absolute(fs::path(o.output) / "report.html").lexically_normal().string());
  return static_cast<double>(outcome.failed) > o.max_failed * static_cast<double>(outcome.simulations) ? kNumericalFailure : kOk;
}

int run_command(RunOptions o) {
  const auto workspace = app::workspace();
  if (o.output.empty()) o.output = (fs::path("runs") / fs::path(o.scenario).stem()).string();
  auto scenario = cohort::load_scenario(o.scenario, workspace->library(), workspace->units());
  if (o.seed) scenario.seed = *o.seed;
  for (const std::string& path : o.evidence) {
    for (auto& table : evidence::own_tables_at(path)) scenario.own_tables.push_back(std::move(table));
  }
  tasks::RunOutcome outcome;
  return run_into_folder(o, *workspace, std::move(scenario), outcome);
}

int rerun_command(RunOptions o) {
  const auto workspace = app::workspace();
  auto again = tasks::read_manifest(*workspace, o.scenario, build());
  if (o.output.empty()) o.output = fs::absolute(o.scenario).parent_path().string() + "-rerun";
  print("warning: ", again.remarks);
  o.solver.engine = again.engine;
  o.max_failed = again.max_failed;
  tasks::RunOutcome outcome;
  if (const int code = run_into_folder(o, *workspace, std::move(again.scenario), outcome); code != kOk) return code;
  const bool same = outcome.values_sha256 == again.values_sha256;
  std::cout << (same ? "same bits as the first run\n" : "the values differ from the first run\n");
  return same ? kOk : kNumericalFailure;
}

void add_common(CLI::App* verb, RunOptions& o) {
  verb->add_option("-o,--output", o.output, "run folder (new or empty)");
  verb->add_flag("--overwrite", o.overwrite, "replace the run in an existing folder");
  verb->add_option("--figures", o.figures, "charts as files as well: svg, png, pdf (several with commas)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"svg", "png", "pdf"}));
  verb->add_flag("-q,--quiet,--no-progress", o.quiet, "no progress line");
}

void add_running(CLI::App* verb, const std::shared_ptr<RunOptions>& o, Action& action) {
  verb->add_option("SCENARIO", o->scenario, "scenario file (TOML)")->required();
  add_common(verb, *o);
  verb->add_option("--seed", o->seed, "replaces the scenario's seed")->check(number_between(0, 9e15));
  verb->add_option("--evidence", o->evidence, "own data to lay over: CSV file, or a folder of them (repeatable)")->allow_extra_args(false);
  o->solver.add_to(*verb, false);
  verb->add_option("--max-failed", o->max_failed, "share of failed simulations that is not an error")
      ->capture_default_str()
      ->check(number_between(0, 1));
  verb->callback([o, &action] { action = [o] { return run_command(*o); }; });
}

}  // namespace

void add_run(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("run", "run a scenario: tables, charts, report and manifest in a folder");
  add_running(verb, std::make_shared<RunOptions>(), action);
  verb->footer(
      "Without -o the folder is runs/<scenario name>. Tolerances stand in the scenario's [solver].\nExamples:\n  osteosome run "
      "scenarios/denosumab-and-stop.toml\n"
      "  osteosome run scenarios/teriparatide.toml -o runs/tptd --threads 1 --seed 7 --overwrite");
}

void add_culture(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("culture", "run a scenario in the dish: cells, vesicles and inhibitors in medium");
  const auto o = std::make_shared<RunOptions>();
  o->culture = true;
  add_running(verb, o, action);
  verb->footer(
      "Like run, for scenarios whose models are cultures.\nExamples:\n  osteosome culture scenarios/culture-dose-response.toml -o runs/dish");
}

void add_rerun(CLI::App& app, Action& action) {
  auto o = std::make_shared<RunOptions>();
  CLI::App* verb = app.add_subcommand("rerun", "repeat a run from its manifest and compare the bits");
  verb->add_option("MANIFEST", o->scenario, "run.json of a completed run")->required();
  add_common(verb, *o);
  verb->footer(
      "Without -o the folder is the run's folder with '-rerun'.\nExamples:\n  osteosome rerun runs/denosumab-and-stop/run.json\n  osteosome rerun "
      "runs/tptd/run.json -o /tmp/again");
  verb->callback([o, &action] { action = [o] { return rerun_command(*o); }; });
}

}  // namespace osteosome::app
