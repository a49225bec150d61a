// SPDX-License-Identifier: Apache-2.0
#include "osteosome/evidence/animal_grade.hpp"

#include <map>
#include <tuple>

namespace osteosome::evidence {
namespace {

constexpr std::size_t kExperiments = 400;

}  // namespace

std::vector<AnimalResult> grade_trials(const std::vector<AnimalTrial>& trials, const std::vector<AnimalPrediction>& predictions) {
  std::vector<AnimalResult> results;
  for (std::size_t k = 0; k < trials.size(); ++k) {
    const AnimalTrial& trial = trials[k];
    AnimalResult r{&trial, predictions[k], simulate_smd(trial, predictions[k], k + 1, kExperiments), std::nullopt, std::nullopt};
    if (trial.reported) r.right = right(trial, predictions[k]);
    const auto low = trial.row->number("ci_low"), high = trial.row->number("ci_high");
    if (low && high && trial.row->text("effect_type") == "SMD") r.inside = r.smd.mean >= *low && r.smd.mean <= *high;
    results.push_back(r);
  }
  return results;
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
