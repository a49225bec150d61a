// SPDX-License-Identifier: Apache-2.0
// osteosome validate --domain preclinical: animal studies as simulated experiments (docs/reference/validation.md).
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <iostream>
#include <map>

#include "common.hpp"
#include "osteosome/core/csv.hpp"
#include "osteosome/core/output_file.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/evidence/mechanisms.hpp"
#include "osteosome/evidence/preclinical.hpp"
#include "osteosome/report/preclinical.hpp"
#include "validate.hpp"

namespace osteosome::app {
namespace {

std::string number(double x, int digits = 4) { return std::isfinite(x) ? fmt::format("{:.{}g}", x, digits) : ""; }

std::string name_of(const std::optional<evidence::Reported>& r) {
  if (!r) return "";
  return *r == evidence::Reported::Up ? "up" : *r == evidence::Reported::Down ? "down" : "ns";
}

std::string rows_text(const std::vector<evidence::AnimalResult>& results) {
  std::string out = core::csv_line(
      {"study",
       "line",
       "role",
       "group",
       "species",
       "source",
       "engineering",
       "route",
       "outcome",
       "regimen",
       "control",
       "days",
       "n",
       "cv",
       "cv_assumed",
       "reported",
       "simulated_percent",
       "simulated_smd",
       "smd_low",
       "smd_high",
       "reported_effect",
       "ci_low",
       "ci_high",
       "reported_percent",
       "right",
       "inside",
       "filled_in"});
  for (const auto& r : results) {
    const auto& t = *r.trial;
    std::string filled;
    for (const auto& f : t.filled_in) filled += (filled.empty() ? "" : "; ") + f;
    out += core::csv_line(
        {t.row->study,
         std::to_string(t.row->where.line),
         t.row->role,
         t.group,
         t.species,
         t.row->text("source"),
         t.row->text("engineering"),
         t.row->text("route"),
         t.outcome,
         t.treated,
         t.control,
         number(t.days),
         number(t.n),
         number(t.variation.cv),
         t.variation.assumed ? "yes" : "no",
         name_of(t.reported),
         number(r.prediction.percent()),
         number(r.smd.mean),
         number(r.smd.low),
         number(r.smd.high),
         t.row->text("effect"),
         t.row->text("ci_low"),
         t.row->text("ci_high"),
         t.row->text("percent_change"),
         r.right ? (*r.right ? "yes" : "no") : "",
         r.inside ? (*r.inside ? "yes" : "no") : "",
         filled});
  }
  return out;
}

std::string mechanisms_text(const evidence::Mechanisms& m) {
  std::string out = core::csv_line({"study", "cargo", "pathway", "readout", "reported", "with_percent", "without_percent", "sign_right", "falls"});
  for (const auto& g : m.grades) {
    out += core::csv_line({g.row->study, g.row->text("cargo"), g.row->text("pathway"), g.readout, g.reported > 0 ? "up" : "down",
                           number(g.with_cargo), number(g.without), g.sign_right() ? "yes" : "no", g.falls() ? "yes" : "no"});
  }
  return out;
}

std::string left_out_text(const std::vector<evidence::AnimalLeftOut>& left_out) {
  std::string out = core::csv_line({"study", "line", "table", "outcome", "reason"});
  for (const auto& x : left_out)
    out += core::csv_line({x.row->study, std::to_string(x.row->where.line), x.row->table, x.row->text("outcome"), x.reason});
  return out;
}

void print(const report::PreclinicalInput& input) {
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

bool wanted(const evidence::AnimalRow& row, const ValidateWords& words) {
  const std::string role = words.role == "validation" ? "set_aside" : words.role;
  const bool named = words.studies.empty() || std::find(words.studies.begin(), words.studies.end(), row.study) != words.studies.end();
  return named && (role.empty() || row.role == role);
}

/// @throws Error(Input) for studies no row is of.
void check_names(const std::vector<std::string>& ids, const std::vector<evidence::AnimalRow>& rows) {
  std::vector<std::string> known;
  for (const auto& row : rows) known.push_back(row.study);
  core::Diagnostics problems;
  for (const std::string& id : ids) {
    if (std::find(known.begin(), known.end(), id) == known.end())
      problems.add({"input-014", "no study '" + id + "'", {}, core::did_you_mean(id, known)});
  }
  problems.throw_if_any(core::ErrorKind::Input);
}

}  // namespace

int validate_preclinical(const ValidateWords& words) {
  if (!words.models.empty()) {
    throw core::Error(core::ErrorKind::Input, {"input-017",
                                               "--model has no meaning with --domain preclinical",
                                               {},
                                               "Animal studies run on the shipped model in their species; --overlay changes its constants."});
  }
  const core::UnitSystem units;
  const std::string root = data_root();
  auto rows = words.evidence.empty() || std::filesystem::is_directory(words.evidence)
                  ? evidence::load_animal_studies(words.evidence.empty() ? root + "/evidence/preclinical" : words.evidence)
                  : evidence::load_animal_table(words.evidence);
  check_names(words.studies, rows);
  std::erase_if(rows, [&](const evidence::AnimalRow& r) { return !wanted(r, words); });
  const evidence::AnimalTrials trials(rows, root, units, words.flags.settings(), words.overlays);
  report::PreclinicalInput input;
  input.results = evidence::grade_trials(trials.trials(), trials.predict({{}}, interrupted()).front());
  input.mechanisms = evidence::grade_mechanisms(rows, root, units, words.flags.settings(), words.overlays);
  input.left_out = trials.left_out();
  input.left_out.insert(input.left_out.end(), input.mechanisms.left_out.begin(), input.mechanisms.left_out.end());
  if (interrupted().stop_requested()) return kCancelled;
  print(input);
  if (!words.out.empty()) {
    make_folder(words.out);
    core::write_file(words.out + "/preclinical.csv", rows_text(input.results));
    core::write_file(words.out + "/mechanisms.csv", mechanisms_text(input.mechanisms));
    core::write_file(words.out + "/left-out.csv", left_out_text(input.left_out));
    core::write_file(words.out + "/preclinical.html", report::make_preclinical_report(input));
    std::cerr << "report: " << words.out << "/preclinical.html\n";
  }
  if (input.results.empty()) {
    throw core::Error(core::ErrorKind::Input,
                      {"input-016", "nothing was graded: no row can be simulated", {}, "With -o FOLDER, left-out.csv tells why."});
  }
  return kOk;
}

}  // namespace osteosome::app
