// SPDX-License-Identifier: Apache-2.0
#include "osteosome/evidence/animal_grade.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "animal_words.hpp"
#include "osteosome/cohort/trajectories.hpp"

namespace osteosome::evidence {
namespace {

constexpr std::size_t kExperiments = 400;
constexpr double kMiss = 20;  // of ln(ratio), for a simulated value that is not positive

}  // namespace

std::vector<AnimalResult> grade_trials(const std::vector<AnimalTrial>& trials, const std::vector<AnimalPrediction>& predictions) {
  std::vector<AnimalResult> results;
  for (std::size_t k = 0; k < trials.size(); ++k) {
    const AnimalTrial& trial = trials[k];
    AnimalResult r{&trial, predictions[k], simulate_smd(trial, predictions[k], k + 1, kExperiments), std::nullopt, std::nullopt};
    if (trial.reported) r.right = right(trial, predictions[k]);
    const auto low = trial.row->number("ci_low"), high = trial.row->number("ci_high");
    if (low && high && trial.row->text("effect_type") == "SMD") r.inside = r.smd.mean >= *low && r.smd.mean <= *high;
    r.size = reported_size(trial);
    if (r.size && r.size->low && std::isfinite(r.prediction.percent()))
      r.size_right = r.prediction.percent() >= *r.size->low && r.prediction.percent() <= *r.size->high;
    results.push_back(r);
  }
  return results;
}

namespace {

/// The fewest animals a group that a text such as "8-11" or "9 placebo/10 OVX" allows; 0 where it does not say how many were measured in a group at
/// once ("24/group over 3 times", "total 24").
double fewest_animals(const std::string& text) {
  const auto numbers = numbers_in(text);
  const bool other = text.find("over") != std::string::npos || text.find("total") != std::string::npos;
  return numbers.empty() || other ? 0 : *std::min_element(numbers.begin(), numbers.end());
}

}  // namespace

std::optional<ReportedSize> reported_size(const AnimalTrial& trial) {
  const AnimalRow& row = *trial.row;
  const bool disease = row.text("therapy") == "vehicle";  // the model against sham
  const std::string treated = disease ? "control" : "treated", control = disease ? "sham" : "control";
  const auto m1 = row.number("mean_" + treated), m0 = row.number("mean_" + control);
  if (!m1 || !m0 || !(*m1 > 0 && *m0 > 0)) {
    const auto percent = row.number("percent_change");
    return percent && *percent > -100 ? std::optional(ReportedSize{*percent, {}, {}}) : std::nullopt;
  }
  ReportedSize size{100 * (*m1 / *m0 - 1), {}, {}};
  const auto s1 = row.number("sd_" + treated), s0 = row.number("sd_" + control);
  const double n = fewest_animals(row.text("n"));
  if (!s1 || !s0 || n < 2) return size;
  constexpr double k95 = 1.959963984540054;
  const double error = std::sqrt((*s1 * *s1 / (*m1 * *m1) + *s0 * *s0 / (*m0 * *m0)) / n);
  size.low = 100 * (*m1 / *m0 * std::exp(-k95 * error) - 1);
  size.high = 100 * (*m1 / *m0 * std::exp(k95 * error) - 1);
  return size;
}

std::vector<SizeTotal> size_totals(const std::vector<AnimalResult>& results) {
  std::map<std::string, std::pair<SizeTotal, std::vector<double>>> found;
  for (const AnimalResult& r : results) {
    const double simulated = 1 + r.prediction.percent() / 100;
    if (!r.size || !std::isfinite(simulated)) continue;
    const std::string role = r.trial->row->role.empty() ? "table" : r.trial->row->role;
    auto& [total, misses] = found[role];
    total.role = role;
    ++total.n;
    total.with_interval += r.size_right ? 1 : 0;
    total.right += r.size_right.value_or(false) ? 1 : 0;
    misses.push_back(simulated > 0 ? std::abs(std::log(simulated / (1 + r.size->percent / 100))) : kMiss);
  }
  std::vector<SizeTotal> out;
  for (auto& [role, entry] : found) {
    std::sort(entry.second.begin(), entry.second.end());
    entry.first.factor = std::exp(cohort::quantile_of_sorted(entry.second, 0.5));
    out.push_back(entry.first);
  }
  return out;
}

std::string size_text(const SizeTotal& t) {
  return fmt::format(
      "sizes ({}): within the study's 95 % interval in {} of {} rows with SDs; of {} rows with means or percent half are within a factor of "
      "{:.2f} of the ratio reported",
      t.role, t.right, t.with_interval, t.n, t.factor);
}

std::vector<DirectionTotal> totals(const std::vector<AnimalResult>& results) {
  std::map<std::tuple<std::string, std::string, int, std::string>, DirectionTotal> found;
  for (const AnimalResult& r : results) {
    if (!r.right) continue;
    const auto& t = *r.trial;
    const std::string role = t.row->role.empty() ? "table" : t.row->role;
    const std::vector<std::string> slices = {"all", "species " + t.species, "source " + t.row->text("source"), "route " + t.row->text("route"),
                                             "engineering " + t.row->text("engineering")};
    for (std::size_t k = 0; k < slices.size(); ++k) {
      if (k > 0 && slices[k].back() == ' ') continue;
      DirectionTotal& total = found[{role, t.group, static_cast<int>(k), slices[k]}];
      total.role = role;
      total.group = t.group;
      total.what = slices[k].substr(0, 44);
      total.right += *r.right ? 1 : 0;
      ++total.n;
      total.always_better += t.beneficial ? 1 : 0;
    }
  }
  std::vector<DirectionTotal> out;
  for (const auto& [key, total] : found) out.push_back(total);
  return out;
}

}  // namespace osteosome::evidence
