// SPDX-License-Identifier: Apache-2.0
// osteosome calibrate: fits parameters of a model to the calibration rows of the evidence.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "common.hpp"
#include "osteosome/core/output_file.hpp"

namespace osteosome::app {
namespace {

int calibrate_command(const std::string& file, const std::string& out, unsigned threads) {
  const auto plan = evidence::read_calibration(file);
  SolverFlags flags;
  flags.threads = threads;
  tasks::CalibrationJob job{interrupted(), flags.settings().threads, cache_dir(), OSTEOSOME_VERSION, {}, {}};
  job.begins = [&](std::size_t unknowns, std::size_t rows, std::size_t simulations) {
    core::make_folder(out);
    std::cerr << fmt::format("{} unknowns, {} calibration rows, {} simulations a set\n", unknowns, rows, simulations);
  };
  job.step = [](const calibrate::Step& step, double seconds) {
    std::cerr << fmt::format("start {} step {}: cost {:.4f} ({:.0f} s)\n", step.start_index + 1, step.iteration, step.cost, seconds);
  };
  const std::string checkpoint = out + "/checkpoint.json";
  const auto result = tasks::calibrate(*workspace(), plan, checkpoint, job);
  if (result.stopped) {
    std::cerr << "stopped; the same command goes on from " << checkpoint << '\n';
    return kCancelled;
  }
  for (const auto& text : result.files) core::write_file(out + "/" + text.name, text.text);
  std::filesystem::remove(checkpoint);
  std::cout << fmt::format("cost {:.4f}, {}; {}/fitted.overlay.toml\n", result.fit.cost, result.fit.converged ? "converged" : "not converged", out);
  return kOk;
}

}  // namespace

void add_calibrate(CLI::App& app, Action& action) {
  struct Words {
    std::string file, out;
    unsigned threads = 0;
  };
  auto words = std::make_shared<Words>();
  CLI::App* verb = app.add_subcommand("calibrate", "fit parameters of a model to the calibration rows of published trials");
  verb->add_option("CONFIG", words->file, "calibration file")->required();
  verb->add_option("-o,--output", words->out, "folder for the overlay, the record, identifiability and the ensemble")->required();
  verb->add_option("--threads", words->threads, "threads (default: all processors)")->check(number_between(1, 256));
  verb->footer(
      "Examples:\n  osteosome calibrate calibrations/osteosome.toml -o runs/fit\n  osteosome validate --overlay runs/fit/fitted.overlay.toml");
  verb->callback([words, &action] { action = [words] { return calibrate_command(words->file, words->out, words->threads); }; });
}

}  // namespace osteosome::app
