// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "osteosome/evidence/animal_compare.hpp"

namespace osteosome::evidence {

/// A cargo in a recipient cell over a run, or the lumped cargo of one recipient together.
struct CargoInCell {
  std::string names, kind;  ///< kind: class of the product document
  Band copies, share;       ///< highest over the run, over the draws: copies a cell; share of the greatest effect
  std::string verdict;      ///< whether it can act
};
/// Every cargo of the products of an arm. `times`: output times of the run.
[[nodiscard]] std::vector<CargoInCell> cargo_in_cells(const model::Model& model, const cohort::ArmResult& arm, std::size_t times);

/// A quantity of a product that is no cargo and no outcome (culture history, acute effects), at the end of a run.
struct ProductValue {
  std::string label;
  Band value;
};
[[nodiscard]] std::vector<ProductValue> product_values(const model::Model& model, const cohort::ArmResult& arm);

/// Constants without a measurement that a regimen's products bring, themselves and what they draw on: ids of parameters.
[[nodiscard]] std::vector<std::string> assumed_constants(const model::Model& model, const protocol::Regimen& regimen);

/// Codes of `outcomes` that the model itself has.
[[nodiscard]] std::vector<std::string> own_outcomes(const model::Model& model, const std::vector<std::string>& outcomes);

/// One arm against the control arm at the end: percent, over the draws, one a code.
[[nodiscard]] std::vector<Band> differences(const model::Model& model, const cohort::ScenarioResult& result, const cohort::ArmResult& arm,
                                            const cohort::ArmResult& control, const std::vector<std::string>& codes, double until_days);

}  // namespace osteosome::evidence
