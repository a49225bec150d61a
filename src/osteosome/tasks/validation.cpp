// SPDX-License-Identifier: Apache-2.0
// Simulates published trials and grades models on them (docs/reference/validation.md).
#include "osteosome/tasks/validation.hpp"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <set>

#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/report/report.hpp"

namespace osteosome::tasks {
namespace {

/// A domain without any study is a misspelling.
void check_domain(const std::string& domain, const std::vector<evidence::Study>& studies) {
  std::set<std::string> known;
  for (const auto& s : studies) known.insert(s.domain);
  if (domain.empty() || known.contains(domain)) return;
  if (known.empty())
    throw core::Error(core::ErrorKind::Input, {"input-019", "there is no study to grade", {}, "arms.csv has no arm that can be read."});
  throw core::Error(core::ErrorKind::Input,
                    {"input-018", "no study of domain '" + domain + "'", {}, fmt::format("Known: {}.", fmt::join(known, ", "))});
}

std::string short_number(double x) { return std::isfinite(x) ? fmt::format("{:.6g}", x) : ""; }

core::Table grades_table(const std::vector<evidence::ArmGrade>& grades) {
  core::Table table{"validation", {"model", "study", "arm_id", "class", "role", "outcome", "n_points", "rmse", "bias", "within_interval"}, {}};
  for (const auto& g : grades) {
    table.rows.push_back({g.model, g.study, g.arm, g.trial_class, g.role, g.outcome, std::to_string(g.n), short_number(g.rmse), short_number(g.bias),
                          g.with_interval == 0 ? "" : short_number(static_cast<double>(g.within) / static_cast<double>(g.with_interval))});
  }
  return table;
}

core::Table points_table(const std::vector<evidence::GradedPoint>& points) {
  core::Table table{"points", {"model", "study", "arm_id", "outcome", "unit", "month", "observed", "simulated"}, {}};
  for (const auto& p : points) {
    const auto& m = *p.row.measurement;
    table.rows.push_back({p.model, p.row.study->id, p.row.arm->id, m.outcome, m.unit, core::format_double(m.month), core::format_double(*m.mean),
                          short_number(p.predicted)});
  }
  return table;
}

core::Table left_out_table(const std::vector<std::pair<std::string, evidence::LeftOut>>& left_out) {
  core::Table table{"left-out", {"model", "study", "arm_id", "outcome", "reason"}, {}};
  for (const auto& [model, x] : left_out) table.rows.push_back({model, x.study, x.arm, x.outcome, x.reason});
  return table;
}

/// Points, curves and what is left out of one model.
void grade_model(const ValidationRequest& request, const cohort::Workspace& workspace, const evidence::StudyTables& tables, const std::string& name,
                 const std::stop_token& stop, report::ValidationInput& input) {
  const auto overlays = name == input.models.front() ? request.overlays : std::vector<std::string>{};
  const auto model = workspace.compile({name, "", {}, overlays, {}, request.solver});
  const evidence::TrialSet trials(tables.studies, {request.studies, request.domain, request.role}, *model, workspace.drugs(), workspace.units());
  for (const auto& x : tables.left_out) {
    const bool wanted = request.studies.empty() || x.study.empty() || std::count(request.studies.begin(), request.studies.end(), x.study) > 0;
    if (wanted) input.left_out.emplace_back(name, x);
  }
  for (const auto& x : trials.left_out()) input.left_out.emplace_back(name, x);
  if (trials.rows().empty()) return;
  const auto predicted = trials.predict({model->program().parameter_values}, stop).front();
  for (std::size_t k = 0; k < predicted.size(); ++k) input.points.push_back({name, trials.rows()[k], predicted[k]});
  if (!request.curves) return;
  for (auto& curve : trials.curves(model->program().parameter_values, stop)) input.curves.emplace_back(name, std::move(curve));
}

}  // namespace

Validation validate(const cohort::Workspace& workspace, const ValidationRequest& request, const cohort::Job& job) {
  Validation out;
  out.tables = std::make_shared<const evidence::StudyTables>(evidence::load_study_folder(workspace.root(), request.evidence));
  evidence::check_studies(request.studies, out.tables->studies, "");
  check_domain(request.domain, out.tables->studies);
  out.input.models = request.models.empty() ? std::vector<std::string>{"osteosome", "joerg-2022", "peterson-riggs-2010"} : request.models;
  for (const std::string& name : out.input.models) {
    grade_model(request, workspace, *out.tables, name, job.stop, out.input);
    out.stopped = job.stop.stop_requested();
    if (out.stopped) return out;
  }
  out.input.spread = evidence::between_trial_spread(out.tables->studies, workspace.drugs(), workspace.units());
  out.input.grades = evidence::grade_arms(out.input.points);
  if (request.curves) out.input.chart_library = report::chart_library(workspace.root());
  return out;
}

std::string summary_of(const Validation& validation) {
  const report::ValidationInput& input = validation.input;
  std::string text = "Spread between trials of the same treatment (a model that ignores the women's baseline cannot do better):\n";
  for (const auto& s : input.spread) text += fmt::format("  {:<5} {:.2f}  ({} means in {} groups)\n", s.outcome, s.rms, s.means, s.groups);
  text += "RMSE pooled over points (percentage points; markers in log ratio):\n";
  for (const std::string& model : input.models) {
    for (const auto& g : evidence::pool(input.points, model, false))
      text += fmt::format("  {:<22} {:<12} {:<6} {:>6.2f}  bias {:>+6.2f}  ({} points)\n", model, g.role, g.outcome, g.rmse, g.bias, g.n);
  }
  text += "Left out, with the reasons in left-out.csv of -o:\n";
  for (const std::string& model : input.models) {
    std::size_t arms = 0, rows = 0;
    for (const auto& [of, x] : input.left_out) {
      if (of == model) ++(x.outcome.empty() ? arms : rows);
    }
    text += fmt::format("  {:<22} {} rows, {} arms\n", model, rows, arms);
  }
  return text;
}

std::vector<core::Table> tables_of(const Validation& validation) {
  return {grades_table(validation.input.grades), points_table(validation.input.points), left_out_table(validation.input.left_out)};
}

}  // namespace osteosome::tasks
