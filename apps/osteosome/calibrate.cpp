// SPDX-License-Identifier: Apache-2.0
// osteosome calibrate: fits parameters of a model to the calibration rows of the evidence.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "common.hpp"
#include "osteosome/core/output_file.hpp"

namespace osteosome::app {
namespace {

struct Words {
  std::string file, out, data, evidence;
  unsigned threads = 0;
  bool overwrite = false;
};

int calibrate_command(const Words& words) {
  auto plan = evidence::read_calibration(words.file);
  if (!words.data.empty()) evidence::take_table(plan, words.data);
  if (plan.data && !words.evidence.empty())
    throw usage("--evidence has no meaning beside [observed]", "A table of observations is given with --data.");
  plan.evidence = words.evidence;
  const std::string checkpoint = words.out + "/checkpoint.json";
  core::check_folder(words.out, words.overwrite || std::filesystem::exists(checkpoint));
  SolverFlags flags;
  flags.threads = words.threads;
  tasks::CalibrationJob job{interrupted(), flags.settings().threads, cache_dir(), OSTEOSOME_VERSION, {}, {}};
  job.begins = [&](std::size_t unknowns, std::size_t rows, std::size_t simulations) {
    core::make_folder(words.out);
    std::cerr << fmt::format("{} unknowns, {} {}, {} simulations a set\n", unknowns, rows, plan.data ? "observations" : "calibration rows",
                             simulations);
  };
  job.step = [](const calibrate::Step& step, double seconds) {
    std::cerr << fmt::format("start {} step {}: cost {:.4f} ({:.0f} s)\n", step.start_index + 1, step.iteration, step.cost, seconds);
  };
  const auto result = tasks::calibrate(*workspace(), plan, checkpoint, job);
  if (result.stopped) {
    std::cerr << "stopped; the same command goes on from " << checkpoint << '\n';
    return kCancelled;
  }
  for (const char* name : tasks::kCalibrationFiles) std::filesystem::remove(words.out + "/" + name);  // of a fit that is replaced
  for (const auto& text : result.files) core::write_file(words.out + "/" + text.name, text.text);
  std::filesystem::remove(checkpoint);
  print("warning: ", result.warnings);
  for (std::size_t k = 0; k < result.summary.size(); ++k)
    std::cout << result.summary[k] << (k == 0 ? "; " + words.out + '/' + result.files.front().name : "") << '\n';
  return kOk;
}

}  // namespace

void add_calibrate(CLI::App& app, Action& action) {
  auto words = std::make_shared<Words>();
  CLI::App* verb = app.add_subcommand("calibrate", "fit parameters of a model to published trials, or to a table of your own");
  verb->add_option("CONFIG", words->file, "calibration file")->required();
  verb->add_option("--data", words->data, "table of observations (ID, TIME, AMT, DV, ...), for a file with [observed]");
  verb->add_option("--evidence", words->evidence, "folder with arms.csv and measurements.csv, or with study documents, in place of the library's");
  verb->add_option("-o,--output", words->out, "folder for what comes out")->required();
  verb->add_flag("--overwrite", words->overwrite, "replace a calibration in an existing folder");
  verb->add_option("--threads", words->threads, "threads (default: all processors)")->check(number_between(1, 256));
  verb->footer(
      "Examples:\n  osteosome calibrate calibrations/osteosome.toml -o runs/fit\n  osteosome calibrate my-fit.toml --data theophylline.csv -o "
      "runs/theophylline");
  verb->callback([words, &action] { action = [words] { return calibrate_command(*words); }; });
}

}  // namespace osteosome::app
