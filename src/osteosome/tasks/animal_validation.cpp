// SPDX-License-Identifier: Apache-2.0
// Animal studies as simulated experiments (docs/reference/validation.md).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/evidence/mechanisms.hpp"
#include "osteosome/evidence/preclinical.hpp"
#include "osteosome/tasks/validation.hpp"

namespace osteosome::tasks {
namespace {

std::string number(double x, int digits = 4) { return std::isfinite(x) ? fmt::format("{:.{}g}", x, digits) : ""; }

std::string name_of(const std::optional<evidence::Reported>& r) {
  if (!r) return "";
  return *r == evidence::Reported::Up ? "up" : *r == evidence::Reported::Down ? "down" : "ns";
}

core::Table rows_table(const std::vector<evidence::AnimalResult>& results) {
  core::Table table{
      "preclinical",
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
       "size_percent",
       "size_low",
       "size_high",
       "size_right",
       "filled_in"},
      {}};
  for (const auto& r : results) {
    const auto& t = *r.trial;
    std::string filled;
    for (const auto& f : t.filled_in) filled += (filled.empty() ? "" : "; ") + f;
    table.rows.push_back(
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
         r.size ? number(r.size->percent) : "",
         r.size && r.size->low ? number(*r.size->low) : "",
         r.size && r.size->high ? number(*r.size->high) : "",
         r.size_right ? (*r.size_right ? "yes" : "no") : "",
         filled});
  }
  return table;
}

core::Table mechanisms_table(const evidence::Mechanisms& m) {
  core::Table table{"mechanisms", {"study", "cargo", "pathway", "readout", "reported", "with_percent", "without_percent", "sign_right", "falls"}, {}};
  for (const auto& g : m.grades) {
    table.rows.push_back({g.row->study, g.row->text("cargo"), g.row->text("pathway"), g.readout, g.reported > 0 ? "up" : "down", number(g.with_cargo),
                          number(g.without), g.sign_right() ? "yes" : "no", g.falls() ? "yes" : "no"});
  }
  return table;
}

core::Table left_out_table(const std::vector<evidence::AnimalLeftOut>& left_out) {
  core::Table table{"left-out", {"study", "line", "table", "outcome", "reason"}, {}};
  for (const auto& x : left_out)
    table.rows.push_back({x.row->study, std::to_string(x.row->where.line), x.row->table, x.row->text("outcome"), x.reason});
  return table;
}

bool wanted(const evidence::AnimalRow& row, const ValidationRequest& request) {
  const std::string role = request.role == "validation" ? "set_aside" : request.role;
  const bool named = request.studies.empty() || std::find(request.studies.begin(), request.studies.end(), row.study) != request.studies.end();
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

AnimalValidation validate_animals(const cohort::Workspace& workspace, const ValidationRequest& request, const cohort::Job& job) {
  if (!request.models.empty()) {
    throw core::Error(core::ErrorKind::Input, {"input-017",
                                               "--model has no meaning with --domain preclinical",
                                               {},
                                               "Animal studies run on the shipped model in their species; --overlay changes its constants."});
  }
  const std::string& root = workspace.root();
  auto rows = evidence::load_animal_evidence(root, request.evidence);
  check_names(request.studies, rows);
  std::erase_if(rows, [&](const evidence::AnimalRow& r) { return !wanted(r, request); });
  AnimalValidation out;
  out.rows = std::make_shared<const std::vector<evidence::AnimalRow>>(std::move(rows));
  out.trials = std::make_shared<const evidence::AnimalTrials>(*out.rows, root, workspace.units(), request.solver, request.overlays);
  out.input.results = evidence::grade_trials(out.trials->trials(), out.trials->predict({{}}, job.stop).front());
  out.input.mechanisms = evidence::grade_mechanisms(*out.rows, root, workspace.units(), request.solver, request.overlays);
  out.input.left_out = out.trials->left_out();
  out.input.left_out.insert(out.input.left_out.end(), out.input.mechanisms.left_out.begin(), out.input.mechanisms.left_out.end());
  out.stopped = job.stop.stop_requested();
  return out;
}

std::string summary_of(const AnimalValidation& validation) {
  const report::PreclinicalInput& input = validation.input;
  std::string text;
  for (const auto& t : evidence::totals(input.results)) {
    text += fmt::format("  {:<12} {:<8} {:<44} {:>3} of {:>3} right ({:.0f} %); always \"better\": {} of {}\n", t.role, t.group, t.what, t.right, t.n,
                        100.0 * static_cast<double>(t.right) / static_cast<double>(t.n), t.always_better, t.n);
  }
  for (const auto& t : evidence::size_totals(input.results)) text += "  " + evidence::size_text(t) + "\n";
  const auto& grades = input.mechanisms.grades;
  const auto signs = std::count_if(grades.begin(), grades.end(), [](const auto& g) { return g.sign_right(); });
  const auto falls = std::count_if(grades.begin(), grades.end(), [](const auto& g) { return g.falls(); });
  if (!grades.empty()) text += fmt::format("Mechanisms: sign right in {} of {}; falls without its pathway in {}\n", signs, grades.size(), falls);
  return text + fmt::format("Left out: {} rows\n", input.left_out.size());
}

std::vector<core::Table> tables_of(const AnimalValidation& validation) {
  return {rows_table(validation.input.results), mechanisms_table(validation.input.mechanisms), left_out_table(validation.input.left_out)};
}

}  // namespace osteosome::tasks
