// SPDX-License-Identifier: Apache-2.0
// The designs of animal studies as trials.
#include <optional>

#include "animal_import.hpp"
#include "osteosome/evidence/preclinical.hpp"
#include "variability.hpp"

namespace osteosome::evidence {
namespace {

Variation variation_of(const AnimalDesign& design, const model::Outcome& outcome, const Variability& variability) {
  const std::string species = design.species.substr(0, design.species.find('-'));  // a strain varies as its species
  const auto known = variability.known(species, design.animal_model, outcome.spread);
  return {known.value_or(variability.assumed(outcome.spread)), !known};
}

std::string group_of(const AnimalTrial& trial) {
  const std::string therapy = trial.row->text("therapy");
  if (therapy == "vehicle") return "disease";
  if (therapy == "drug") return "drug";
  return trial.reported == Reported::NoEffect || (trial.reported && !trial.beneficial) ? "null" : "benefit";
}

}  // namespace

std::vector<AnimalTrial> describe_trials(const std::vector<AnimalRow>& rows, const std::string& data_root, const core::UnitSystem& units,
                                         std::vector<AnimalLeftOut>& left_out) {
  const model::Outcomes outcomes = model::load_outcomes(data_root);
  std::optional<AnimalImporter> importer;  // only for rows that have not been imported
  const auto design = [&](const AnimalRow& row) {
    if (row.design) return *row.design;
    if (!importer) importer.emplace(data_root, units, outcomes);
    return importer->design(row);
  };
  const Variability variability(data_root, outcomes);
  std::vector<AnimalTrial> trials;
  for (const AnimalRow& row : rows) {
    if (row.table != "preclinical") continue;
    AnimalTrial trial{design(row), &row, {}, false, ""};
    const model::Outcome* outcome = outcomes.find(trial.outcome);
    if (trial.why_not.empty() && outcome == nullptr) trial.why_not = "there is no outcome '" + trial.outcome + "'";
    if (!trial.why_not.empty()) {
      left_out.push_back({&row, trial.why_not});
      continue;
    }
    trial.variation = variation_of(trial, *outcome, variability);
    trial.beneficial = trial.reported == (outcome->good == model::Good::Up ? Reported::Up : Reported::Down);
    trial.group = group_of(trial);
    trials.push_back(std::move(trial));
  }
  return trials;
}

}  // namespace osteosome::evidence
