// SPDX-License-Identifier: Apache-2.0
#include "osteosome/evidence/grade.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "osteosome/core/text.hpp"

namespace osteosome::evidence {
namespace {

/// Sum of squares and sum of residuals.
struct Sums {
  double square = 0, total = 0;
  std::size_t n = 0;
  void add(double residual) {
    square += residual * residual;
    total += residual;
    ++n;
  }
  [[nodiscard]] double rms() const { return n == 0 ? std::nan("") : std::sqrt(square / static_cast<double>(n)); }
  [[nodiscard]] double mean() const { return n == 0 ? std::nan("") : total / static_cast<double>(n); }
};

/// A value reported as change from month 0 that other studies of the same doses can be compared with.
bool repeatable(const StudyArm& arm, const Measurement& m) {
  return m.count == "yes" && m.mean && m.unit == "percent_change" && arm.runnable == "yes" && arm.time_zero_month == 0 &&
         arm.trial_class != "natural_history" && oddity(arm).empty() && oddity(arm, m).empty();
}

/// Nothing for a regimen that cannot be read: TrialSet reports it.
std::optional<protocol::Regimen> parsed(const std::string& text, const protocol::DrugCatalogue& catalogue, const core::UnitSystem& units) {
  try {
    return protocol::parse_regimen(text, catalogue, units);
  } catch (const core::Error&) {
    return std::nullopt;
  }
}

/// The doses given before `month`, as text: the same for regimens that differ only later.
std::string doses_until(const protocol::Regimen& regimen, double month) {
  const auto until = core::Time(month, core::kSecondsPerMonth).whole_microseconds();
  std::string out;
  for (const auto& d : protocol::expand(regimen, until)) {
    out += d->drug + " " + core::format_double(d->amount) + d->unit + d->route + "@" + std::to_string(d.time) + ";";
  }
  return out;
}

}  // namespace

std::optional<bool> GradedPoint::within() const { return evidence::within(*row.measurement, predicted); }

bool GradedPoint::counts() const { return row.measurement->unit == "percent_change" || row.measurement->unit == "percent_diff"; }

std::vector<ArmGrade> grade_arms(const std::vector<GradedPoint>& points) {
  std::vector<ArmGrade> grades;
  std::vector<Sums> sums;
  std::map<std::tuple<std::string, const StudyArm*, std::string>, std::size_t> index;
  for (const GradedPoint& p : points) {
    const auto [it, fresh] = index.try_emplace({p.model, p.row.arm, p.row.measurement->outcome}, grades.size());
    if (fresh) {
      grades.push_back({p.model, p.row.study->id, p.row.arm->id, p.row.arm->trial_class, p.row.arm->role, p.row.measurement->outcome, p.row.marker(),
                        0, 0, 0, 0, 0});
      sums.emplace_back();
    }
    ArmGrade& g = grades[it->second];
    if (p.counts()) sums[it->second].add(p.residual());
    if (const auto within = p.within()) {
      ++g.with_interval;
      g.within += *within ? 1 : 0;
    }
  }
  for (std::size_t k = 0; k < grades.size(); ++k) {
    grades[k].n = sums[k].n;
    grades[k].rmse = sums[k].rms();
    grades[k].bias = sums[k].mean();
  }
  const auto size = [](const ArmGrade& g) { return std::isnan(g.rmse) ? (g.n > 0 ? HUGE_VAL : -1) : g.rmse; };  // failed first, ungraded last
  std::stable_sort(grades.begin(), grades.end(),
                   [&](const ArmGrade& a, const ArmGrade& b) { return std::pair(a.marker, -size(a)) < std::pair(b.marker, -size(b)); });
  return grades;
}

std::vector<PooledGrade> pool(const std::vector<GradedPoint>& points, const std::string& model, bool by_class, const std::string& model_b) {
  std::set<const Measurement*> shared;
  for (const GradedPoint& p : points) {
    if (p.model == model_b) shared.insert(p.row.measurement);
  }
  std::map<std::tuple<std::string, std::string, std::string>, Sums> sums;
  for (const GradedPoint& p : points) {
    if (p.model != model || !p.counts() || (!model_b.empty() && !shared.contains(p.row.measurement))) continue;
    sums[{p.row.arm->role, by_class ? p.row.arm->trial_class : "", p.row.measurement->outcome}].add(p.residual());
  }
  std::vector<PooledGrade> out;
  for (const auto& [key, s] : sums) out.push_back({model, std::get<0>(key), std::get<1>(key), std::get<2>(key), s.n, s.rms(), s.mean()});
  return out;
}

std::vector<BetweenTrialSpread> between_trial_spread(const std::vector<Study>& studies, const protocol::DrugCatalogue& catalogue,
                                                     const core::UnitSystem& units) {
  std::map<std::tuple<std::string, double, std::string>, std::map<std::string, Sums>> groups;
  for (const Study& study : studies) {
    for (const StudyArm& arm : study.arms) {
      std::optional<protocol::Regimen> regimen;
      for (const Measurement& m : arm.measurements) {
        if (!repeatable(arm, m)) continue;
        if (!regimen) regimen = parsed(arm.regimen, catalogue, units);
        if (!regimen) break;
        groups[{m.outcome, m.month, doses_until(*regimen, m.month)}][study.id].add(m.marker ? std::log1p(*m.mean / 100) : *m.mean);
      }
    }
  }
  std::map<std::string, BetweenTrialSpread> spread;
  std::map<std::string, std::pair<double, double>> squares;  // sum of squares, degrees of freedom
  for (const auto& [key, by_study] : groups) {
    if (by_study.size() < 2) continue;
    Sums all;
    for (const auto& [id, s] : by_study) all.add(s.mean());
    auto& entry = spread[std::get<0>(key)];
    entry.outcome = std::get<0>(key);
    entry.means += by_study.size();
    ++entry.groups;
    auto& [square, freedom] = squares[entry.outcome];
    for (const auto& [id, s] : by_study) square += (s.mean() - all.mean()) * (s.mean() - all.mean());
    freedom += static_cast<double>(by_study.size() - 1);
  }
  std::vector<BetweenTrialSpread> out;
  for (auto& [outcome, entry] : spread) {
    entry.rms = std::sqrt(squares[outcome].first / squares[outcome].second);
    out.push_back(entry);
  }
  return out;
}

}  // namespace osteosome::evidence
