// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "osteosome/cohort/scenario.hpp"
#include "osteosome/evidence/animal_compare.hpp"
#include "osteosome/model/outcomes.hpp"

namespace osteosome::evidence {

/// Coefficient of variation between animals, and where it comes from.
struct Spread {
  enum class Origin { Evidence, Given, Assumed };
  double cv = 0;
  Origin origin = Origin::Assumed;
  std::size_t arms = 0, studies = 0;  ///< control arms pooled, and the studies they are of
  std::string source;                 ///< names the studies, or why the value is assumed
};

/// Animals a group for one arm, endpoint and time.
struct PowerRow {
  std::string arm, endpoint, label;
  double day = 0;
  Band effect;  ///< difference from the control arm [percent]
  Spread spread;
  std::size_t comparisons = 1;           ///< arms against the control
  std::optional<std::size_t> animals;    ///< least number a group with the wished power; nothing if `most` is not enough
  std::vector<double> power;             ///< at 3, 4, ... animals a group
};

/// Power of Dunnett's two-sided test at 5 % (of Student's, where one arm is compared), with as many animals in the control as in each arm. An
/// arm's standard deviation is the spread times its mean. A result counts if it points where the median effect does; power is averaged over
/// draws, so that uncertainty of the model counts (assurance). @throws Error(Input) for endpoints no model has.
[[nodiscard]] std::vector<PowerRow> power_of(const cohort::Scenario& scenario, const std::vector<simulate::CompiledModel>& models,
                                             const cohort::ScenarioResult& result, const std::string& data_root);

/// With [power]: models of women, for whom animals a group say nothing. Adds to `problems`.
void check_power(const cohort::Scenario& scenario, const std::vector<simulate::CompiledModel>& models, core::Diagnostics& problems);

/// "18 %: 6 control arms of 2 studies (...)", "20 %, given", "30 %, assumed: ...".
[[nodiscard]] std::string spread_text(const Spread& spread);

/// Spread between animals for a code of the model, e.g. BVTV_tibia, in a species: pooled over the control arms of the evidence
/// (evidence/control-arms.csv), weighted by degrees of freedom, else assumed.
class AnimalSpread {
 public:
  /// Keeps a reference to `outcomes`. @throws Error(Input) outcome-006 for an outcome without any spread.
  AnimalSpread(const std::string& data_root, const model::Outcomes& outcomes);
  AnimalSpread(const std::string& data_root, model::Outcomes&& outcomes) = delete;
  [[nodiscard]] Spread of(const std::string& code, const std::string& species) const;

 private:
  struct Pool {
    double squares = 0, degrees = 0;
    std::size_t arms = 0;
    std::vector<std::string> studies;
  };
  const model::Outcomes& outcomes_;
  std::map<std::pair<std::string, std::string>, Pool> pools_;  ///< by species and outcome
  std::map<std::string, double> assumed_;                      ///< by the name of the spread
};

}  // namespace osteosome::evidence
