// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "osteosome/evidence/preclinical.hpp"

namespace osteosome::evidence {

/// Turns the text of rows into designs with the words of the vocabulary. Keeps references to `units` and `outcomes`.
class AnimalImporter {
 public:
  AnimalImporter(const std::string& data_root, const core::UnitSystem& units, const model::Outcomes& outcomes);
  [[nodiscard]] AnimalDesign design(const AnimalRow& row) const;

 private:
  [[nodiscard]] std::string describe(const AnimalRow& row, AnimalDesign& design) const;
  [[nodiscard]] std::string describe_outcome(const AnimalRow& row, AnimalDesign& design) const;
  [[nodiscard]] std::string describe_disease(const AnimalRow& row, AnimalDesign& design) const;
  [[nodiscard]] std::string describe_treatment(const AnimalRow& row, AnimalDesign& design) const;
  [[nodiscard]] double day_after_last_dose(const std::string& regimen, double days) const;

  const core::UnitSystem& units_;
  const model::Outcomes& outcomes_;
  Vocabulary vocabulary_;
  protocol::DrugCatalogue catalogue_;
};

}  // namespace osteosome::evidence
