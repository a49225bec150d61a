// SPDX-License-Identifier: Apache-2.0
// osteosome calibrate: fits parameters of a model to the calibration rows of the evidence (docs/reference/calibration.md).
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "calibration_config.hpp"
#include "common.hpp"
#include "evaluation_log.hpp"
#include "osteosome/calibrate/least_squares.hpp"
#include "osteosome/core/csv.hpp"
#include "osteosome/core/output_file.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/evidence/preclinical.hpp"
#include "osteosome/evidence/trials.hpp"

namespace osteosome::app {
namespace {

using calibrate::Unknown;

/// Standard deviation given to each row, so that residual / sd has size one.
std::vector<double> row_sds(const CalibrationConfig& config, const std::vector<evidence::TrialRow>& rows) {
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
};

/// Values of every parameter that has that of an unknown.
std::map<std::string, double> by_name(const CalibrationConfig& config, const std::vector<double>& point) {
  std::map<std::string, double> values;
  for (std::size_t k = 0; k < config.unknowns.size(); ++k) {
    values[config.unknowns[k].name] = point[k];
    for (const std::string& name : config.also[k]) values[name] = point[k];
  }
  return values;
}

/// The calibration arms of clinical trials on one model.
Problem clinical_problem(CalibrationConfig& config, const model::Library& library, const core::UnitSystem& units,
                         const simulate::SolverSettings& settings) {
  struct Trials {
    simulate::CompiledModel model;
    std::vector<evidence::Study> studies;
    std::optional<evidence::TrialSet> set;
    std::vector<double> sds;
  };
  const auto t = std::make_shared<Trials>(Trials{
      simulate::CompiledModel(model::load_model(library.find_model(config.model), library, units, config.overlays), settings),
      evidence::load_evidence(library.root),
      std::nullopt,
      {}});
  take_starts(config, t->model.model());
  check_evidence(config, t->studies, t->model.model());
  t->set.emplace(t->studies, evidence::TrialFilter{config.studies, "clinical", "calibration"}, t->model,
                 protocol::load_catalogue(library.root + "/therapies"), units);
  if (!t->set->rows().empty()) t->sds = row_sds(config, t->set->rows());
  Problem problem{t->model.model(), t->model.lane_hash(), t->model.engine_text(), t->set->rows().size(), t->set->simulations(), {}};
  for (const auto& x : t->set->left_out())
    problem.left_out.push_back({{"study", x.study}, {"arm", x.arm}, {"outcome", x.outcome}, {"reason", x.reason}});
  problem.residuals = [t, &config](const std::vector<std::vector<double>>& points) {
    std::vector<std::vector<double>> parameters;
    for (const auto& point : points) {
      parameters.push_back(t->model.program().parameter_values);
      for (const auto& [name, value] : by_name(config, point)) parameters.back()[*t->model.program().parameter_index(name)] = value;
    }
    auto rows = t->set->predict(parameters, interrupted());
    for (auto& row : rows) {
      for (std::size_t k = 0; k < row.size(); ++k) row[k] = t->set->rows()[k].residual(row[k]) / t->sds[k];
    }
    return rows;
  };
  return problem;
}

/// The calibration papers of animal studies, on every species and product they need.
Problem animal_problem(CalibrationConfig& config, const model::Library& library, const core::UnitSystem& units,
                       const simulate::SolverSettings& settings) {
  struct Trials {
    std::vector<evidence::AnimalRow> rows;
    std::optional<evidence::AnimalTrials> set;
  };
  const auto t = std::make_shared<Trials>();
  t->rows = evidence::load_animal_studies(library.root + "/evidence/preclinical");
  std::erase_if(t->rows, [](const evidence::AnimalRow& r) { return r.role != "calibration"; });
  t->set.emplace(t->rows, library.root, units, settings, config.overlays, &evidence::informs_fit);
  std::vector<std::string> drugs;
  for (const auto& d : protocol::load_catalogue(library.root + "/therapies")) drugs.push_back(d.name);
  Problem problem{model::load_model(library.find_model(config.model), library, units, model::LoadOptions{"", drugs, config.overlays}),
                  core::sha256(model::to_markdown(model::load_model(library.find_model(config.model), library, units))),
                  "lanes",
                  t->set->trials().size(),
                  2 * t->set->trials().size(),
                  {}};
  take_starts(config, problem.names);
  for (const auto& x : t->set->left_out())
    problem.left_out.push_back({{"study", x.row->study}, {"outcome", x.row->text("outcome")}, {"reason", x.reason}});
  problem.residuals = [t, &config](const std::vector<std::vector<double>>& points) {
    std::vector<std::map<std::string, double>> sets;
    for (const auto& point : points) sets.push_back(by_name(config, point));
    std::vector<std::vector<double>> rows;
    for (const auto& predictions : t->set->predict(sets, interrupted())) rows.push_back(evidence::fit_residuals(t->set->trials(), predictions));
    return rows;
  };
  return problem;
}

/// The parameters that have the value of unknown k.
std::vector<std::string> names_of(const CalibrationConfig& config, std::size_t k) {
  std::vector<std::string> names = {config.unknowns[k].name};
  names.insert(names.end(), config.also[k].begin(), config.also[k].end());
  return names;
}

/// Text that may stand between double quotes of TOML.
std::string quoted(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return out;
}

std::string overlay_text(const CalibrationConfig& config, const Problem& problem, const calibrate::Fit& fit,
                         const calibrate::Identifiability& known) {
  std::string out = fmt::format(
      "# Written by osteosome calibrate {}; do not edit.\n\n[overlay]\ntitle = \"{}\"\nof = \"{}\"\nensemble = \"ensemble.csv\"\nsource = "
      "\"osteosome calibrate {}: {} rows, "
      "cost {:.6g}\"\n\n[parameters]\n",
      quoted(config.file), quoted(config.title), config.domain == "preclinical" ? "shared" : problem.names.id, quoted(config.file), problem.rows,
      fit.cost);
  for (std::size_t k = 0; k < config.unknowns.size(); ++k) {
    if (config.domain == "preclinical" && known.informed[k] < kInformed) continue;  // stays what its document says
    for (const std::string& name : names_of(config, k)) {
      out += fmt::format("\"{}\" = {{ value = {}, unit = \"{}\", kind = \"fitted\", standard_error = {:.3g} }}\n", name,
                         core::format_double(fit.values[k]), problem.names.find_parameter(name)->unit.text, std::min(known.standard_errors[k], 1e9));
    }
  }
  return out;
}

std::string identifiability_text(const CalibrationConfig& config, const calibrate::Fit& fit, const calibrate::Identifiability& known) {
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

std::string eigen_text(const CalibrationConfig& config, const calibrate::Identifiability& known) {
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

std::string ensemble_text(const CalibrationConfig& config, const std::vector<std::vector<double>>& draws) {
  std::vector<std::string> header;
  std::vector<std::size_t> unknown;  // of each column
  for (std::size_t k = 0; k < config.unknowns.size(); ++k) {
    for (const std::string& name : names_of(config, k)) {
      header.push_back(name);
      unknown.push_back(k);
    }
  }
  std::string out = core::csv_line(header);
  for (const auto& draw : draws) {
    std::vector<std::string> cells;
    for (const std::size_t k : unknown) cells.push_back(core::format_double(draw[k]));
    out += core::csv_line(cells);
  }
  return out;
}

/// Profiles, one row a point: the least cost with one unknown held, and what the others then are.
std::string profiles_text(const CalibrationConfig& config, const calibrate::Residuals& objective, const calibrate::Fit& fit) {
  std::vector<std::string> header = {"parameter", "held_at", "cost"};
  for (const Unknown& u : config.unknowns) header.push_back(u.name);
  std::string out = core::csv_line(header);
  for (const std::string& name : config.profiles) {
    const auto at = std::find_if(config.unknowns.begin(), config.unknowns.end(), [&](const Unknown& u) { return u.name == name; });
    const auto index = static_cast<std::size_t>(at - config.unknowns.begin());
    for (const auto& point : calibrate::profile(config.unknowns, objective, fit, index, config.profile_points, config.settings, interrupted())) {
      std::vector<std::string> cells = {name, core::format_double(point.value), fmt::format("{:.6g}", point.cost)};
      for (const double x : point.values) cells.push_back(core::format_double(x));
      out += core::csv_line(cells);
    }
  }
  return out;
}

std::string record_text(const CalibrationConfig& config, const Problem& problem, const calibrate::Fit& fit, bool resumed, double seconds) {
  nlohmann::json record = {
      {"config", config.file},
      {"config_sha256", core::sha256(config.text)},
      {"model", config.model},
      {"model_hash", problem.model_hash},
      {"build", OSTEOSOME_VERSION},
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

void write_fit(const std::string& out, const CalibrationConfig& config, const Problem& problem, const calibrate::Fit& fit) {
  const auto known = calibrate::analyse(config.unknowns, fit);
  core::write_file(out + "/fitted.overlay.toml", overlay_text(config, problem, fit, known));
  core::write_file(out + "/identifiability.csv", identifiability_text(config, fit, known));
  core::write_file(out + "/eigenvalues.csv", eigen_text(config, known));
  core::write_file(out + "/ensemble.csv",
                   ensemble_text(config, calibrate::laplace_ensemble(config.unknowns, fit, config.ensemble, config.settings.seed)));
}

int calibrate_command(const std::string& file, const std::string& out, SolverFlags flags) {
  const core::UnitSystem units;
  const model::Library library = app::library();
  CalibrationConfig config = read_calibration(file);
  flags.rtol = config.rtol;
  const Problem problem = config.domain == "preclinical" ? animal_problem(config, library, units, flags.settings())
                                                         : clinical_problem(config, library, units, flags.settings());
  if (problem.rows == 0) {
    throw core::Error(core::ErrorKind::Input,
                      {"calibration-010", "no row to fit: no calibration arm of these studies has an outcome of the model", {file, 0, 0}, ""});
  }
  make_folder(out);
  EvaluationLog log(out + "/checkpoint.json", core::sha256(config.text), problem.residuals, interrupted());
  const calibrate::Residuals residuals = [&](const std::vector<std::vector<double>>& points) { return log(points); };
  const auto began = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(); };
  std::cerr << fmt::format("{} unknowns, {} calibration rows, {} simulations a set\n", config.unknowns.size(), problem.rows, problem.simulations);
  config.settings.progress = [&](const calibrate::Step& step) {
    std::cerr << fmt::format("start {} step {}: cost {:.4f} ({:.0f} s)\n", step.start_index + 1, step.iteration, step.cost, seconds());
  };
  const calibrate::Fit fit = calibrate::fit(config.unknowns, residuals, config.settings, interrupted());
  if (!std::isfinite(fit.cost) && !interrupted().stop_requested()) {
    throw core::Error(
        core::ErrorKind::Numerics,
        {"calibration-011", "no start can be simulated: " + (fit.start_outcomes.empty() ? "" : fit.start_outcomes.front()), {file, 0, 0}, ""});
  }
  config.settings.progress = {};
  const std::string profiles = fit.jacobian.empty() || config.profiles.empty() ? "" : profiles_text(config, residuals, fit);
  if (interrupted().stop_requested()) {
    std::cerr << "stopped; the same command goes on from " << out << "/checkpoint.json\n";
    return kCancelled;
  }
  write_fit(out, config, problem, fit);
  if (!profiles.empty()) core::write_file(out + "/profiles.csv", profiles);
  core::write_file(out + "/record.json", record_text(config, problem, fit, log.resumed(), seconds()));
  log.remove();
  std::cout << fmt::format("cost {:.4f}, {}; {}/fitted.overlay.toml\n", fit.cost, fit.converged ? "converged" : "not converged", out);
  return kOk;
}

}  // namespace

std::string check_calibration(const std::string& path) {
  const CalibrationConfig config = read_calibration(path);
  return fmt::format("calibration of {}, {} unknowns", config.model, config.unknowns.size());
}

void add_calibrate(CLI::App& app, Action& action) {
  struct Words {
    std::string file, out;
    SolverFlags flags;
  };
  auto words = std::make_shared<Words>();
  CLI::App* verb = app.add_subcommand("calibrate", "fit parameters of a model to the calibration rows of published trials");
  verb->add_option("CONFIG", words->file, "calibration file")->required();
  verb->add_option("-o,--output", words->out, "folder for the overlay, the record, identifiability and the ensemble")->required();
  verb->add_option("--threads", words->flags.threads, "threads (default: all processors)")->check(number_between(1, 256));
  verb->footer(
      "Examples:\n  osteosome calibrate calibrations/osteosome.toml -o runs/fit\n  osteosome validate --overlay runs/fit/fitted.overlay.toml");
  verb->callback([words, &action] { action = [words] { return calibrate_command(words->file, words->out, words->flags); }; });
}

}  // namespace osteosome::app
