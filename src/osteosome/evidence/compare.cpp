// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "osteosome/core/text.hpp"
#include "osteosome/evidence/study.hpp"

namespace osteosome::evidence {
namespace {

constexpr double kStandardErrors = 1.96;  // of a 95 % interval

struct Found {
  const Study* study;
  const StudyArm* arm;
};

std::optional<Found> find_arm(const std::vector<Study>& studies, const std::string& id) {
  for (const Study& s : studies) {
    for (const StudyArm& a : s.arms) {
      if (a.id == id) return Found{&s, &a};
    }
  }
  return std::nullopt;
}

bool comparable(const Measurement& m) { return m.unit == kPercentChange && m.count == "yes" && m.mean.has_value(); }

std::optional<std::size_t> time_index(const std::vector<double>& days, double month) {
  const double day = core::Time(month, core::kSecondsPerMonth).in(core::kSecondsPerDay);
  for (std::size_t k = 0; k < days.size(); ++k) {
    if (core::same_instant(days[k], day)) return k;
  }
  return std::nullopt;
}

}  // namespace

std::optional<bool> within(const Measurement& m, double predicted) {
  if (m.interval == "SD" || m.interval == "range_of_arms") return std::nullopt;
  if (m.low && m.high) return predicted >= *m.low && predicted <= *m.high;
  if (m.error && m.interval == "SE") return std::abs(predicted - *m.mean) <= kStandardErrors * *m.error;
  return std::nullopt;
}

std::vector<ComparisonSummary> summarise(const std::vector<Comparison>& comparisons) {
  std::map<std::tuple<std::string, std::string, std::string>, ComparisonSummary> sums;
  for (const Comparison& c : comparisons) {
    if (!std::isfinite(c.simulated) || c.unit != kPercentChange) continue;
    ComparisonSummary& s = sums[{c.outcome, c.arm, c.model}];
    const double d = c.simulated - c.observed;
    s.rmse += d * d;
    s.bias += d;
    ++s.n;
    if (!c.within) continue;
    ++s.with_interval;
    s.within += *c.within ? 1 : 0;
  }
  std::vector<ComparisonSummary> out;
  for (auto& [key, s] : sums) {
    std::tie(s.outcome, s.arm, s.model) = key;
    s.rmse = std::sqrt(s.rmse / static_cast<double>(s.n));
    s.bias /= static_cast<double>(s.n);
    out.push_back(std::move(s));
  }
  return out;
}

std::optional<double> Comparison::error() const {
  if (low && high) return 0.5 * (*high - *low);
  return std::nullopt;
}

void attach(cohort::Scenario& scenario, const std::vector<Study>& studies, const std::vector<std::string>& animal_studies) {
  std::vector<std::string> known;
  for (const Study& s : studies) {
    for (const StudyArm& a : s.arms) known.push_back(a.id);
  }
  known.insert(known.end(), animal_studies.begin(), animal_studies.end());
  core::Diagnostics problems;
  for (const auto& arm : scenario.arms) {
    for (const std::string& id : arm.evidence) {
      if (std::find(animal_studies.begin(), animal_studies.end(), id) != animal_studies.end()) {
        if (scenario.control.empty())
          problems.add({"scenario-024", "'" + id + "' is an animal study, which compares groups", arm.where,
                        "Name the other group: [report] control."});
        continue;
      }
      const auto found = find_arm(studies, id);
      if (!found) {
        problems.add({"scenario-016", "arm '" + arm.name + "': no study has an arm '" + id + "'", arm.where, core::did_you_mean(id, known)});
        continue;
      }
      if (found->arm->runnable != "yes") {
        problems.add({"scenario-019", "arm '" + arm.name + "': study arm '" + id + "' cannot be simulated (" + found->arm->runnable + ")", arm.where,
                      ""});
        continue;
      }
      for (const Measurement& m : found->arm->measurements) {
        if (comparable(m)) scenario.extra_times.emplace_back(found->arm->time_zero_month + m.month, core::kSecondsPerMonth);
      }
      scenario.extra_times.emplace_back(found->arm->time_zero_month, core::kSecondsPerMonth);
    }
  }
  problems.throw_if_any(core::ErrorKind::Input);
}

std::vector<std::vector<double>> percent_change(const cohort::ArmResult& arm, std::size_t output, std::size_t times) {
  const std::size_t columns = arm.outputs.size();
  std::vector<std::vector<double>> rows;
  for (const auto& values : arm.values) {
    std::vector<double> row(times, std::nan(""));
    for (std::size_t k = 0; k < times && !values.empty(); ++k) row[k] = 100 * (values[k * columns + output] / values[output] - 1);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<double> quantile(const std::vector<std::vector<double>>& rows, double q, std::size_t columns) {
  std::vector<double> out(columns, std::nan(""));
  for (std::size_t k = 0; k < columns; ++k) {
    std::vector<double> sample;
    for (const auto& row : rows) {
      if (std::isfinite(row[k])) sample.push_back(row[k]);
    }
    std::sort(sample.begin(), sample.end());
    out[k] = cohort::quantile_of_sorted(sample, q);
  }
  return out;
}

std::vector<Comparison> compare(const cohort::Scenario& scenario, const std::vector<simulate::CompiledModel>& models,
                                const cohort::ScenarioResult& result, const std::vector<Study>& studies) {
  std::vector<Comparison> rows;
  for (const auto& arm : result.arms) {
    const auto& scenario_arm = scenario.arms[arm.arm];
    const auto& model = models[arm.model].model();
    for (const std::string& id : scenario_arm.evidence) {
      const auto of = find_arm(studies, id);
      if (!of) continue;  // an animal study
      const Found& found = *of;
      if (found.arm->runnable != "yes") continue;
      for (const Measurement& m : found.arm->measurements) {
        if (!comparable(m)) continue;
        for (std::size_t o = 0; o < arm.outputs.size(); ++o) {
          const auto output = std::find_if(model.outputs.begin(), model.outputs.end(), [&](const auto& x) { return x.id == arm.outputs[o]; });
          if (output->observable != m.outcome) continue;
          const auto zero = time_index(result.days, found.arm->time_zero_month);
          const auto visit = time_index(result.days, found.arm->time_zero_month + m.month);
          if (!zero || !visit) continue;
          std::vector<std::vector<double>> change;
          for (const auto& values : arm.values) {
            if (values.empty()) continue;
            change.push_back({100 * (values[*visit * arm.outputs.size() + o] / values[*zero * arm.outputs.size() + o] - 1)});
          }
          Comparison c;
          c.model = scenario.models[arm.model].name;
          c.study = found.study->title;
          c.doi = found.study->doi;
          c.study_arm = id;
          c.arm = scenario_arm.name;
          c.outcome = m.outcome;
          c.unit = m.unit;
          c.role = found.arm->role;
          c.provenance = m.provenance;
          c.interval = m.interval;
          c.time_zero_month = found.arm->time_zero_month;
          c.month = m.month;
          c.observed = *m.mean;
          c.low = m.low;
          c.high = m.high;
          if (!m.low && m.error) c.low = *m.mean - *m.error, c.high = *m.mean + *m.error;
          c.simulated = quantile(change, 0.5, 1)[0];
          c.within = within(m, c.simulated);
          rows.push_back(std::move(c));
        }
      }
    }
  }
  return rows;
}

}  // namespace osteosome::evidence
