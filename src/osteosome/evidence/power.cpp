// SPDX-License-Identifier: Apache-2.0
#include "osteosome/evidence/power.hpp"

#include <algorithm>
#include <cmath>

#include "osteosome/core/csv.hpp"
#include "osteosome/core/random.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/evidence/animal_compare.hpp"

namespace osteosome::evidence {
namespace {

constexpr std::size_t kLeast = 3;
constexpr std::size_t kExperiments = 4000;  // over all draws

/// Names in variability.csv of the codes of the model.
std::string variation_name(const std::string& code) {
  static const std::vector<std::pair<const char*, const char*>> names = {
      {"BVTV", "BV/TV"},
      {"TbN", "Tb.N"},
      {"TbTh", "Tb.Th"},
      {"TbSp", "Tb.Sp"},
      {"BMD", "BMD"},
      {"P1NP", "P1NP"},
      {"CTX", "CTX"},
      {"MAR", "MAR"},
      {"BFR_BS", "BFR/BS"},
      {"ObS", "osteoblast number"},
      {"OcS", "osteoclast number"},
      {"strength", "strength"}};
  for (const auto& [prefix, name] : names) {
    if (code.starts_with(prefix)) return name;
  }
  return "other";
}

struct Mean {
  double sum = 0, squares = 0;
  void add(double x) {
    sum += x;
    squares += x * x;
  }
  [[nodiscard]] double mean(double n) const { return sum / n; }
  [[nodiscard]] double variance(double n) const { return (squares - sum * sum / n) / (n - 1); }
};

/// Share of experiments that show a difference in the direction of `sign`, by animals a group.
std::vector<double> power_curve(const std::vector<std::pair<double, double>>& draws, double cv, double sign, std::size_t most) {
  std::vector<double> critical, shown(most - kLeast + 1, 0);
  for (std::size_t n = kLeast; n <= most; ++n) critical.push_back(student_quantile(0.975, 2.0 * static_cast<double>(n) - 2));
  const std::size_t each = std::max<std::size_t>(1, kExperiments / draws.size());
  for (std::size_t d = 0; d < draws.size(); ++d) {
    for (std::size_t e = 0; e < each; ++e) {
      core::RandomStream stream(d + 1, e, "power");
      Mean control, treated;
      for (std::size_t n = 1; n <= most; ++n) {
        control.add(draws[d].first + cv * std::abs(draws[d].first) * stream.normal());
        treated.add(draws[d].second + cv * std::abs(draws[d].second) * stream.normal());
        if (n < kLeast) continue;
        const auto size = static_cast<double>(n);
        const double error = std::sqrt((control.variance(size) + treated.variance(size)) / size);
        if (sign * (treated.mean(size) - control.mean(size)) > critical[n - kLeast] * error) ++shown[n - kLeast];
      }
    }
  }
  for (double& x : shown) x /= static_cast<double>(each * draws.size());
  return shown;
}

}  // namespace

double student_quantile(double p, double v) {
  const double z = core::normal_quantile(p), z2 = z * z;
  const double g1 = (z2 + 1) * z / 4, g2 = ((5 * z2 + 16) * z2 + 3) * z / 96, g3 = (((3 * z2 + 19) * z2 + 17) * z2 - 15) * z / 384,
               g4 = ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) * z / 92160;
  return z + (g1 + (g2 + (g3 + g4 / v) / v) / v) / v;
}

AnimalVariation::AnimalVariation(const std::string& data_root) : vocabulary_(data_root + "/evidence/preclinical/vocabulary.toml") {
  const std::string path = data_root + "/evidence/preclinical/variability.csv";
  for (const auto& row : core::parse_csv(core::read_file(path), path).rows)
    cv_[row[0] + "|" + row[1] + "|" + row[2]] = core::parse_double(row[3]).value_or(0.3);
}

Variation AnimalVariation::of(const std::string& code, const std::string& species, const std::string& disease) const {
  const std::string name = variation_name(code);
  const auto known = cv_.find(species + "|" + disease + "|" + name);
  return known == cv_.end() ? Variation{cv_.at("any|any|" + name), true} : Variation{known->second, false};
}

std::vector<PowerRow> power_of(const simulate::Scenario& scenario, const std::vector<simulate::CompiledModel>& models,
                               const simulate::ScenarioResult& result, const std::string& data_root) {
  const simulate::PowerPlan& plan = *scenario.power;
  const AnimalVariation variation(data_root);
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
        row.variation = variation.of(endpoint, model.species_name, scenario.patient.days_since_gonadectomy ? "OVX" : "none");
        row.power = power_curve(draws, row.variation.cv, row.effect.median < 0 ? -1 : 1, plan.most);
        const auto enough = std::find_if(row.power.begin(), row.power.end(), [&](double x) { return x >= plan.wished; });
        if (enough != row.power.end()) row.animals = kLeast + static_cast<std::size_t>(enough - row.power.begin());
        rows.push_back(std::move(row));
      }
    }
  }
  return rows;
}

}  // namespace osteosome::evidence
