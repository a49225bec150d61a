// SPDX-License-Identifier: Apache-2.0
#include "osteosome/evidence/preclinical.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "osteosome/cohort/simulate.hpp"
#include "osteosome/core/random.hpp"
#include "osteosome/model/document.hpp"
#include "osteosome/simulate/course.hpp"

namespace osteosome::evidence {
namespace {

constexpr double kNegligible = 0.2;  // Cohen's bound of a small effect
constexpr double kSignificant = 1.959963984540054;

}  // namespace

double AnimalPrediction::effect(const AnimalTrial& trial) const {
  return (treated - control) / (trial.variation.cv * std::sqrt((treated * treated + control * control) / 2));
}

SimulatedSmd simulate_smd(const AnimalTrial& trial, const AnimalPrediction& p, std::uint64_t seed, std::size_t experiments) {
  const auto n = static_cast<std::size_t>(std::max(2.0, trial.n));
  const double correction = 1 - 3 / (4 * (2 * static_cast<double>(n) - 2) - 1);
  std::vector<double> g;
  for (std::size_t e = 0; e < experiments; ++e) {
    core::RandomStream stream(seed, e, "animals");
    double mean[2], square[2];
    for (const int group : {0, 1}) {
      const double center = group == 0 ? p.control : p.treated, sd = trial.variation.cv * std::abs(center);
      double sum = 0, sum_of_squares = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double x = center + sd * stream.normal();
        sum += x;
        sum_of_squares += x * x;
      }
      mean[group] = sum / static_cast<double>(n);
      square[group] = (sum_of_squares - sum * mean[group]) / static_cast<double>(n - 1);
    }
    g.push_back(correction * (mean[1] - mean[0]) / std::sqrt((square[0] + square[1]) / 2));
  }
  SimulatedSmd out;
  for (const double x : g) out.mean += x / static_cast<double>(experiments);
  std::sort(g.begin(), g.end());
  const auto at = [&](double q) { return g[static_cast<std::size_t>(std::lround(q * static_cast<double>(g.size() - 1)))]; };
  out.low = at(0.025);
  out.high = at(0.975);
  return out;
}

bool right(const AnimalTrial& trial, const AnimalPrediction& p) { return right(trial, p.effect(trial)); }

bool right(const AnimalTrial& trial, double d) {
  if (!std::isfinite(d)) return false;
  if (trial.reported == Reported::Up) return d > kNegligible;
  if (trial.reported == Reported::Down) return d < -kNegligible;
  return std::abs(d) * std::sqrt(trial.n / 2) < kSignificant;
}

bool informs_fit(const AnimalTrial& trial) {
  const bool product = trial.group == "benefit" || trial.group == "null";
  return product && (trial.reported || trial.row->text("effect_type") == "SMD");
}

std::vector<double> fit_residuals(const std::vector<AnimalTrial>& trials, const std::vector<AnimalPrediction>& predictions) {
  constexpr double kMargin = 0.5, kLargest = 2.5, kSoftness = 0.25, kLeastSd = 0.3, kRowsOfOnePaper = 2;
  std::map<std::string, double> rows;
  for (const AnimalTrial& t : trials) ++rows[t.row->study];
  const auto excess = [](double x) { return x > 20 * kSoftness ? x : kSoftness * std::log1p(std::exp(x / kSoftness)); };  // smooth max(x, 0)
  std::vector<double> out;
  for (std::size_t k = 0; k < trials.size(); ++k) {
    const AnimalTrial& t = trials[k];
    const double d = predictions[k].effect(t), correction = 1 - 3 / (4 * (2 * t.n - 2) - 1);
    const auto effect = t.row->number("effect"), low = t.row->number("ci_low"), high = t.row->number("ci_high");
    double r = 0;
    if (effect && t.row->text("effect_type") == "SMD") {
      const double sd = low && high ? std::max(kLeastSd, (*high - *low) / (2 * kSignificant)) : 1;
      r = (correction * d - *effect) / sd;
    } else if (t.reported == Reported::NoEffect) {
      r = excess(std::abs(d) * std::sqrt(t.n / 2) - 1);
    } else {
      const double along = t.reported == Reported::Up ? d : -d;
      const double folds = std::abs(std::log(predictions[k].treated / predictions[k].control)) - std::log(kLargest);
      r = excess(kMargin - along) / kSoftness + excess(folds) / kSoftness;
    }
    out.push_back(r * std::sqrt(std::min(1.0, kRowsOfOnePaper / rows[t.row->study])));
  }
  return out;
}

AnimalTrials::AnimalTrials(const std::vector<AnimalRow>& rows, const std::string& data_root, const core::UnitSystem& units,
                           const simulate::SolverSettings& settings, const std::vector<std::string>& overlays, bool (*which)(const AnimalTrial&))
    : units_(units), catalogue_(protocol::load_catalogue(data_root)), trials_(describe_trials(rows, data_root, units, left_out_)) {
  if (which != nullptr) std::erase_if(trials_, [&](const AnimalTrial& t) { return !which(t); });
  compile(data_root, settings, overlays);
}

/// One model a species and set of drugs; trials that its model refuses are left out.
void AnimalTrials::compile(const std::string& data_root, const simulate::SolverSettings& settings, const std::vector<std::string>& overlays) {
  const model::Library library{data_root};
  const std::string path = library.find_model("osteosome");
  std::map<std::string, std::size_t> known;
  std::vector<AnimalTrial> kept;
  for (AnimalTrial& trial : trials_) {
    try {
      const auto drugs = protocol::parse_regimen(trial.treated, catalogue_, units_).drugs();
      std::string key = trial.species;
      for (const std::string& d : drugs) key += protocol::is_product(catalogue_, d) ? " " + d : "";
      if (!known.contains(key)) {
        auto loaded = model::load_model(path, library, units_, model::LoadOptions{trial.species, drugs, overlays});
        groups_.push_back({std::make_unique<simulate::CompiledModel>(std::move(loaded), settings), {}});
        known[key] = groups_.size() - 1;
      }
      Group& group = groups_[known[key]];
      std::string problem;
      check(group, trial, problem);
      if (!problem.empty()) {
        left_out_.push_back({trial.row, problem});
        continue;
      }
      group.trials.push_back(kept.size());
      kept.push_back(std::move(trial));
    } catch (const core::Error& error) {
      left_out_.push_back({trial.row, core::messages(error)});
    }
  }
  trials_ = std::move(kept);
}

void AnimalTrials::check(const Group& group, AnimalTrial& trial, std::string& problem) const {
  const auto& outputs = group.model->model().outputs;
  const auto output = std::find_if(outputs.begin(), outputs.end(), [&](const model::Output& o) { return o.observable == trial.outcome; });
  if (output == outputs.end()) {
    problem = "the model has no " + trial.outcome;
    return;
  }
  for (const auto& [text, animal] : {std::pair{trial.treated, trial.treated_animal}, {trial.control, trial.control_animal}}) {
    (void)simulate::start_time(*group.model, animal);
    simulate::DoseTranslator(*group.model, units_)
        .check(protocol::parse_regimen(text, catalogue_, units_), simulate::body_mass_kg(*group.model, animal));
  }
}

namespace {

/// The control and the treated animal of every trial of a group, for every set of values.
class GroupSubjects final : public cohort::Subjects {
 public:
  GroupSubjects(const simulate::CompiledModel& model, const std::vector<AnimalTrial>& trials, const std::vector<std::size_t>& of,
                const std::vector<std::map<std::string, double>>& sets, const protocol::DrugCatalogue& catalogue, const core::UnitSystem& units)
      : trials_(trials), of_(of), sets_(sets), model_(model) {
    std::set<std::string> names;
    for (const auto& set : sets) {
      for (const auto& [name, value] : set) {
        if (model.program().parameter_index(name)) names.insert(name);
      }
    }
    columns_.assign(names.begin(), names.end());
    for (const std::size_t t : of) {
      times_.push_back(std::make_shared<const std::vector<core::Time>>(1, core::Time(trials[t].days, core::kSecondsPerDay)));
      for (const std::string& text : {trials[t].control, trials[t].treated})
        treatments_.push_back(std::make_shared<const cohort::Treatment>(cohort::Treatment{"", {protocol::parse_regimen(text, catalogue, units)}}));
    }
  }

  [[nodiscard]] std::size_t size() const override { return sets_.size() * treatments_.size(); }
  [[nodiscard]] const std::vector<std::string>& columns() const override { return columns_; }
  [[nodiscard]] cohort::Subject at(std::size_t index) const override {
    const std::size_t place = index % treatments_.size();
    const AnimalTrial& trial = trials_[of_[place / 2]];
    cohort::Subject subject{0, 0, place % 2 == 1 ? trial.treated_animal : trial.control_animal, {}, treatments_[place], times_[place / 2]};
    std::vector<double> parameters = model_.program().parameter_values;
    for (const auto& [name, value] : sets_[index / treatments_.size()]) {
      if (const auto p = model_.program().parameter_index(name)) parameters[*p] = value;
    }
    const auto start = simulate::begin_patient(model_, subject.patient, std::move(parameters));  // what is known of it goes before the set
    for (const std::string& column : columns_) subject.values.push_back(start.parameters[*model_.program().parameter_index(column)]);
    return subject;
  }
  [[nodiscard]] std::vector<core::Time> any_times() const { return *times_.front(); }

 private:
  const std::vector<AnimalTrial>& trials_;
  const std::vector<std::size_t>& of_;
  const std::vector<std::map<std::string, double>>& sets_;
  const simulate::CompiledModel& model_;
  std::vector<std::string> columns_;
  std::vector<std::shared_ptr<const std::vector<core::Time>>> times_;  ///< by trial
  std::vector<std::shared_ptr<const cohort::Treatment>> treatments_;   ///< control and treated by trial
};

}  // namespace

std::vector<std::vector<AnimalPrediction>> AnimalTrials::predict(const std::vector<std::map<std::string, double>>& sets,
                                                                 const std::stop_token& stop) const {
  std::vector<std::vector<AnimalPrediction>> out(sets.size(), std::vector<AnimalPrediction>(trials_.size(), {std::nan(""), std::nan("")}));
  for (const Group& group : groups_) {
    if (group.trials.empty()) continue;
    const auto& model = *group.model;
    const GroupSubjects subjects(model, trials_, group.trials, sets, catalogue_, units_);
    const auto all = cohort::simulate(model, units_, subjects, {subjects.any_times()}, {stop});
    const std::size_t per_set = 2 * group.trials.size();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::size_t t = group.trials[i % per_set / 2];
      const auto& outputs = model.model().outputs;
      const auto output = std::find_if(outputs.begin(), outputs.end(), [&](const model::Output& o) { return o.observable == trials_[t].outcome; });
      AnimalPrediction& p = out[i / per_set][t];
      (i % 2 == 1 ? p.treated : p.control) = all.at(i, 0, static_cast<std::size_t>(output - outputs.begin()));
    }
  }
  return out;
}

}  // namespace osteosome::evidence
