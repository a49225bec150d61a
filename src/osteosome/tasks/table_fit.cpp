// SPDX-License-Identifier: Apache-2.0
// Fits parameters of any model to a table of observations (docs/reference/calibration.md#observations-of-your-own).
#include "table_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "calibration_texts.hpp"
#include "dosable_drugs.hpp"
#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/evidence/dunnett.hpp"
#include "osteosome/model/value_check.hpp"
#include "osteosome/report/fit.hpp"
#include "osteosome/report/report.hpp"
#include "osteosome/simulate/drug_rows.hpp"
#include "osteosome/simulate/patient.hpp"

namespace osteosome::tasks {
namespace {

using calibrate::LikelihoodFit;
using calibrate::Unknown;
using evidence::CalibrationPlan;
using Matrix = std::vector<std::vector<double>>;

/// Observations of some subjects, fitted together.
struct Group {
  struct Place {
    std::size_t subject, row;  ///< of the table
  };
  std::string id;  ///< of the subject, or "" for all
  protocol::EventTable table;
  std::vector<calibrate::Observation> observations;
  std::vector<Place> places;  ///< by observation
};

/// Finds the observations of a table, whatever is wrong with them in one go.
class ObservationReader {
 public:
  ObservationReader(const CalibrationPlan& plan, const protocol::EventTable& table) : plan_(plan), table_(table) {
    value_ = column("DV");
    kind_ = column("DVID");
    for (const char* name : {"CENS", "BLQ"}) {
      if (const auto c = column(name)) censored_.emplace_back(name, *c);
    }
  }

  std::vector<Group> read() {
    if (!value_) problem(1, "the column DV is missing", "It holds what was observed.");
    for (const evidence::Observed& o : plan_.data->observed) {
      if (!o.dvid.empty() && !kind_) problem(1, "the column DVID is missing, but '" + o.quantity + "' has a dvid", "");
    }
    problems_.throw_if_any(core::ErrorKind::Input);
    std::vector<Group> groups;
    if (!plan_.data->by_subject) groups.push_back({"", table_, {}, {}});
    for (std::size_t s = 0; s < table_.subjects.size(); ++s) {
      if (plan_.data->by_subject) {
        groups.push_back({table_.subjects[s].id, table_, {}, {}});
        groups.back().table.subjects = {table_.subjects[s]};
      }
      subject(s, plan_.data->by_subject ? 0 : s, groups.back());
    }
    check_used();
    if (plan_.data->observed.front().dvid.empty() && kinds_.size() > 1)
      problem(0, "DVID says that DV holds several quantities, and [observed] does not say which '" + plan_.data->observed.front().quantity + "' is",
              "Give it dvid = " + *kinds_.begin() + ", say.");
    problems_.throw_if_any(core::ErrorKind::Input);
    return groups;
  }
  /// What is left out, in words.
  [[nodiscard]] std::vector<std::string> remarks() const {
    std::vector<std::string> all;
    if (without_ > 0) all.push_back(fmt::format("{} rows without a DV, or with MDV 1 or EVID 2, are not fitted", without_));
    if (other_kind_ > 0) all.push_back(fmt::format("{} rows have a DVID that is not [observed] and are not fitted", other_kind_));
    return all;
  }

 private:
  void problem(int line, const std::string& message, const std::string& hint) {
    if (problems_.all().size() < 20) problems_.add({"calibration-020", message, {table_.file, line, 0}, hint});
  }
  [[nodiscard]] std::optional<std::size_t> column(const std::string& name) const {
    for (std::size_t c = 0; c < table_.carried_columns.size(); ++c) {
      if (core::to_lower(table_.carried_columns[c]) == core::to_lower(name)) return c;
    }
    return std::nullopt;
  }

  void subject(std::size_t s, std::size_t in_group, Group& group) {
    const auto& rows = table_.subjects[s].rows;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const std::string& cell = rows[r].carried[*value_];
      if (rows[r].evid == 2 && (rows[r].missing || !core::csv_missing(cell))) ++without_;
      if (rows[r].evid != 0) continue;
      if (rows[r].missing || core::csv_missing(cell)) {
        ++without_;
        continue;
      }
      const auto kind = kind_of(rows[r]);
      const auto value = core::parse_double(core::trim(cell));
      if (!value || !std::isfinite(*value)) problem(rows[r].line, "DV is '" + cell + "', not a number", core::csv_number_hint(cell));
      for (const auto& [name, c] : censored_) {
        if (kind && !core::csv_missing(rows[r].carried[c]) && core::parse_double(core::trim(rows[r].carried[c])) != 0.0)
          problem(rows[r].line, name + " is '" + rows[r].carried[c] + "': values below a limit cannot be fitted as such",
                  "Leave the row out with MDV = 1, which is method M1 of Beal (2001, J Pharmacokinet Pharmacodyn 28:481).");
      }
      if (kind_) kinds_.insert(std::string(core::trim(rows[r].carried[*kind_])));
      if (!kind || !value) continue;
      group.observations.push_back({*value, *kind});
      group.places.push_back({in_group, r});
      used_.insert(*kind);
    }
  }

  [[nodiscard]] std::optional<std::size_t> kind_of(const protocol::EventRow& row) {
    const auto& observed = plan_.data->observed;
    for (std::size_t k = 0; k < observed.size(); ++k) {
      if (observed[k].dvid.empty() || same(observed[k].dvid, row.carried[*kind_])) return k;
    }
    ++other_kind_;
    return std::nullopt;
  }
  static bool same(const std::string& a, const std::string& b) {
    const auto x = core::parse_double(core::trim(a)), y = core::parse_double(core::trim(b));
    return x && y ? *x == *y : core::trim(a) == core::trim(b);
  }

  void check_used() {
    const auto& observed = plan_.data->observed;
    for (std::size_t k = 0; k < observed.size(); ++k) {
      if (!used_.contains(k)) problem(0, "no row has an observation of '" + observed[k].quantity + "'", "");
    }
  }

  const CalibrationPlan& plan_;
  const protocol::EventTable& table_;
  std::optional<std::size_t> value_, kind_;
  std::vector<std::pair<std::string, std::size_t>> censored_;  ///< columns that mark values below a limit
  std::set<std::string> kinds_;                                ///< what DVID says in fitted rows
  std::set<std::size_t> used_;
  std::size_t without_ = 0, other_kind_ = 0;
  core::Diagnostics problems_;
};

/// A model that predicts the observations of a table.
class TableModel {
 public:
  TableModel(CalibrationPlan& plan, const cohort::Workspace& workspace, const CalibrationJob& job)
      : plan_(plan), units_(workspace.units()), catalogue_(dosable_drugs(workspace, {plan.model, plan.data->species}, {}, plan.data->path)),
        model_(workspace.load({plan.model, plan.data->species, protocol::drugs_in_table(plan.data->path), plan.overlays}), settings(plan, job)),
        table_(protocol::read_event_table(plan.data->path, plan.data->time_unit, model_.program().parameters, model_.program().states, units_,
                                          {"DV", "DVID", "CENS", "BLQ"})) {
    evidence::take_starts(plan, model_.model());
    for (std::string& remark : simulate::check_covariates(table_, model_.model())) table_.remarks.push_back(std::move(remark));
    check_columns();
    for (const evidence::Observed& o : plan.data->observed) names_.push_back(o.quantity);
    remarks_ = table_.remarks;
    protocol::EventTable once = table_;
    (void)episodes(once, model_.program().parameter_values, remarks_);
  }

  [[nodiscard]] const simulate::CompiledModel& compiled() const& { return model_; }
  [[nodiscard]] const protocol::EventTable& table() const& { return table_; }
  /// Of equations and values.
  [[nodiscard]] std::string hash() const { return core::sha256(model::to_markdown(model_.model())); }
  [[nodiscard]] const std::vector<std::string>& remarks() const& { return remarks_; }
  /// Of each observed quantity.
  [[nodiscard]] std::vector<const compile::Observable*> quantities() const {
    const simulate::ObservableReader reader(model_.program(), names_);
    return reader.observables();
  }

  /// Predictions for the observations of `group` at several points; empty where a subject fails.
  [[nodiscard]] Matrix predict(const Group& group, const Matrix& points, const std::stop_token& stop) const {
    struct Task {
      std::size_t point;
      simulate::EventEpisode episode;
    };
    std::vector<Task> all;
    Matrix out(points.size(), std::vector<double>(group.observations.size(), std::nan("")));
    for (std::size_t p = 0; p < points.size(); ++p) {
      std::vector<double> parameters = model_.program().parameter_values;
      for (const auto& [name, value] : by_name(plan_, points[p])) parameters[*model_.program().parameter_index(name)] = value;
      std::vector<std::string> said;
      protocol::EventTable table = group.table;
      try {
        for (auto& e : episodes(table, std::move(parameters), said)) all.push_back({p, std::move(e)});
      } catch (const core::Error& error) {
        if (error.kind() != core::ErrorKind::Numerics && error.kind() != core::ErrorKind::Dosing) throw;  // a steady state that these values lack
      }
    }
    std::vector<std::vector<std::size_t>> place(group.table.subjects.size());  // observation of each row
    for (std::size_t s = 0; s < place.size(); ++s) place[s].assign(group.table.subjects[s].rows.size(), SIZE_MAX);
    for (std::size_t i = 0; i < group.places.size(); ++i) place[group.places[i].subject][group.places[i].row] = i;
    simulate::ObservableReader reader(model_.program(), names_);
    model_.run(
        all.size(), [&](std::size_t i) { return all[i].episode.plan; },
        [&](std::size_t i, const solve::SubjectPlan& plan, solve::SubjectResult&& result) {
          if (result.status != solve::Status::Completed) return;  // stays NaN
          const auto& e = all[i].episode;
          const auto read = reader.read(plan, result);
          for (std::size_t k = 0; k < e.rows.size(); ++k) {
            const std::size_t at = place[e.subject][e.rows[k]];
            if (at != SIZE_MAX) out[all[i].point][at] = read[k * names_.size() + group.observations[at].model];
          }
        },
        stop, {}, reader.states());
    return out;
  }

 private:
  static simulate::SolverSettings settings(const CalibrationPlan& plan, const CalibrationJob& job) {
    simulate::SolverSettings s;
    s.relative_tolerance = plan.rtol;
    s.threads = job.threads;
    s.lanes.cache_dir = job.cache_dir;
    return s;
  }

  /// An unknown that a column sets would have no effect.
  void check_columns() const {
    core::Diagnostics problems;
    for (const std::string& column : table_.parameter_columns) {
      for (std::size_t k = 0; k < plan_.unknowns.size(); ++k) {
        if (plan_.unknowns[k].name == column || std::find(plan_.also[k].begin(), plan_.also[k].end(), column) != plan_.also[k].end())
          problems.add({"calibration-021",
                        "'" + column + "' is an unknown, and a column of the table gives its value",
                        {table_.file, 1, 0},
                        "Rename the column, or leave the unknown out."});
      }
    }
    problems.throw_if_any(core::ErrorKind::Input);
  }

  [[nodiscard]] std::vector<simulate::EventEpisode> episodes(protocol::EventTable& table, std::vector<double> parameters,
                                                             std::vector<std::string>& remarks) const {
    const simulate::Patient nobody;
    parameters = simulate::begin_patient(model_, nobody, std::move(parameters)).parameters;
    simulate::translate_drugs(table, model_, units_, catalogue_, simulate::body_mass_kg(model_, nobody), parameters, remarks);
    std::vector<std::string> said;
    auto planned = simulate::plan_event_table(table, model_, units_, parameters, {}, said);
    remarks.insert(remarks.end(), said.begin(), said.end());
    return planned;
  }

  const CalibrationPlan& plan_;
  const core::UnitSystem& units_;
  protocol::DrugCatalogue catalogue_;
  simulate::CompiledModel model_;
  protocol::EventTable table_;
  std::vector<std::string> names_;
  std::vector<std::string> remarks_;
};

/// How one group came out.
struct Fitted {
  const Group* group;
  LikelihoodFit fit;
  std::string status;  ///< "converged", or why not
};

std::string digits(double x) { return std::isfinite(x) ? fmt::format("{:.6g}", x) : ""; }

/// Estimates with standard errors and intervals, one row a parameter and group.
core::Table parameters_table(const CalibrationPlan& plan, const TableModel& model, const std::vector<Fitted>& all) {
  core::Table table{
      "parameters", {"ID", "parameter", "estimate", "unit", "standard_error", "rse_percent", "low_95", "high_95", "at_bound", "status"}, {}};
  const auto quantities = model.quantities();
  std::map<std::string, std::string> error_units;
  for (std::size_t m = 0; m < quantities.size(); ++m) {
    const auto& error = plan.data->observed[m].error;
    error_units[error.name + " additive"] = error.logarithmic ? "1" : quantities[m]->unit;
    error_units[error.name + " proportional"] = "1";
  }
  for (const Fitted& f : all) {
    if (f.fit.information.jacobian.empty()) {
      for (const Unknown& u : plan.unknowns) table.rows.push_back({f.group->id, u.name, "", "", "", "", "", "", "", f.status});
      continue;
    }
    const auto known = calibrate::analyse(f.fit.estimated, f.fit.information);
    const double t = f.fit.freedom >= 4 ? evidence::dunnett_critical(0.95, 1, f.fit.freedom) : std::nan("");
    for (std::size_t k = 0; k < f.fit.estimated.size(); ++k) {
      const Unknown& u = f.fit.estimated[k];
      const double value = f.fit.information.values[k], se = known.standard_errors[k];
      const bool is_error = k >= plan.unknowns.size();
      const double own = u.logarithmic ? se * value : se;
      const double low = u.logarithmic ? value * std::exp(-t * se) : value - t * se, high = u.logarithmic ? value * std::exp(t * se) : value + t * se;
      table.rows.push_back({f.group->id, u.name, core::format_double(value),
                            is_error ? error_units.at(u.name) : model.compiled().model().find_parameter(u.name)->unit.text, digits(own),
                            digits(100 * own / std::abs(value)), digits(low), digits(high), is_error ? "" : bound_of(u, value), f.status});
    }
  }
  return table;
}

core::Table predictions_table(const CalibrationPlan& plan, const std::vector<Fitted>& all) {
  core::Table table{"predictions", {"ID", "TIME", "quantity", "DV", "PRED", "RES", "WRES"}, {}};
  for (const Fitted& f : all) {
    for (std::size_t i = 0; i < f.group->observations.size(); ++i) {
      const auto& [subject, row] = f.group->places[i];
      const auto& o = f.group->observations[i];
      const auto& s = f.group->table.subjects[subject];
      const bool known = !f.fit.predictions.empty();
      table.rows.push_back({s.id, core::format_double(s.rows[row].time), plan.data->observed[o.model].quantity, core::format_double(o.value),
                            known ? core::format_double(f.fit.predictions[i]) : "", known ? digits(o.value - f.fit.predictions[i]) : "",
                            known ? digits(f.fit.weighted[i]) : ""});
    }
  }
  return table;
}

/// Estimates that the data say nothing of: a standard error as large as the range, or none.
std::vector<std::string> untold(const CalibrationPlan& plan, const LikelihoodFit& fit) {
  std::vector<std::string> names;
  const auto known = calibrate::analyse(fit.estimated, fit.information);
  for (std::size_t k = 0; k < plan.unknowns.size(); ++k) {
    const Unknown& u = plan.unknowns[k];
    const double range = u.logarithmic ? std::log(u.high / u.low) : u.high - u.low;
    if (!(known.standard_errors[k] < range)) names.push_back("the data do not tell " + u.name + ": any value between its bounds fits about as well");
  }
  return names;
}

/// One row a subject and one column an unknown: a table for [population].
core::Table subjects_table(const CalibrationPlan& plan, const std::vector<Fitted>& all) {
  core::Table table{"subjects", {"ID"}, {}};
  for (const Unknown& u : plan.unknowns) table.columns.push_back(u.name);
  for (const Fitted& f : all) {
    if (f.fit.predictions.empty()) continue;
    table.rows.push_back({f.group->id});
    for (const double value : f.fit.fit.values) table.rows.back().push_back(core::format_double(value));
  }
  return table;
}

/// Profiles of one group after those of others; of subjects with their ID before each row.
void append_profiles(const std::string& text, const std::string& id, std::string& all) {
  if (id.empty()) {
    all = text;
    return;
  }
  const auto lines = core::split(text, '\n');
  for (std::size_t k = all.empty() ? 0 : 1; k < lines.size(); ++k) {
    if (!lines[k].empty()) all += (k == 0 ? "ID" : core::csv_cell(id)) + "," + std::string(lines[k]) + "\n";
  }
}

std::string record_text(const CalibrationPlan& plan, const TableModel& model, const std::vector<Fitted>& all, bool resumed, double seconds,
                        const std::string& build) {
  nlohmann::ordered_json record = {
      {"config", plan.file},
      {"config_sha256", core::sha256(plan.text)},
      {"table", plan.data->path},
      {"table_sha256", core::sha256(core::read_file(plan.data->path))},
      {"model", plan.model},
      {"model_hash", model.compiled().lane_hash()},
      {"build", build},
      {"engine", model.compiled().engine_text()},
      {"seconds", seconds},
      {"resumed", resumed},
      {"fits", nlohmann::ordered_json::array()}};
  for (const Fitted& f : all) {
    const auto k = static_cast<double>(f.fit.estimated.size()), n = static_cast<double>(f.group->observations.size());
    nlohmann::ordered_json one = {{"ID", f.group->id}, {"observations", n}, {"status", f.status}};
    if (!f.fit.estimated.empty()) {
      one["minus_two_log_likelihood"] = f.fit.minus_two_log_likelihood;
      one["AIC"] = f.fit.minus_two_log_likelihood + 2 * k;
      one["BIC"] = f.fit.minus_two_log_likelihood + std::log(n) * k;
      one["degrees_of_freedom"] = f.fit.freedom;
      one["start_costs"] = f.fit.fit.start_costs;
      one["start_outcomes"] = f.fit.fit.start_outcomes;
    }
    record["fits"].push_back(one);
  }
  return record.dump(1) + "\n";
}

std::string status_of(const LikelihoodFit& fit) {
  if (!fit.predictions.empty()) return fit.fit.converged ? "converged" : "not converged";
  return fit.fit.start_outcomes.empty() ? "failed" : fit.fit.start_outcomes.front();
}

const char* words_of(const calibrate::ErrorModel& error) {
  if (error.logarithmic) return "additive on the logarithms";
  if (error.proportional) return error.additive ? "additive and proportional" : "proportional";
  return "additive";
}

std::string page_of(const CalibrationPlan& plan, const TableModel& model, const std::vector<Fitted>& all, const core::Table& parameters,
                    const std::vector<std::string>& summary, const std::vector<std::string>& notes, const std::string& chart_library) {
  report::FitInput input{plan.title, plan.file, model.table().time_unit_text, {}, {}, parameters, summary, notes, chart_library};
  const auto quantities = model.quantities();
  for (std::size_t m = 0; m < quantities.size(); ++m)
    input.quantities.push_back({quantities[m]->name, quantities[m]->unit, plan.data->observed[m].error.logarithmic,
                                words_of(plan.data->observed[m].error)});
  for (const Fitted& f : all) {
    for (std::size_t i = 0; i < f.fit.predictions.size(); ++i) {
      const auto& [subject, row] = f.group->places[i];
      const auto& s = f.group->table.subjects[subject];
      input.points.push_back({s.id, s.rows[row].time, f.group->observations[i].value, f.fit.predictions[i], f.fit.weighted[i],
                              f.group->observations[i].model});
    }
  }
  return report::make_fit_report(input);
}

/// Lines for the console: one a parameter of a pooled fit, one for all subjects else.
std::vector<std::string> summary_of(const CalibrationPlan& plan, const std::vector<Fitted>& all, const core::Table& parameters) {
  if (plan.data->by_subject) {
    const auto fitted = std::count_if(all.begin(), all.end(), [](const Fitted& f) { return f.status == "converged"; });
    return {fmt::format("{} of {} subjects converged", fitted, all.size())};
  }
  const Fitted& f = all.front();
  std::vector<std::string> lines = {
      fmt::format("{} observations, -2 log likelihood {:.4f}, {}", f.group->observations.size(), f.fit.minus_two_log_likelihood, f.status)};
  for (const auto& row : parameters.rows) {
    const std::string interval = row[6].empty() || row[7].empty() ? "" : fmt::format(", 95 % from {} to {}", row[6], row[7]);
    const std::string sure = row[5].empty() ? "the data do not tell it" : fmt::format("RSE {} %{}", row[5], interval);
    lines.push_back(fmt::format("{} {} {} ({})", row[1], digits(*core::parse_double(row[2])), row[3], sure));
  }
  return lines;
}

std::vector<std::string> warnings_of(const CalibrationPlan& plan, const std::vector<Fitted>& all) {
  std::vector<std::string> out;
  for (const Fitted& f : all) {
    const std::string who = f.group->id.empty() ? "" : "ID " + f.group->id + ": ";
    if (f.fit.predictions.empty()) {
      out.push_back(who + f.status);
      continue;
    }
    for (const std::string& warning : fit_warnings(plan, f.fit.fit)) out.push_back(who + warning);
    for (const std::string& warning : untold(plan, f.fit)) out.push_back(who + warning);
  }
  return out;
}

/// Fits group after group, until a stop is requested. @throws Error(Numerics) if none can be simulated; of a pooled fit whatever is wrong with it.
std::vector<Fitted> fit_groups(const CalibrationPlan& plan, const std::vector<Group>& groups, const Group*& current,
                               const calibrate::Residuals& predictions, const std::vector<calibrate::ErrorModel>& errors, const std::stop_token& stop,
                               std::string& profiles) {
  CalibrationPlan quiet = plan;
  quiet.settings.progress = {};  // of profiles
  std::vector<Fitted> all;
  for (const Group& g : groups) {
    current = &g;
    Fitted& f = all.emplace_back(Fitted{&g, {}, ""});
    try {
      f.fit = calibrate::fit_likelihood(plan.unknowns, predictions, g.observations, errors, plan.settings, stop);
      f.status = status_of(f.fit);
    } catch (const core::Error& error) {
      if (!plan.data->by_subject) throw;
      f.status = "failed: " + core::messages(error);
    }
    if (!f.fit.fit.jacobian.empty() && !plan.profiles.empty())
      append_profiles(profiles_text(quiet, f.fit.residuals, f.fit.fit, stop), g.id, profiles);
    if (stop.stop_requested()) return all;
  }
  if (std::all_of(all.begin(), all.end(), [](const Fitted& f) { return f.fit.predictions.empty(); }))
    throw core::Error(core::ErrorKind::Numerics, {"calibration-011", "no start can be simulated: " + all.front().status, {plan.file, 0, 0}, ""});
  return all;
}

/// Overlay and draws of a pooled fit.
std::vector<NamedText> pooled_files(const CalibrationPlan& plan, const model::Model& model, const Fitted& f) {
  const LikelihoodFit& fit = f.fit;
  const auto known = calibrate::analyse(fit.estimated, fit.information);
  const std::string from = fmt::format("{} observations, -2 log likelihood {:.6g}", f.group->observations.size(), fit.minus_two_log_likelihood);
  return {{"fitted.overlay.toml", overlay_text(plan, model, model.id, from, fit.fit.values, known.standard_errors, [](std::size_t) { return true; })},
          {"ensemble.csv", ensemble_text(plan, calibrate::laplace_ensemble(fit.estimated, fit.information, plan.ensemble, plan.settings.seed))}};
}

}  // namespace

Calibration fit_table(const cohort::Workspace& workspace, CalibrationPlan plan, const std::string& checkpoint, const CalibrationJob& job) {
  if (plan.data->path.empty())
    throw core::Error(core::ErrorKind::Input,
                      {"calibration-020", "no table to fit to", {plan.file, 0, 0}, "Give --data TABLE.csv, or 'table' in [data]."});
  const TableModel model(plan, workspace, job);
  ObservationReader reader(plan, model.table());
  const std::vector<Group> groups = reader.read();
  Calibration out;
  out.warnings = model.remarks();
  for (const std::string& remark : reader.remarks()) out.warnings.push_back(remark);
  std::size_t rows = 0;
  for (const Group& g : groups) rows += g.observations.size();
  if (job.begins) job.begins(plan.unknowns.size(), rows, model.table().subjects.size());

  const Group* group = nullptr;
  calibrate::EvaluationLog log(
      checkpoint, core::sha256(plan.text + core::read_file(plan.data->path) + model.hash()),
      [&](const Matrix& points) { return model.predict(*group, points, job.stop); }, job.stop);
  std::vector<calibrate::ErrorModel> errors;
  for (const evidence::Observed& o : plan.data->observed) errors.push_back(o.error);
  const auto began = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(); };
  if (job.step && !plan.data->by_subject) plan.settings.progress = [&](const calibrate::Step& step) { job.step(step, seconds()); };
  std::string profiles;
  const std::vector<Fitted> all = fit_groups(plan, groups, group, [&](const Matrix& points) { return log(points); }, errors, job.stop, profiles);
  out.fit = all.back().fit.fit;
  out.stopped = job.stop.stop_requested();
  if (out.stopped) return out;
  const core::Table parameters = parameters_table(plan, model, all);
  out.summary = summary_of(plan, all, parameters);
  for (const std::string& warning : warnings_of(plan, all)) out.warnings.push_back(warning);
  out.files = {
      {"parameters.csv", core::to_csv(parameters)},
      {"predictions.csv", core::to_csv(predictions_table(plan, all))},
      {"record.json", record_text(plan, model, all, log.resumed(), seconds(), job.build)},
      {"calibration.html", page_of(plan, model, all, parameters, {out.summary.front()}, out.warnings, report::chart_library(workspace.root()))}};
  if (!profiles.empty()) out.files.push_back({"profiles.csv", profiles});
  if (plan.data->by_subject) {
    out.files.push_back({"subjects.csv", core::to_csv(subjects_table(plan, all))});
  } else {
    for (NamedText& text : pooled_files(plan, model.compiled().model(), all.front())) out.files.push_back(std::move(text));
  }
  return out;
}

}  // namespace osteosome::tasks
