// SPDX-License-Identifier: Apache-2.0
// osteosome validate: simulates published trials and grades models on them (docs/reference/validation.md).
#include "validate.hpp"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <iostream>
#include <set>

#include "osteosome/core/csv.hpp"
#include "osteosome/core/output_file.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/evidence/grade.hpp"
#include "osteosome/report/validation.hpp"

namespace osteosome::app {
namespace {

using Words = ValidateWords;

evidence::StudyTables load(const Words& words, const model::Library& library) {
  if (words.evidence.empty()) return {evidence::load_evidence(library.root), {}};
  if (!std::filesystem::is_directory(words.evidence)) {
    throw core::Error(core::ErrorKind::Io, {"io-001",
                                            "cannot read the folder '" + words.evidence + "'",
                                            {},
                                            "It should hold arms.csv and measurements.csv, or study documents."});
  }
  if (std::filesystem::exists(words.evidence + "/arms.csv"))
    return evidence::load_study_tables(words.evidence, evidence::load_study_vocabulary(library.root));
  auto studies = evidence::load_studies(words.evidence, evidence::load_study_vocabulary(library.root));
  if (studies.empty()) {
    throw core::Error(core::ErrorKind::Input,
                      {"input-014", "no study in '" + words.evidence + "'", {}, "It should hold arms.csv and measurements.csv, or study documents."});
  }
  return {std::move(studies), {}};
}

/// A domain without any study is a misspelling.
void check_domain(const std::string& domain, const std::vector<evidence::Study>& studies) {
  std::set<std::string> known;
  for (const auto& s : studies) known.insert(s.domain);
  if (domain.empty() || known.contains(domain)) return;
  throw core::Error(core::ErrorKind::Input,
                    {"input-015", "no study of domain '" + domain + "'", {}, fmt::format("Known: {}.", fmt::join(known, ", "))});
}

std::string short_number(double x) { return std::isfinite(x) ? fmt::format("{:.6g}", x) : ""; }

std::string grades_text(const std::vector<evidence::ArmGrade>& grades) {
  std::string out = core::csv_line({"model", "study", "arm_id", "class", "role", "outcome", "n_points", "rmse", "bias", "within_interval"});
  for (const auto& g : grades) {
    out += core::csv_line({g.model, g.study, g.arm, g.trial_class, g.role, g.outcome, std::to_string(g.n), short_number(g.rmse), short_number(g.bias),
                           g.with_interval == 0 ? "" : short_number(static_cast<double>(g.within) / static_cast<double>(g.with_interval))});
  }
  return out;
}

std::string points_text(const std::vector<evidence::GradedPoint>& points) {
  std::string out = core::csv_line({"model", "study", "arm_id", "outcome", "unit", "month", "observed", "simulated"});
  for (const auto& p : points) {
    const auto& m = *p.row.measurement;
    out += core::csv_line({p.model, p.row.study->id, p.row.arm->id, m.outcome, m.unit, core::format_double(m.month), core::format_double(*m.mean),
                           short_number(p.predicted)});
  }
  return out;
}

std::string left_out_text(const std::vector<std::pair<std::string, evidence::LeftOut>>& left_out) {
  std::string out = core::csv_line({"model", "study", "arm_id", "outcome", "reason"});
  for (const auto& [model, x] : left_out) out += core::csv_line({model, x.study, x.arm, x.outcome, x.reason});
  return out;
}

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

/// Points, curves and what is left out of every model. False if interrupted.
bool grade_models(const Words& words, const model::Library& library, const evidence::StudyTables& tables, const protocol::DrugCatalogue& catalogue,
                  const core::UnitSystem& units, report::ValidationInput& input) {
  for (const std::string& name : input.models) {
    const bool first = name == input.models.front();
    const simulate::CompiledModel model(model::load_model(library.find_model(name), library, units,
                                                          first ? words.overlays : std::vector<std::string>{}),
                                        words.flags.settings());
    const evidence::TrialSet trials(tables.studies, {words.studies, words.domain, words.role}, model, catalogue, units);
    for (const auto& x : tables.left_out) {
      const bool wanted = words.studies.empty() || x.study.empty() || std::count(words.studies.begin(), words.studies.end(), x.study) > 0;
      if (wanted) input.left_out.emplace_back(name, x);
    }
    for (const auto& x : trials.left_out()) input.left_out.emplace_back(name, x);
    if (trials.rows().empty()) continue;
    const auto predicted = trials.predict({model.program().parameter_values}, interrupted()).front();
    for (std::size_t k = 0; k < predicted.size(); ++k) input.points.push_back({name, trials.rows()[k], predicted[k]});
    if (!words.out.empty()) {
      for (auto& curve : trials.curves(model.program().parameter_values, interrupted())) input.curves.emplace_back(name, std::move(curve));
    }
    if (interrupted().stop_requested()) return false;
  }
  return true;
}

void write_files(const std::string& out, const std::string& root, report::ValidationInput& input) {
  make_folder(out);
  core::write_file(out + "/validation.csv", grades_text(input.grades));
  core::write_file(out + "/points.csv", points_text(input.points));
  core::write_file(out + "/left-out.csv", left_out_text(input.left_out));
  std::error_code ec;
  const std::string bundle = root + "/vega-bundle.js";
  if (std::filesystem::exists(bundle, ec)) input.chart_library = core::read_file(bundle);
  core::write_file(out + "/validation.html", report::make_validation_report(input));
  std::cerr << "report: " << out << "/validation.html\n";
}

int validate_command(const Words& words) {
  if (words.domain == "preclinical") return validate_preclinical(words);
  const core::UnitSystem units;
  const model::Library library = app::library();
  const auto tables = load(words, library);
  check_studies(words.studies, tables.studies, "");
  check_domain(words.domain, tables.studies);
  const auto catalogue = protocol::load_catalogue(library.root + "/therapies");
  report::ValidationInput input;
  input.models = words.models.empty() ? std::vector<std::string>{"osteosome", "joerg-2022", "peterson-riggs-2010"} : words.models;
  if (!grade_models(words, library, tables, catalogue, units, input)) return kCancelled;
  input.spread = evidence::between_trial_spread(tables.studies, catalogue, units);
  input.grades = evidence::grade_arms(input.points);
  print_totals(input);
  print_left_out(input);
  if (!words.out.empty()) write_files(words.out, library.root, input);
  if (input.points.empty()) {
    throw core::Error(core::ErrorKind::Input,
                      {"input-016",
                       "nothing was graded: no row of these arms can be compared with a model",
                       {},
                       words.out.empty() ? "With -o FOLDER, left-out.csv tells why." : "See " + words.out + "/left-out.csv."});
  }
  const auto failed = std::count_if(input.points.begin(), input.points.end(), [](const auto& p) { return !std::isfinite(p.predicted); });
  if (failed > 0) std::cerr << failed << " values are missing because their simulation failed\n";
  return failed == 0 ? kOk : kNumericalFailure;
}

}  // namespace

void add_validate(CLI::App& app, Action& action) {
  auto words = std::make_shared<Words>();
  CLI::App* verb = app.add_subcommand("validate", "simulate published trials and grade models on them");
  verb->add_option("STUDY", words->studies, "ids of studies (default: all)");
  verb->add_option("--model", words->models, "model to grade (repeatable; default: osteosome beside the published models)")->allow_extra_args(false);
  verb->add_option("--overlay", words->overlays, "overlay on the first model (repeatable)")->allow_extra_args(false);
  verb->add_option("--domain", words->domain, "domain of the studies")->capture_default_str();
  verb->add_option("--role", words->role, "only arms of this role")->check(CLI::IsMember({"calibration", "validation"}));
  verb->add_option("--evidence", words->evidence, "folder with arms.csv and measurements.csv, or with study documents, in place of the library's");
  verb->add_option("-o,--output", words->out, "folder for validation.html, validation.csv, points.csv and left-out.csv");
  words->flags.add_to(*verb);
  verb->footer("Examples:\n  osteosome validate -o runs/validation\n  osteosome validate --evidence my-trials -o runs/mine");
  verb->callback([words, &action] { action = [words] { return validate_command(*words); }; });
}

}  // namespace osteosome::app
