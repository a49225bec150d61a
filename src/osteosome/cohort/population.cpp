// SPDX-License-Identifier: Apache-2.0
// What varies between the subjects of a scenario: distributions and their correlations, a table, and the uncertain constants.
#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "osteosome/cohort/scenario.hpp"
#include "osteosome/core/csv.hpp"
#include "osteosome/core/lane_math.hpp"
#include "osteosome/core/random.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::cohort {
namespace {

using Matrix = std::vector<std::vector<double>>;

constexpr double kRounding = 1e-12;  ///< of a pivot of a correlation matrix: some hundred times that of double, far below any r that matters

double exp1(double x) { return lane::exp<1>(lane::Real<1>{x})[0]; }

double value_of(const model::Distribution& d, double z, double typical) {
  const double center = std::isnan(d.mean) ? typical : d.mean;
  if (d.kind == "uniform") return *d.low + (*d.high - *d.low) * core::normal_probability(z);
  const double sd = d.sd < 0 ? -d.sd * std::abs(center) : d.sd;
  if (d.low || d.high) {  // truncated: the same quantile within the allowed range
    const auto score = [&](double x) { return d.kind == "lognormal" ? std::log(x / center) / sd : (x - center) / sd; };
    const bool bounded_below = d.low && !(d.kind == "lognormal" && *d.low <= 0);
    double low = bounded_below ? score(*d.low) : -HUGE_VAL, high = d.high ? score(*d.high) : HUGE_VAL;
    const bool mirrored = low > 0;  // work in the lower tail, where probabilities keep their digits
    if (mirrored) {
      z = -z;
      low = std::exchange(high, -low) * -1;
    }
    const double from = core::normal_probability(low), to = core::normal_probability(high);
    z = std::clamp(core::normal_quantile(std::clamp(from + (to - from) * core::normal_probability(z), 1e-300, 1 - 1e-16)), low, high);
    if (mirrored) z = -z;
  }
  return d.kind == "lognormal" ? center * exp1(sd * z) : center + sd * z;
}

struct Factor {
  Matrix lower;
  std::size_t failed = 0;  ///< row that makes the matrix indefinite, or the size
};

/// Lower factor of a positive semidefinite matrix: a pivot of 0, as of correlations of 1, has a column of zeros.
Factor factor_of(const Matrix& a) {
  const std::size_t n = a.size();
  Factor f{Matrix(n, std::vector<double>(n, 0)), n};
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = a[i][j];
      for (std::size_t k = 0; k < j; ++k) sum -= f.lower[i][k] * f.lower[j][k];
      const bool flat = i != j && f.lower[j][j] == 0;
      if ((i == j && sum < -kRounding) || (flat && std::abs(sum) > std::sqrt(kRounding))) {
        f.failed = i;
        return f;
      }
      if (i == j) f.lower[i][i] = sum > kRounding ? std::sqrt(sum) : 0;
      if (i != j && !flat) f.lower[i][j] = sum / f.lower[j][j];
    }
  }
  return f;
}

/// Quantities up to `row` that correlations tie to it, itself among them.
std::set<std::size_t> tied_to(std::size_t row, const Matrix& a) {
  std::set<std::size_t> found = {row};
  for (bool grown = true; grown;) {
    grown = false;
    for (const std::size_t i : std::set(found)) {
      for (std::size_t j = 0; j <= row; ++j) grown = (a[i][j] != 0 && found.insert(j).second) || grown;
    }
  }
  return found;
}

/// Correlations as written -> pairs of quantities, every problem reported.
class Correlations {
 public:
  Correlations(const Population& population, core::Diagnostics& problems) : population_(population), problems_(problems) {
    const std::size_t k = population.quantities.size();
    matrix_.assign(k, std::vector<double>(k, 0));
    for (std::size_t i = 0; i < k; ++i) matrix_[i][i] = 1;
    for (const Correlation& c : population.correlations) enter(c);
  }

  /// The factor; empty if something is wrong.
  Matrix factor() {
    if (wrong_) return {};
    Factor f = factor_of(matrix_);
    if (f.failed == matrix_.size()) return std::move(f.lower);
    const auto tied = tied_to(f.failed, matrix_);
    std::string entries;
    core::Location where;
    for (const auto& [pair, c] : entered_) {
      if (!tied.contains(pair.first) || !tied.contains(pair.second)) continue;
      entries += (entries.empty() ? "" : ", ") + c->first + " - " + c->second + ": " + core::format_double(c->r);
      if (c->where.line >= where.line) where = c->where;
    }
    problems_.add({"scenario-011", "these correlations contradict each other (no such matrix exists): " + entries, where,
                   "Two quantities that go with a third go with each other; bring one of them nearer to 0."});
    return {};
  }

 private:
  void enter(const Correlation& c) {
    const auto a = index(c.first, c.where), b = index(c.second, c.where);
    if (!a || !b) return;
    if (*a == *b) return refuse("scenario-010", "'" + c.first + "' cannot have a correlation with itself", c.where, "");
    const auto pair = std::minmax(*a, *b);
    const auto [known, added] = entered_.emplace(std::pair<std::size_t, std::size_t>(pair), &c);
    if (!added) {
      return refuse("scenario-010", "the correlation of '" + c.first + "' and '" + c.second + "' is given twice", c.where,
                    "It was " + core::format_double(known->second->r) + " in line " + std::to_string(known->second->where.line) + ".");
    }
    matrix_[*a][*b] = matrix_[*b][*a] = c.r;
  }

  std::optional<std::size_t> index(const std::string& name, const core::Location& where) {
    std::vector<std::size_t> found;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < population_.quantities.size(); ++i) {
      const RandomQuantity& q = population_.quantities[i];
      const std::string whole = q.model + "." + q.name;
      names.insert(names.end(), {q.name, whole});
      if (whole == name) return i;
      if (q.name == name) found.push_back(i);
    }
    if (found.empty()) {
      refuse("scenario-010", "'" + name + "' of a correlation is no random quantity of this population", where, core::did_you_mean(name, names));
    } else if (found.size() > 1) {
      refuse("scenario-010", "'" + name + "' of a correlation is random in several models", where, "Name it MODEL." + name + ".");
    }
    return found.size() == 1 ? std::optional(found.front()) : std::nullopt;
  }

  void refuse(const char* code, const std::string& message, const core::Location& where, const std::string& hint) {
    wrong_ = true;
    problems_.add({code, message, where, hint});
  }

  const Population& population_;
  core::Diagnostics& problems_;
  Matrix matrix_;
  std::map<std::pair<std::size_t, std::size_t>, const Correlation*> entered_;
  bool wrong_ = false;
};

bool in(const std::vector<std::string>& names, const std::string& name) { return std::find(names.begin(), names.end(), name) != names.end(); }

/// Whether `set` or a distribution of the scenario says what a constant of its model m is.
bool is_named(const Scenario& scenario, std::size_t m, const std::string& id) {
  const ScenarioModel& model = scenario.models[m];
  const auto& quantities = scenario.population.quantities;
  return std::any_of(model.set.begin(), model.set.end(), [&](const auto& entry) { return entry.first == id; }) ||
         std::any_of(quantities.begin(), quantities.end(), [&](const RandomQuantity& q) { return q.model == model.name && q.name == id; });
}

/// The same, or a column of the table.
bool is_given(const Scenario& scenario, std::size_t m, const std::string& id) {
  return in(scenario.population.table_columns, id) || is_named(scenario, m, id);
}

bool has(const CompiledModel& model, const std::string& name) { return model.program().parameter_index(name) || model.program().state_index(name); }

/// Parameters and species of the models with every product: an ensemble may have the constants of them all.
std::vector<std::string> names_with_products(const Scenario& scenario, const model::Library& library, const core::UnitSystem& units) {
  std::vector<std::string> drugs, names;
  for (const auto& d : protocol::load_catalogue(library.root).drugs) drugs.push_back(d.name);
  for (const ScenarioModel& m : scenario.models) {
    const model::Model whole = model::load_model(m.path, library, units, {m.species, drugs, m.overlays});
    for (const auto& p : whole.parameters) names.push_back(p.id);
    for (const auto& s : whole.species) names.push_back(s.id);
  }
  return names;
}

/// Constants of a calibration that nothing of the scenario gives.
std::vector<std::string> open_constants(const Scenario& scenario, std::size_t m, const model::Calibration& calibration) {
  std::vector<std::string> open;
  for (const std::string& id : calibration.constants) {
    if (!is_given(scenario, m, id)) open.push_back(id);
  }
  return open;
}

std::vector<std::string> open_priors(const Scenario& scenario, std::size_t m, const model::Model& model) {
  std::vector<std::string> open;
  for (const model::Parameter& p : model.parameters) {
    const bool calibrated = std::any_of(model.calibrations.begin(), model.calibrations.end(), [&](const auto& c) { return in(c.constants, p.id); });
    if (p.prior && !calibrated && !is_given(scenario, m, p.id)) open.push_back(p.id);
  }
  return open;
}

std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kNamed = 3;
  std::string text;
  for (std::size_t k = 0; k < std::min(kNamed, names.size()); ++k) text += (k > 0 ? ", " : "") + names[k];
  return names.size() > kNamed ? text + " and " + std::to_string(names.size() - kNamed) + " more" : text;
}

/// The draws of `names` from the ensemble of a calibration, checked against the bounds of the model.
CalibrationDraws read_draws(std::size_t m, const model::Model& model, const model::Calibration& calibration, const std::vector<std::string>& names,
                            const core::Location& where, core::Diagnostics& problems) {
  CalibrationDraws draws{m, calibration.title, calibration.ensemble, names, {}};
  if (calibration.ensemble.empty()) {
    problems.add({"scenario-027", "the calibration '" + calibration.title + "' of " + some_of(names) + " names no draws", where,
                  "Give 'ensemble' in [overlay] of " + calibration.overlay + ", as osteosome calibrate writes it."});
    return draws;
  }
  const auto csv = core::parse_csv(core::read_file(calibration.ensemble), calibration.ensemble);
  std::vector<std::size_t> at;
  for (const std::string& name : names) {
    at.push_back(static_cast<std::size_t>(std::find(csv.header.begin(), csv.header.end(), name) - csv.header.begin()));
    if (at.back() < csv.header.size()) continue;
    problems.add({"scenario-027",
                  "no column '" + name + "', which " + calibration.overlay + " has fitted",
                  {calibration.ensemble, 1, 0},
                  "It should be the ensemble of the same calibration."});
    return draws;
  }
  if (csv.rows.empty()) problems.add({"scenario-027", "the ensemble has no draws", {calibration.ensemble, 1, 0}, ""});
  for (std::size_t r = 0; r < csv.rows.size(); ++r) {
    draws.rows.emplace_back();
    for (std::size_t k = 0; k < names.size(); ++k) {
      model::Parameter p = *model.find_parameter(names[k]);
      draws.rows.back().push_back(core::parse_double(csv.rows[r][at[k]]).value_or(std::nan("")));
      model::set_value(p, draws.rows.back().back(), "the ensemble", {calibration.ensemble, csv.lines[r], 0}, problems);
    }
  }
  return draws;
}

void add_calibrations(Scenario& scenario, std::size_t m, const model::Model& model, core::Diagnostics& problems) {
  Population& population = scenario.population;
  for (const model::Calibration& c : model.calibrations) {
    const auto names = open_constants(scenario, m, c);
    if (names.empty()) continue;
    if (population.uncertain_constants) {
      population.calibrations.push_back(read_draws(m, model, c, names, scenario.models[m].where, problems));
      continue;
    }
    problems.add({"scenario-026",
                  "'priors' would throw away what the calibration '" + c.title + "' has found of " + some_of(names) + " in model '" +
                      scenario.models[m].name + "'",
                  scenario.models[m].where,
                  "Write 'uncertain_constants = true': draws of the calibration where there is one, priors where there is none."});
  }
}

/// A T-score that no model takes would be without effect.
void check_sites(const Population& population, const std::vector<CompiledModel>& models, core::Diagnostics& problems) {
  std::vector<std::string> known;
  for (const CompiledModel& m : models) {
    for (const auto& density : m.model().patient.densities) known.push_back("t_" + core::to_lower(density.site));
  }
  const auto look = [&](const std::string& name, const core::Location& where) {
    if (simulate::site_of_t_score(name).empty() || in(known, core::to_lower(name))) return;
    problems.add({"scenario-018", "no model takes the T-score '" + name + "' of a patient", where, core::did_you_mean(name, known)});
  };
  for (const RandomQuantity& q : population.quantities) {
    if (q.model == kOfThePatient) look(q.name, q.where);
  }
  for (const std::string& column : population.table_columns) {
    if (is_of_the_patient(column)) look(column.substr(std::string(kOfThePatient).size() + 1), {population.table, 1, 0});
  }
}

}  // namespace

std::vector<double> draw(const Population& population, std::uint64_t seed, std::size_t subject, const std::function<double(std::size_t)>& typical) {
  const std::size_t k = population.quantities.size();
  std::vector<double> z(k);
  for (std::size_t i = 0; i < k; ++i)
    z[i] = core::RandomStream(seed, subject, "quantity:" + population.quantities[i].model + "." + population.quantities[i].name).normal();
  std::vector<double> values(k);
  for (std::size_t i = 0; i < k; ++i) {
    double score = population.cholesky.empty() ? z[i] : 0;
    for (std::size_t j = 0; j <= i && !population.cholesky.empty(); ++j) score += population.cholesky[i][j] * z[j];
    values[i] = value_of(population.quantities[i].distribution, score, typical(i));
  }
  return values;
}

void resolve_correlations(Population& population, core::Diagnostics& problems) {
  population.cholesky.clear();
  if (!population.correlations.empty()) population.cholesky = Correlations(population, problems).factor();
}

void add_uncertain_constants(Scenario& scenario, const std::vector<CompiledModel>& models) {
  Population& population = scenario.population;
  if (!population.uncertain_constants && !population.priors) return;
  core::Diagnostics problems;
  for (std::size_t m = 0; m < models.size(); ++m) {
    const model::Model& model = models[m].model();
    add_calibrations(scenario, m, model, problems);
    for (const std::string& id : open_priors(scenario, m, model)) {
      const model::Parameter& p = *model.find_parameter(id);
      model::Distribution d{p.prior->logarithmic ? "lognormal" : "normal", p.prior->mean, p.prior->sd, std::nullopt, std::nullopt};
      if (p.bounds) {
        d.low = p.bounds->first;
        d.high = p.bounds->second;
      }
      population.quantities.push_back({scenario.models[m].name, id, d, scenario.models[m].where});
      ++population.from_priors;
    }
  }
  resolve_correlations(population, problems);
  problems.throw_if_any(core::ErrorKind::Input);
}

std::string uncertainty_text(const Scenario& scenario, const std::vector<CompiledModel>& models) {
  const Population& population = scenario.population;
  std::string text;
  for (const CalibrationDraws& c : population.calibrations) {
    text += (text.empty() ? "" : ", ") + std::to_string(c.columns.size()) + " from the calibration '" + c.title + "' (" +
            std::to_string(c.rows.size()) + " draws)";
  }
  if (population.from_priors > 0) text += (text.empty() ? "" : ", ") + std::to_string(population.from_priors) + " from their priors";
  std::size_t known = 0;
  for (std::size_t m = 0; m < models.size() && text.empty(); ++m) {
    known += open_priors(scenario, m, models[m].model()).size();
    for (const model::Calibration& c : models[m].model().calibrations) known += open_constants(scenario, m, c).size();
  }
  if (known > 0) return "Uncertain constants: " + std::to_string(known) + " count as known.";
  return text.empty() ? "" : "Uncertain constants are drawn: " + text + ".";
}

std::vector<core::Diagnostic> population_remarks(const Scenario& scenario, const std::vector<CompiledModel>& models) {
  const Population& population = scenario.population;
  std::vector<core::Diagnostic> remarks;
  const core::Location table{population.table, 1, 0};
  if (!population.id_column.empty()) {
    remarks.push_back({"population-001", "column '" + population.id_column + "' has no effect", table,
                       "Subjects are counted from 0 in the order of the rows."});
  }
  std::vector<std::string> unused;
  for (const std::string& column : population.table_columns) {
    if (is_of_the_patient(column)) continue;
    if (std::none_of(models.begin(), models.end(), [&](const CompiledModel& m) { return has(m, column); })) unused.push_back(column);
  }
  if (!unused.empty())
    remarks.push_back({"population-002", "no arm gets the product of the columns " + some_of(unused), table, "They have no effect."});
  const auto largest = std::max_element(population.calibrations.begin(), population.calibrations.end(), [](const auto& x, const auto& y) {
    return x.rows.size() < y.rows.size();
  });
  if (largest != population.calibrations.end() && population.n > largest->rows.size()) {
    remarks.push_back({"population-003",
                       std::to_string(population.n) + " subjects share the " + std::to_string(largest->rows.size()) + " draws of the calibration '" +
                           largest->title + "'",
                       {largest->file, 1, 0},
                       "They say no more than those."});
  }
  if (!scenario.power && population.table.empty()) return remarks;
  std::vector<std::string> known;
  for (std::size_t m = 0; m < models.size() && !population.uncertain_constants; ++m) {
    for (const model::Calibration& c : models[m].model().calibrations) {
      for (const std::string& id : open_constants(scenario, m, c)) known.push_back(id);
    }
    for (const std::string& id : open_priors(scenario, m, models[m].model())) known.push_back(id);
  }
  if (!known.empty() && !population.priors) {
    remarks.push_back({"population-004",
                       std::to_string(known.size()) + " uncertain constants count as known: " + some_of(known),
                       {scenario.file, 0, 0},
                       "Give [population] n and 'uncertain_constants = true' to count what is not known of them."});
  }
  return remarks;
}

void check_table(const Scenario& scenario, const std::vector<CompiledModel>& models, const model::Library& library, const core::UnitSystem& units,
                 core::Diagnostics& problems) {
  const Population& population = scenario.population;
  const core::Location header{population.table, 1, 0};
  check_sites(population, models, problems);
  std::optional<std::vector<std::string>> known;
  for (std::size_t c = 0; c < population.table_columns.size(); ++c) {
    const std::string& column = population.table_columns[c];
    bool found = is_of_the_patient(column);
    for (std::size_t m = 0; m < models.size(); ++m) {
      if (!has(models[m], column)) continue;
      found = true;
      if (is_named(scenario, m, column)) {
        problems.add({"scenario-028", "'" + column + "' of model '" + scenario.models[m].name + "' is given by the scenario and by the table", header,
                      "Leave one of them out."});
      }
      const auto* parameter = models[m].model().find_parameter(column);
      for (std::size_t row = 0; parameter != nullptr && row < population.table_rows.size(); ++row) {
        model::Parameter p = *parameter;
        model::set_value(p, population.table_rows[row][c], "the subject table", {population.table, static_cast<int>(row) + 2, 0}, problems);
      }
    }
    if (found) continue;
    if (!known) {
      known = names_with_products(scenario, library, units);
      for (const std::string& name : simulate::patient_quantities()) known->push_back(std::string(kOfThePatient) + "." + name);
    }
    if (!in(*known, column))
      problems.add({"scenario-018", "no model has a parameter or species '" + column + "'", header, core::did_you_mean(column, *known)});
  }
}

}  // namespace osteosome::cohort
