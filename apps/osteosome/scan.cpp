// SPDX-License-Identifier: Apache-2.0
// osteosome scan: one model over the values of one or two quantities.
#include <iostream>

#include "common.hpp"
#include "osteosome/core/output_file.hpp"

namespace osteosome::app {
namespace {

struct Words {
  tasks::ScanRequest request;
  SolverFlags solver;
  std::string output, value = "end";
  bool overwrite = false;
};

int scan_command(Words words) {
  core::check_folder(words.output, words.overwrite);
  words.request.simulation.solver = words.solver.settings();
  if (words.value == "max") words.request.value = tasks::ScanValue::Max;
  if (words.value == "min") words.request.value = tasks::ScanValue::Min;
  if (words.value == "change") words.request.value = tasks::ScanValue::Change;
  const auto workspace = app::workspace();
  const auto scan = tasks::scan(*workspace, words.request, {interrupted()});
  print("warning: ", scan.warnings);
  print("note: ", scan.notes);
  if (scan.cancelled) return kCancelled;
  const core::Table table = tasks::scan_table(scan);
  std::cout << core::to_csv(table);
  if (!words.output.empty()) write_report(words.output, "scan.html", tasks::scan_page(scan, words.request, *workspace), {table});
  if (scan.failed > 0) std::cerr << scan.failed << " of " << scan.statuses.size() << " simulations failed; column 'status' tells why\n";
  return scan.failed == 0 ? kOk : kNumericalFailure;
}

}  // namespace

void add_scan(CLI::App& app, Action& action) {
  auto words = std::make_shared<Words>();
  tasks::SimulationRequest& r = words->request.simulation;
  CLI::App* verb = app.add_subcommand("scan", "simulate one model over the values of one or two quantities");
  verb->add_option("MODEL", r.model, "path of a model document, or the id of a built-in model")->required();
  verb->add_option("--over", words->request.over,
                   "NAME=1,2,5 or NAME=LOW:HIGH:N[:log]; NAME is a parameter, an initial value, or stands in braces in --dose, --age, --t-score, ... "
                   "(once or twice)")
      ->required()
      ->allow_extra_args(false);
  verb->add_option("--dose", r.doses, "regimen text, e.g. \"denosumab {dose} mg every 6 months x 4\" (repeatable)")
      ->type_size(1)
      ->allow_extra_args(false);
  verb->add_option("--species", r.species, "species overlay, e.g. rat");
  verb->add_option("--set", r.set, "NAME=VALUE: a parameter or an initial value (repeatable)")->allow_extra_args(false);
  verb->add_option("--until", r.until, "end of the simulation, e.g. \"24 months\"")->required();
  verb->add_option("--every", r.every, "distance of the looks that max and min are of (default: a hundredth of --until)");
  verb->add_option("--observe", r.observe, "comma-separated quantities (default: all species and outputs)");
  verb->add_option("--value", words->value, "of each course: end, max, min, or change from the start in percent")
      ->capture_default_str()
      ->check(CLI::IsMember({"end", "max", "min", "change"}));
  verb->add_option("--weight", r.weight, "body weight, e.g. \"60 kg\"");
  verb->add_option("--age", r.age, "age at time 0, e.g. \"65 years\" (default: as the model starts)");
  verb->add_option("--menopause", r.menopause, "age at menopause, e.g. \"50 years\"");
  verb->add_option("--ovariectomy", r.ovariectomy, "time since the ovaries were removed, e.g. \"2 years\"");
  verb->add_option("--t-score", r.t_scores, "SITE=X: T-score at time 0, e.g. LS=-2.5 (repeatable)")->allow_extra_args(false);
  words->solver.add_to(*verb);
  verb->add_option("-o,--output", words->output, "folder for scan.csv and scan.html");
  verb->add_flag("--overwrite", words->overwrite, "replace what is in an existing folder");
  verb->footer(
      "Examples:\n  osteosome scan osteosome --age \"68 years\" --dose \"denosumab {dose} mg every 6 months x 4\" --over dose=15:120:8 --until \"24 "
      "months\" "
      "--observe TH,LS --value change\n  osteosome scan my-model.toml --dose \"mydrug 100 mg daily x 7\" --over CL=1:10:10 --over V=20:80:10 --until "
      "\"7 d\" "
      "--observe concentration --value max -o runs/scan");
  verb->callback([words, &action] { action = [words] { return scan_command(*words); }; });
}

}  // namespace osteosome::app
