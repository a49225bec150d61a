// SPDX-License-Identifier: Apache-2.0
// Fits parameters of a model to the calibration rows of the evidence (docs/reference/calibration.md).
#include "osteosome/tasks/calibration.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "calibration_texts.hpp"
#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/evidence/preclinical.hpp"
#include "osteosome/evidence/trials.hpp"
#include "table_fit.hpp"

namespace osteosome::tasks {
namespace {

using calibrate::Unknown;

/// Standard deviation given to each row, so that residual / sd has size one.
std::vector<double> row_sds(const evidence::CalibrationPlan& config, const std::vector<evidence::TrialRow>& rows) {
  std::map<std::pair<std::string, std::string>, double> visits;
  for (const auto& r : rows) ++visits[{r.arm->id, r.measurement->outcome}];
  std::vector<double> sds;
  for (const auto& r : rows) {
    auto w = config.weights.find(r.measurement->outcome + " " + r.measurement->unit);
    if (w == config.weights.end()) w = config.weights.find(r.measurement->outcome);
    if (w == config.weights.end()) {
      throw core::Error(core::ErrorKind::Input, {"calibration-007",
                                                 "no weight for '" + r.measurement->outcome + "' in '" + r.measurement->unit + "'",
                                                 {config.file, 0, 0},
                                                 "Add it to [weights]."});
    }
    const auto factor = config.study_factors.find(r.study->id);
    sds.push_back(w->second.sd * (factor == config.study_factors.end() ? 1 : factor->second) *
                  std::sqrt(std::max(1.0, visits[{r.arm->id, r.measurement->outcome}] / w->second.points)));
  }
  return sds;
}

constexpr double kInformed = 0.05;  // share of the prior variance that the rows remove, below which a constant counts as not informed

/// What is fitted: a model for names and units, and the weighted residuals of its rows.
struct Problem {
  model::Model names;
  std::string model_hash, engine;
  std::size_t rows = 0, simulations = 0;
  calibrate::Residuals residuals;
  nlohmann::json left_out = nlohmann::json::array();
  std::vector<std::string> warnings = {};
};

/// The calibration arms of clinical trials on one model.
Problem clinical_problem(evidence::CalibrationPlan& config, const cohort::Workspace& workspace, const simulate::SolverSettings& settings,
                         const std::stop_token& stop) {
  struct Trials {
    simulate::CompiledModel model;
    std::vector<evidence::Study> studies;
    std::optional<evidence::TrialSet> set;
    std::vector<double> sds;
  };
  auto tables = evidence::load_study_folder(workspace.root(), config.evidence);
  const auto t = std::make_shared<Trials>(Trials{
      simulate::CompiledModel(workspace.load({config.model, "", {}, config.overlays}), settings), std::move(tables.studies), std::nullopt, {}});
  evidence::take_starts(config, t->model.model());
  evidence::check_evidence(config, t->studies, t->model.model());
  t->set.emplace(t->studies, evidence::TrialFilter{config.studies, "clinical", "calibration"}, t->model, workspace.drugs(), workspace.units());
  if (!t->set->rows().empty()) t->sds = row_sds(config, t->set->rows());
  Problem problem{t->model.model(), t->model.lane_hash(), t->model.engine_text(), t->set->rows().size(), t->set->simulations(), {}};
  if (!tables.left_out.empty())
    problem.warnings.push_back(fmt::format("{} rows of {} cannot be read; record.json tells why", tables.left_out.size(), config.evidence));
  for (const auto* left_out : {&t->set->left_out(), &std::as_const(tables.left_out)}) {
    for (const auto& x : *left_out) problem.left_out.push_back({{"study", x.study}, {"arm", x.arm}, {"outcome", x.outcome}, {"reason", x.reason}});
  }
  if (!config.evidence.empty() && !t->set->left_out().empty())
    problem.warnings.push_back(fmt::format("{} rows or arms of {} are left out; record.json tells why", t->set->left_out().size(), config.evidence));
  problem.residuals = [t, &config, stop](const std::vector<std::vector<double>>& points) {
    std::vector<std::vector<double>> parameters;
    for (const auto& point : points) {
      parameters.push_back(t->model.program().parameter_values);
      for (const auto& [name, value] : by_name(config, point)) parameters.back()[*t->model.program().parameter_index(name)] = value;
    }
    auto rows = t->set->predict(parameters, stop);
    for (auto& row : rows) {
      for (std::size_t k = 0; k < row.size(); ++k) row[k] = t->set->rows()[k].residual(row[k]) / t->sds[k];
    }
    return rows;
  };
  return problem;
}

/// The calibration papers of animal studies, on every species and product they need.
Problem animal_problem(evidence::CalibrationPlan& config, const cohort::Workspace& workspace, const simulate::SolverSettings& settings,
                       const std::stop_token& stop) {
  struct Trials {
    std::vector<evidence::AnimalRow> rows;
    std::optional<evidence::AnimalTrials> set;
  };
  const auto t = std::make_shared<Trials>();
  t->rows = evidence::load_animal_evidence(workspace.root(), config.evidence);
  std::erase_if(t->rows, [](const evidence::AnimalRow& r) { return r.role != "calibration"; });
  t->set.emplace(t->rows, workspace.root(), workspace.units(), settings, config.overlays, &evidence::informs_fit);
  std::vector<std::string> drugs;
  for (const auto& d : workspace.drugs().drugs) drugs.push_back(d.name);
  Problem problem{workspace.load({config.model, "", drugs, config.overlays}),
                  core::sha256(model::to_markdown(workspace.load({config.model}))),
                  "lanes",
                  t->set->trials().size(),
                  2 * t->set->trials().size(),
                  {}};
  evidence::take_starts(config, problem.names);
  for (const auto& x : t->set->left_out())
    problem.left_out.push_back({{"study", x.row->study}, {"outcome", x.row->text("outcome")}, {"reason", x.reason}});
  problem.residuals = [t, &config, stop](const std::vector<std::vector<double>>& points) {
    std::vector<std::map<std::string, double>> sets;
    for (const auto& point : points) sets.push_back(by_name(config, point));
    std::vector<std::vector<double>> rows;
    for (const auto& predictions : t->set->predict(sets, stop)) rows.push_back(evidence::fit_residuals(t->set->trials(), predictions));
    return rows;
  };
  return problem;
}

std::string identifiability_text(const evidence::CalibrationPlan& config, const calibrate::Fit& fit, const calibrate::Identifiability& known) {
  std::string out = core::csv_line({"parameter", "value", "scale", "standard_error", "informed", "prior", "prior_sd", "low", "high"});
  for (std::size_t k = 0; k < config.unknowns.size(); ++k) {
    const Unknown& u = config.unknowns[k];
    out += core::csv_line({u.name, core::format_double(fit.values[k]), u.logarithmic ? "log" : "linear",
                           fmt::format("{:.4g}", known.standard_errors[k]), fmt::format("{:.3f}", known.informed[k]),
                           u.prior ? core::format_double(u.logarithmic ? std::exp(u.prior->mean) : u.prior->mean) : "",
                           u.prior ? core::format_double(u.prior->sd) : "", core::format_double(u.low), core::format_double(u.high)});
  }
  return out;
}

std::string eigen_text(const evidence::CalibrationPlan& config, const calibrate::Identifiability& known) {
  std::vector<std::string> header = {"eigenvalue"};
  for (const Unknown& u : config.unknowns) header.push_back(u.name);
  std::string out = core::csv_line(header);
  for (std::size_t e = 0; e < known.eigenvalues.size(); ++e) {
    std::vector<std::string> cells = {fmt::format("{:.6g}", known.eigenvalues[e])};
    for (const double x : known.eigenvectors[e]) cells.push_back(fmt::format("{:.4f}", x));
    out += core::csv_line(cells);
  }
  return out;
}

std::string record_text(const evidence::CalibrationPlan& config, const Problem& problem, const calibrate::Fit& fit, bool resumed, double seconds,
                        const std::string& build) {
  nlohmann::json record = {
      {"config", config.file},
      {"config_sha256", core::sha256(config.text)},
      {"model", config.model},
      {"model_hash", problem.model_hash},
      {"build", build},
      {"engine", problem.engine},
      {"seconds", seconds},
      {"resumed", resumed},
      {"rows", problem.rows},
      {"simulations_a_set", problem.simulations},
      {"cost", fit.cost},
      {"converged", fit.converged},
      {"start_costs", fit.start_costs},
      {"start_outcomes", fit.start_outcomes},
      {"left_out", problem.left_out}};
  return record.dump(1) + "\n";
}

std::vector<NamedText> fit_files(const evidence::CalibrationPlan& config, const Problem& problem, const calibrate::Fit& fit) {
  const auto known = calibrate::analyse(config.unknowns, fit);
  const bool animals = config.domain == "preclinical";
  return {{"fitted.overlay.toml",
           overlay_text(config, problem.names, animals ? "shared" : problem.names.id, fmt::format("{} rows, cost {:.6g}", problem.rows, fit.cost),
                        fit.values, known.standard_errors, [&](std::size_t k) { return !animals || known.informed[k] >= kInformed; })},
          {"identifiability.csv", identifiability_text(config, fit, known)},
          {"eigenvalues.csv", eigen_text(config, known)},
          {"ensemble.csv", ensemble_text(config, calibrate::laplace_ensemble(config.unknowns, fit, config.ensemble, config.settings.seed))}};
}

Problem problem_of(evidence::CalibrationPlan& plan, const cohort::Workspace& workspace, const CalibrationJob& job) {
  simulate::SolverSettings settings;
  settings.relative_tolerance = plan.rtol;
  settings.threads = job.threads;
  settings.lanes.cache_dir = job.cache_dir;
  Problem problem =
      plan.domain == "preclinical" ? animal_problem(plan, workspace, settings, job.stop) : clinical_problem(plan, workspace, settings, job.stop);
  if (problem.rows > 0) return problem;
  throw core::Error(
      core::ErrorKind::Input,
      {"calibration-010",
       "no row to fit: no calibration arm of these studies has an outcome of the model",
       {plan.file, 0, 0},
       "osteosome validate with the same --evidence and -o FOLDER lists in left-out.csv why rows cannot be used; their role is 'calibration'."});
}

}  // namespace

Calibration calibrate(const cohort::Workspace& workspace, evidence::CalibrationPlan plan, const std::string& checkpoint, const CalibrationJob& job) {
  if (plan.data) return fit_table(workspace, std::move(plan), checkpoint, job);
  const Problem problem = problem_of(plan, workspace, job);
  if (job.begins) job.begins(plan.unknowns.size(), problem.rows, problem.simulations);
  calibrate::EvaluationLog log(checkpoint, core::sha256(plan.text), problem.residuals, job.stop);
  const calibrate::Residuals residuals = [&](const std::vector<std::vector<double>>& points) { return log(points); };
  const auto began = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(); };
  if (job.step) plan.settings.progress = [&](const calibrate::Step& step) { job.step(step, seconds()); };
  Calibration out;
  out.fit = calibrate::fit(plan.unknowns, residuals, plan.settings, job.stop);
  if (!std::isfinite(out.fit.cost) && !job.stop.stop_requested()) {
    throw core::Error(core::ErrorKind::Numerics,
                      {"calibration-011",
                       "no start can be simulated: " + (out.fit.start_outcomes.empty() ? "" : out.fit.start_outcomes.front()),
                       {plan.file, 0, 0},
                       ""});
  }
  plan.settings.progress = {};
  const bool profiled = !out.fit.jacobian.empty() && !plan.profiles.empty();
  const std::string profiles = profiled ? profiles_text(plan, residuals, out.fit, job.stop) : "";
  out.stopped = job.stop.stop_requested();
  if (out.stopped) return out;
  out.summary = {fmt::format("cost {:.4f}, {}", out.fit.cost, out.fit.converged ? "converged" : "not converged")};
  out.warnings = problem.warnings;
  for (const std::string& warning : fit_warnings(plan, out.fit)) out.warnings.push_back(warning);
  out.files = fit_files(plan, problem, out.fit);
  if (profiled) out.files.push_back({"profiles.csv", profiles});
  out.files.push_back({"record.json", record_text(plan, problem, out.fit, log.resumed(), seconds(), job.build)});
  return out;
}

}  // namespace osteosome::tasks
