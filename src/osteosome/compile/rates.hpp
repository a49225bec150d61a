// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "osteosome/compile/program.hpp"
#include "view.hpp"

namespace osteosome::compile {

class Symbols;

/// Rates of change of states by their own rates and by slow reactions, found when first asked for.
class Rates {
 public:
  explicit Rates(Symbols& symbols) : symbols_(symbols) {}

  /// The derivative of state `index`.
  NodeId of_state(std::uint32_t index, View view);
  /// Of any symbol; that of a rule follows from the states behind it.
  NodeId of_symbol(const std::string& name, View view);

  /// What one extent of a reaction changes, and how much: of the states that it leaves alone, nothing.
  using Changes = std::vector<std::pair<std::uint32_t, NodeId>>;
  /// As amounts.
  const Changes& changes(const model::Reaction& reaction, View view);
  /// `change` of an amount as a change of the state, which may be a concentration.
  NodeId per_volume(std::uint32_t index, NodeId change, View view);

 private:
  NodeId own_rate(std::uint32_t index, View view);
  NodeId flow(std::uint32_t index, const model::Reaction& reaction, View view, NodeId total);
  Changes new_changes(const model::Reaction& reaction, View view);

  Symbols& symbols_;
  std::map<std::pair<std::uint32_t, View>, NodeId> of_state_;
  std::map<std::pair<std::string, View>, Changes> changes_;
};

}  // namespace osteosome::compile
