// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "osteosome/model/model.hpp"

namespace osteosome::compile {

/// A state, and what of the model it is: one of the pointers is set.
struct StateQuantity {
  std::string id;
  const model::Species* species = nullptr;
  const model::Compartment* compartment = nullptr;
  const model::Parameter* parameter = nullptr;  ///< that an algebraic rule determines
  bool is_amount = false;                       ///< of a species whose symbol is a concentration
};

/// The quantities of a model by what gives them their values. Points into the model.
struct Quantities {
  std::vector<const model::Parameter*> parameters;  ///< in the order of the program
  std::vector<StateQuantity> states;                ///< the same
  std::map<std::string, const model::FunctionDefinition*> functions;
  std::map<std::string, const model::Rule*> rules;  ///< assignment rules
  std::map<std::string, const model::Reaction*> reactions;
  std::map<std::string, const expr::Ast*> initial_assignments;
  std::set<std::string> set_by_events;
  std::set<std::string> candidates;  ///< for algebraic rules: what nothing else determines

  [[nodiscard]] std::optional<std::uint32_t> state_index(const std::string& id) const;
  [[nodiscard]] std::optional<std::uint32_t> parameter_index(const std::string& id) const;
  /// True if the value at the start is that for good, unless a rule says otherwise.
  [[nodiscard]] bool keeps_start(const std::string& id) const { return !set_by_events.contains(id) && !candidates.contains(id); }
};

/// The model must outlive what is returned. O(size of the model).
[[nodiscard]] Quantities quantities_of(const model::Model& model);

}  // namespace osteosome::compile
