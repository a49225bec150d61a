// SPDX-License-Identifier: Apache-2.0
#include "osteosome/evidence/power.hpp"

#include <algorithm>
#include <cmath>

#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/evidence/animal_compare.hpp"
#include "osteosome/evidence/dunnett.hpp"
#include "variability.hpp"

namespace osteosome::evidence {
namespace {

constexpr std::size_t kLeast = 3;
constexpr double kConfidence = 0.95;
const std::string kNoSpread = "other";  // of outcomes without a spread of their own

/// Power by animals a group: share over the draws (control, treated) of what shows a difference in the direction of `sign`.
std::vector<double> power_curve(const std::vector<std::pair<double, double>>& draws, double cv, double sign, std::size_t comparisons,
                                std::size_t most) {
  std::vector<double> curve;
  for (std::size_t n = kLeast; n <= most; ++n) {
    const double size = static_cast<double>(n), degrees = static_cast<double>(comparisons + 1) * (size - 1);
    const double critical = dunnett_critical(kConfidence, comparisons, degrees);
    double sum = 0;
    for (const auto& [control, treated] : draws) {
      const double error = cv * std::hypot(control, treated) / std::sqrt(size);
      sum += noncentral_t_above(critical, degrees, sign * (treated - control) / error);
    }
    curve.push_back(sum / static_cast<double>(draws.size()));
  }
  return curve;
}

std::string percent(double x) { return core::format_double(std::round(1000 * x) / 10) + " %"; }

}  // namespace

std::string spread_text(const Spread& s) {
  if (s.origin == Spread::Origin::Given) return percent(s.cv) + ", given";
  if (s.origin == Spread::Origin::Assumed) return percent(s.cv) + ", assumed: " + s.source;
  return percent(s.cv) + ": " + std::to_string(s.arms) + " control arms of " + std::to_string(s.studies) +
         (s.studies == 1 ? " study (" : " studies (") + s.source + ")";
}

AnimalSpread::AnimalSpread(const std::string& data_root, const model::Outcomes& outcomes) : outcomes_(outcomes) {
  const Variability variability(data_root, outcomes);
  for (const model::Outcome& o : outcomes.all()) assumed_[o.spread] = variability.assumed(o.spread);
  const std::string path = data_root + "/evidence/control-arms.csv";
  const auto arms = core::parse_csv(core::read_file(path), path);
  const auto cell = [&](const std::vector<std::string>& row, const char* column) {
    return row.at(static_cast<std::size_t>(std::find(arms.header.begin(), arms.header.end(), column) - arms.header.begin()));
  };
  const auto number = [&](const std::vector<std::string>& row, const char* column) { return core::parse_double(cell(row, column)).value(); };
  for (const auto& row : arms.rows) {
    Pool& pool = pools_[{cell(row, "species"), cell(row, "outcome")}];
    const double degrees = number(row, "n") - 1;
    pool.squares += degrees * std::pow(number(row, "sd") / number(row, "mean"), 2);
    pool.degrees += degrees;
    ++pool.arms;
    const std::string study = cell(row, "study");
    if (std::find(pool.studies.begin(), pool.studies.end(), study) == pool.studies.end()) pool.studies.push_back(study);
  }
}

Spread AnimalSpread::of(const std::string& code, const std::string& species) const {
  const model::Outcome* outcome = outcomes_.find(code);
  const std::string name = outcome == nullptr ? kNoSpread : outcome->spread;
  const auto found = pools_.find({species, name});
  if (found == pools_.end()) {
    return {assumed_.at(name), Spread::Origin::Assumed, 0, 0,
            "no control arm of a " + species + " with a standard deviation of " + (name == kNoSpread ? code : name)};
  }
  const Pool& pool = found->second;
  std::string source;
  for (const std::string& study : pool.studies) source += (source.empty() ? "" : "; ") + study;
  return {std::sqrt(pool.squares / pool.degrees), Spread::Origin::Evidence, pool.arms, pool.studies.size(), source};
}

void check_power(const cohort::Scenario& scenario, const std::vector<simulate::CompiledModel>& models, core::Diagnostics& problems) {
  if (!scenario.power) return;
  for (std::size_t m = 0; m < models.size(); ++m) {
    if (models[m].model().species_name != "human") continue;
    problems
        .add({"power-003", "[power] counts animals, and model '" + scenario.models[m].name + "' is of people", scenario.power->where,
              "Give the model a 'species'. Sizes of clinical trials need virtual trials (who differ, drop out, are measured with error), which do "
              "not exist yet."});
  }
}

std::vector<PowerRow> power_of(const cohort::Scenario& scenario, const std::vector<simulate::CompiledModel>& models,
                               const cohort::ScenarioResult& result, const std::string& data_root) {
  const cohort::PowerPlan& plan = *scenario.power;
  const model::Outcomes outcomes = model::load_outcomes(data_root);
  const AnimalSpread spread(data_root, outcomes);
  std::vector<PowerRow> rows;
  for (const auto& arm : result.arms) {
    const auto& model = models[arm.model].model();
    const auto* control = arm_result(scenario, result, plan.control, arm.model);
    if (control == nullptr || scenario.arms[arm.arm].name == plan.control) continue;
    for (const std::string& endpoint : plan.endpoints) {
      for (const double day : plan.days) {
        const auto treated = values_at(arm, model, endpoint, result, day), base = values_at(*control, model, endpoint, result, day);
        if (treated.empty() || base.empty()) {
          throw core::Error(core::ErrorKind::Input,
                            {"power-001", "model '" + models[arm.model].name() + "' has no endpoint '" + endpoint + "'", plan.where, ""});
        }
        std::vector<std::pair<double, double>> draws;
        std::vector<double> percent;
        for (std::size_t s = 0; s < treated.size(); ++s) {
          if (!std::isfinite(treated[s]) || !std::isfinite(base[s])) continue;
          draws.emplace_back(base[s], treated[s]);
          percent.push_back(100 * (treated[s] / base[s] - 1));
        }
        if (draws.empty()) continue;
        PowerRow row;
        row.arm = scenario.arms[arm.arm].name;
        row.label = scenario.arms[arm.arm].label;
        row.endpoint = endpoint;
        row.day = day;
        row.effect = band_of(percent);
        const auto given = plan.cv.find(endpoint);
        row.spread = given == plan.cv.end() ? spread.of(endpoint, model.species_name) : Spread{given->second, Spread::Origin::Given, 0, 0, ""};
        row.comparisons =
            static_cast<std::size_t>(std::count_if(result.arms.begin(), result.arms.end(), [&](const auto& x) { return x.model == arm.model; })) - 1;
        row.power = power_curve(draws, row.spread.cv, row.effect.median < 0 ? -1 : 1, row.comparisons, plan.most);
        const auto enough = std::find_if(row.power.begin(), row.power.end(), [&](double x) { return x >= plan.wished; });
        if (enough != row.power.end()) row.animals = kLeast + static_cast<std::size_t>(enough - row.power.begin());
        rows.push_back(std::move(row));
      }
    }
  }
  return rows;
}

}  // namespace osteosome::evidence
