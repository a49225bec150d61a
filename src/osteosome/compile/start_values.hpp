// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "osteosome/compile/program.hpp"

namespace osteosome::compile {

class Symbols;

/// Values at the start, in terms of parameters and time.
class StartValues {
 public:
  explicit StartValues(Symbols& symbols) : symbols_(symbols) {}

  /// `node` with every state at its initial value.
  NodeId of(NodeId node);
  /// A formula of the model, seen live, at the start.
  NodeId of(const expr::Ast& formula);
  std::optional<NodeId> of(const std::optional<expr::Ast>& formula);
  NodeId of_state(std::uint32_t index);
  /// True if some parameter below `node` fulfils `wanted`.
  [[nodiscard]] bool uses_parameter(NodeId node, const std::function<bool(const std::string& id)>& wanted) const;

 private:
  bool needs_parameter_start(NodeId node) const;
  NodeId of_leaf_or_known(NodeId id);
  NodeId initial_amount(const model::Species& s, NodeId concentration);

  Symbols& symbols_;
  std::map<std::uint32_t, NodeId> of_state_;
  std::unordered_map<NodeId, NodeId> of_node_;
};

/// `node`, which depends on parameters and time, at time 0.
[[nodiscard]] NodeId at_time_zero(expr::Graph& graph, NodeId node);

}  // namespace osteosome::compile
