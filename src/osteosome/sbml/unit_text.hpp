// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sbml/SBMLTypes.h>

#include <string>

#include "osteosome/core/units.hpp"
#include "osteosome/model/model.hpp"

namespace osteosome::sbml {

/// SBML units as ours. A unit that is not declared, or has an offset, is not known.
class UnitReader {
 public:
  UnitReader(const Model& model, const core::UnitSystem& units) : model_(model), units_(units) {}

  /// Of a unit reference: a unit definition, a base unit, or a predefined name of Level 2; "" is not known.
  [[nodiscard]] model::UnitText read(const std::string& reference) const;
  [[nodiscard]] model::UnitText time() const;
  [[nodiscard]] model::UnitText substance(const Species& species) const;
  [[nodiscard]] model::UnitText size(const Compartment& compartment) const;
  [[nodiscard]] model::UnitText quotient(const model::UnitText& a, const model::UnitText& b) const;

 private:
  [[nodiscard]] model::UnitText from_text(const std::string& text) const;
  [[nodiscard]] model::UnitText predefined(const std::string& name) const;

  const Model& model_;
  const core::UnitSystem& units_;
};

}  // namespace osteosome::sbml
