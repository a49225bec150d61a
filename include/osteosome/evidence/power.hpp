// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "osteosome/evidence/animal_compare.hpp"
#include "osteosome/simulate/scenario.hpp"

namespace osteosome::evidence {

/// Animals a group for one arm, endpoint and time.
struct PowerRow {
  std::string arm, endpoint, label;
  double day = 0;
  Band effect;  ///< difference from the control arm [percent]
  Variation variation;
  std::optional<std::size_t> animals;    ///< least number a group with the wished power; nothing if `most` is not enough
  std::vector<double> power;             ///< at 3, 4, ... animals a group
};

/// Power by simulation: for every draw of the parameters, animals are drawn about the two means with the between-animal spread of the
/// endpoint, and compared by a two-sided t test at 5 %. A result counts if it points where the median effect does. Power is averaged over
/// draws, so that uncertainty of the model counts (assurance). @throws Error(Input) for endpoints no model has.
[[nodiscard]] std::vector<PowerRow> power_of(const simulate::Scenario& scenario, const std::vector<simulate::CompiledModel>& models,
                                             const simulate::ScenarioResult& result, const std::string& data_root);

/// Quantile of Student's t (Abramowitz and Stegun 1964, 26.7.5): error below 0.02 for 4 degrees of freedom, 1e-4 from 20 on.
[[nodiscard]] double student_quantile(double p, double degrees);

/// Spread between animals for a code of the model, e.g. BVTV_tibia, in a species with or without ovaries.
class AnimalVariation {
 public:
  explicit AnimalVariation(const std::string& data_root);
  [[nodiscard]] Variation of(const std::string& code, const std::string& species, const std::string& disease) const;

 private:
  Vocabulary vocabulary_;
  std::map<std::string, double> cv_;
};

}  // namespace osteosome::evidence
