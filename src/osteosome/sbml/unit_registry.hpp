// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "osteosome/core/units.hpp"
#include "osteosome/model/model.hpp"

namespace osteosome::sbml {

/// The units a model needs, as SBML unit definitions.
class UnitRegistry {
 public:
  /// Identifier of the unit; "" if it is not known.
  std::string id(const model::UnitText& unit);
  std::string id(const core::Unit& unit, const std::string& text = "");
  /// The <listOfUnitDefinitions>, or "".
  [[nodiscard]] std::string definitions() const;

 private:
  struct Known {
    core::Unit unit;
    std::string id;
  };
  std::vector<Known> known_;
};

}  // namespace osteosome::sbml
