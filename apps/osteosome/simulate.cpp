// SPDX-License-Identifier: Apache-2.0
// osteosome simulate: one model, doses as regimen text or event table, values as a table.
#include <fmt/format.h>

#include <iostream>

#include "common.hpp"
#include "osteosome/core/output_file.hpp"

namespace osteosome::app {
namespace {

struct SimulateOptions {
  tasks::SimulationRequest request;
  SolverFlags solver;
  std::string output, at_dose = "pre";
  bool overwrite = false;
};

/// Writes the rows to -o, complete or not at all, or to stdout; how many values are missing.
std::size_t write_rows(const SimulateOptions& o, const tasks::Simulation& result) {
  if (o.output.empty()) return tasks::write_csv(result, [](const std::string& text) { std::cout << text; });
  core::OutputFile file(o.output);
  const std::size_t missing = tasks::write_csv(result, [&](const std::string& text) { file.write(text); });
  if (!result.cancelled) file.commit();  // what there is of a cancelled one stays under the partial name
  return missing;
}

int simulate_command(SimulateOptions o) {
  core::check_output(o.output, o.overwrite, {o.request.model, o.request.data, o.request.times});
  o.request.solver = o.solver.settings();
  o.request.at_dose = o.at_dose == "post" ? simulate::AtDose::Post : simulate::AtDose::Pre;
  const auto result = tasks::simulate(*workspace(), o.request, {interrupted()});
  print("warning: ", result.warnings);
  print("note: ", result.notes);
  print("", result.failures);
  const std::size_t missing = write_rows(o, result);
  if (result.cancelled) return kCancelled;
  if (!o.output.empty()) core::write_file(o.output + ".meta.json", tasks::units_json(result));
  if (!result.failures.empty()) return kNumericalFailure;
  if (missing == 0) return kOk;
  std::cerr << fmt::format("warning: {} values are not finite and left empty (a division by zero, say)\n", missing);
  return kNumericalFailure;
}

}  // namespace

void add_simulate(CLI::App& app, Action& action) {
  auto o = std::make_shared<SimulateOptions>();
  tasks::SimulationRequest& r = o->request;
  CLI::App* verb = app.add_subcommand("simulate", "simulate one model and print a table");
  verb->add_option("MODEL", r.model, "path of a model document, or the id of a built-in model")->required();
  verb->add_option("--dose", r.doses, "regimen text, e.g. \"denosumab 60 mg sc every 6 months x 6\" (repeatable)")
      ->type_size(1)
      ->allow_extra_args(false);
  verb->add_option("--species", r.species, "species overlay, e.g. rat");
  verb->add_option("--data", r.data, "NONMEM-style event table (CSV or TSV)");
  verb->add_option("--set", r.set, "NAME=VALUE: a parameter or an initial value; VALUE may carry a unit (repeatable)")->allow_extra_args(false);
  verb->add_option("--until", r.until, "end of the simulation, e.g. \"60 months\"");
  verb->add_option("--every", r.every, "distance of output times, e.g. \"1 month\" (default: a hundredth of --until)");
  verb->add_option("--times", r.times, "CSV file with output times in a column 'time [unit]'");
  verb->add_option("--time-unit", r.time_unit,
                   "unit of TIME in --data, or of --times; 'model': --until, --every and --times are plain numbers in the model's unit");
  verb->add_option("--observe", r.observe, "comma-separated quantities (default: all species and outputs)");
  verb->add_option("--at-dose", o->at_dose, "values at a dosing time: pre or post the dose")
      ->capture_default_str()
      ->check(CLI::IsMember({"pre", "post"}));
  verb->add_option("--weight", r.weight, "body weight, e.g. \"60 kg\": for doses per kg, and where the model has a body mass");
  verb->add_option("--age", r.age, "age at time 0, e.g. \"65 years\" (default: as the model starts)");
  verb->add_option("--menopause", r.menopause, "age at menopause, e.g. \"50 years\"");
  verb->add_option("--ovariectomy", r.ovariectomy, "time since the ovaries were removed, e.g. \"2 years\", or \"0 weeks\": at time 0");
  verb->add_option("--t-score", r.t_scores, "SITE=X: T-score at time 0, e.g. LS=-2.5 (repeatable)")->allow_extra_args(false);
  o->solver.add_to(*verb);
  verb->add_option("-o,--output", o->output, "CSV file (default: stdout)");
  verb->add_flag("--overwrite", o->overwrite, "replace an existing output file");
  verb->footer(
      "Times are in the unit that was asked for (for --data: in the table's).\nExamples:\n"
      "  osteosome simulate osteosome --age \"68 years\" --t-score TH=-2.5 --dose \"denosumab 60 mg every 6 months x 4\" --until \"24 months\"\n"
      "  osteosome simulate my-model.toml --data events.csv --time-unit h -o out.csv");
  verb->callback([o, &action] { action = [o] { return simulate_command(*o); }; });
}

}  // namespace osteosome::app
