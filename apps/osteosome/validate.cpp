// SPDX-License-Identifier: Apache-2.0
// osteosome validate: simulates published trials, or animal studies, and grades models on them.
#include <cmath>
#include <filesystem>
#include <iostream>

#include "common.hpp"
#include "osteosome/core/output_file.hpp"

namespace osteosome::app {
namespace {

struct Words {
  tasks::ValidationRequest request;
  std::string out;
  bool overwrite = false;
  SolverFlags flags;
};

/// What either domain writes.
constexpr const char* kFiles[] = {
    "validation.html", "validation.csv", "points.csv", "left-out.csv", "preclinical.html", "preclinical.csv", "mechanisms.csv"};

/// Of a validation that is replaced nothing stays.
void write_results(const std::string& folder, const char* name, const std::string& page, const std::vector<core::Table>& tables) {
  for (const char* old : kFiles) std::filesystem::remove(folder + "/" + old);
  write_report(folder, name, page, tables);
}

[[noreturn]] void nothing_graded(const char* why, const std::string& out) {
  throw core::Error(core::ErrorKind::Input, {"input-016",
                                             std::string("nothing was graded: ") + why,
                                             {},
                                             out.empty() ? "With -o FOLDER, left-out.csv tells why." : "See " + out + "/left-out.csv."});
}

int validate_animals(const Words& words, const cohort::Workspace& workspace) {
  const auto validation = tasks::validate_animals(workspace, words.request, {interrupted()});
  if (validation.stopped) return kCancelled;
  std::cout << tasks::summary_of(validation);
  if (!words.out.empty())
    write_results(words.out, "preclinical.html", report::make_preclinical_report(validation.input), tasks::tables_of(validation));
  if (validation.input.results.empty()) nothing_graded("no row can be simulated", words.out);
  return kOk;
}

int validate_command(Words words) {
  core::check_folder(words.out, words.overwrite);
  const auto workspace = app::workspace();
  words.request.solver = words.flags.settings();
  words.request.curves = !words.out.empty();
  if (words.request.domain == "preclinical") return validate_animals(words, *workspace);
  auto validation = tasks::validate(*workspace, words.request, {interrupted()});
  if (validation.stopped) return kCancelled;
  std::cout << tasks::summary_of(validation);
  if (!words.out.empty()) write_results(words.out, "validation.html", report::make_validation_report(validation.input), tasks::tables_of(validation));
  const auto& points = validation.input.points;
  if (points.empty()) nothing_graded("no row of these arms can be compared with a model", words.out);
  const auto failed = std::count_if(points.begin(), points.end(), [](const auto& p) { return !std::isfinite(p.predicted); });
  if (failed > 0) std::cerr << failed << " values are missing because their simulation failed\n";
  return failed == 0 ? kOk : kNumericalFailure;
}

}  // namespace

void add_validate(CLI::App& app, Action& action) {
  auto words = std::make_shared<Words>();
  tasks::ValidationRequest& r = words->request;
  CLI::App* verb = app.add_subcommand("validate", "simulate published trials and grade models on them");
  verb->add_option("STUDY", r.studies, "ids of studies (default: all)");
  verb->add_option("--model", r.models, "model to grade (repeatable; default: osteosome beside the published models)")->allow_extra_args(false);
  verb->add_option("--overlay", r.overlays, "overlay on the first model (repeatable)")->allow_extra_args(false);
  verb->add_option("--domain", r.domain, "domain of the studies: clinical, or preclinical for animal studies")->capture_default_str();
  verb->add_option("--role", r.role, "only arms of this role")->check(CLI::IsMember({"calibration", "validation"}));
  verb->add_option("--evidence", r.evidence,
                   "folder with arms.csv and measurements.csv, or with study documents (of animals also a table), in place of the library's");
  verb->add_option("-o,--output", words->out, "folder for validation.html, validation.csv, points.csv and left-out.csv");
  verb->add_flag("--overwrite", words->overwrite, "replace a validation in an existing folder");
  words->flags.add_to(*verb);
  verb->footer("Examples:\n  osteosome validate -o runs/validation\n  osteosome validate --evidence my-trials -o runs/mine");
  verb->callback([words, &action] { action = [words] { return validate_command(*words); }; });
}

}  // namespace osteosome::app
