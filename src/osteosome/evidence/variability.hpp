// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "osteosome/model/outcomes.hpp"

namespace osteosome::evidence {

/// Coefficients of variation between animals (evidence/preclinical/variability.csv).
class Variability {
 public:
  /// @throws Error(Input) outcome-006 for outcomes whose spread the file does not even assume, with near matches.
  Variability(const std::string& data_root, const model::Outcomes& outcomes);
  /// Of animals of that species and model of disease, if a study tells; `spread` is that of an Outcome.
  [[nodiscard]] std::optional<double> known(const std::string& species, const std::string& animal_model, const std::string& spread) const;
  /// Where no study tells.
  [[nodiscard]] double assumed(const std::string& spread) const;

 private:
  std::map<std::tuple<std::string, std::string, std::string>, double> cv_;  ///< by species, model, spread
};

}  // namespace osteosome::evidence
