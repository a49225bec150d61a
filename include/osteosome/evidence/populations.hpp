// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "osteosome/model/outcomes.hpp"

namespace osteosome::evidence {

/// What the women of an arm are taken to be where their study is silent.
struct Population {
  std::string code, title;
  double age_y = 0;                               ///< [years] at month 0, of those without `age_at_menopause_y`
  std::optional<double> age_at_menopause_y;       ///< [years]: age is this and the years since menopause
  std::optional<double> years_since_menopause;
  bool surgical = false;                          ///< the ovaries were removed
  std::vector<std::pair<std::string, double>> t_scores;  ///< by code of the site
  std::optional<std::string> others;              ///< it also holds for codes without an entry that begin so
};

/// The populations of a data folder. Immutable; safe to share between threads.
class Populations {
 public:
  explicit Populations(std::vector<Population> all) : all_(std::move(all)) {}
  /// The entry of that code, else the first that takes others like it.
  [[nodiscard]] const Population& of(const std::string& code) const&;
  const Population& of(const std::string& code) && = delete;

 private:
  std::vector<Population> all_;
};

/// Reads the populations of the vocabulary of a data folder (model/vocabulary.hpp).
/// @throws Error(Input) with every problem of the file (population-001 to population-003, toml-...).
[[nodiscard]] Populations load_populations(const std::string& data_root, const model::Outcomes& outcomes);

}  // namespace osteosome::evidence
