// SPDX-License-Identifier: Apache-2.0
// osteosome validate: simulates published trials, or animal studies, and grades models on them.
#include <fmt/format.h>

#include <cmath>
#include <iostream>

#include "common.hpp"
#include "osteosome/core/output_file.hpp"

namespace osteosome::app {
namespace {

struct Words {
  tasks::ValidationRequest request;
  std::string out;
  SolverFlags flags;
};

void print_totals(const report::ValidationInput& input) {
  std::cout << "Spread between trials of the same treatment (a model that ignores the women's baseline cannot do better):\n";
  for (const auto& s : input.spread) std::cout << fmt::format("  {:<5} {:.2f}  ({} means in {} groups)\n", s.outcome, s.rms, s.means, s.groups);
  std::cout << "RMSE pooled over points (percentage points; markers in log ratio):\n";
  for (const std::string& model : input.models) {
    for (const auto& g : evidence::pool(input.points, model, false)) {
      std::cout << fmt::format("  {:<22} {:<12} {:<6} {:>6.2f}  bias {:>+6.2f}  ({} points)\n", model, g.role, g.outcome, g.rmse, g.bias, g.n);
    }
  }
}

void print_left_out(const report::ValidationInput& input) {
  std::cout << "Left out, with the reasons in left-out.csv of -o:\n";
  for (const std::string& model : input.models) {
    std::size_t arms = 0, rows = 0;
    for (const auto& [of, x] : input.left_out) {
      if (of == model) ++(x.outcome.empty() ? arms : rows);
    }
    std::cout << fmt::format("  {:<22} {} rows, {} arms\n", model, rows, arms);
  }
}

void print_animals(const report::PreclinicalInput& input) {
  for (const auto& t : evidence::totals(input.results)) {
    std::cout << fmt::format("  {:<12} {:<8} {:<44} {:>3} of {:>3} right ({:.0f} %); always \"better\": {} of {}\n", t.role, t.group, t.what, t.right,
                             t.n, 100.0 * static_cast<double>(t.right) / static_cast<double>(t.n), t.always_better, t.n);
  }
  std::size_t signs = 0, falls = 0;
  for (const auto& g : input.mechanisms.grades) {
    signs += g.sign_right() ? 1 : 0;
    falls += g.falls() ? 1 : 0;
  }
  if (!input.mechanisms.grades.empty())
    std::cout << fmt::format("Mechanisms: sign right in {} of {}; falls without its pathway in {}\n", signs, input.mechanisms.grades.size(), falls);
  std::cout << fmt::format("Left out: {} rows\n", input.left_out.size());
}

void write_report(const std::string& out, const char* name, const std::string& html, const std::vector<core::Table>& tables) {
  make_folder(out);
  write_tables(out, tables);
  core::write_file(out + "/" + name, html);
  std::cerr << "report: " << out << '/' << name << '\n';
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
  print_animals(validation.input);
  if (!words.out.empty())
    write_report(words.out, "preclinical.html", report::make_preclinical_report(validation.input), tasks::tables_of(validation));
  if (validation.input.results.empty()) nothing_graded("no row can be simulated", words.out);
  return kOk;
}

int validate_command(Words words) {
  const auto workspace = app::workspace();
  words.request.solver = words.flags.settings();
  words.request.curves = !words.out.empty();
  if (words.request.domain == "preclinical") return validate_animals(words, *workspace);
  auto validation = tasks::validate(*workspace, words.request, {interrupted()});
  if (validation.stopped) return kCancelled;
  print_totals(validation.input);
  print_left_out(validation.input);
  validation.input.chart_library = chart_library(*workspace);
  if (!words.out.empty()) write_report(words.out, "validation.html", report::make_validation_report(validation.input), tasks::tables_of(validation));
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
  verb->add_option("--domain", r.domain, "domain of the studies")->capture_default_str();
  verb->add_option("--role", r.role, "only arms of this role")->check(CLI::IsMember({"calibration", "validation"}));
  verb->add_option("--evidence", r.evidence, "folder with arms.csv and measurements.csv, or with study documents, in place of the library's");
  verb->add_option("-o,--output", words->out, "folder for validation.html, validation.csv, points.csv and left-out.csv");
  words->flags.add_to(*verb);
  verb->footer("Examples:\n  osteosome validate -o runs/validation\n  osteosome validate --evidence my-trials -o runs/mine");
  verb->callback([words, &action] { action = [words] { return validate_command(*words); }; });
}

}  // namespace osteosome::app
