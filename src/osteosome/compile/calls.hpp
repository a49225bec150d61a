// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "osteosome/compile/program.hpp"
#include "view.hpp"

namespace osteosome::compile {

/// Calls of operators and built-in functions as nodes. Comparisons and jumps that vary become branch values where they are frozen.
class Calls {
 public:
  explicit Calls(expr::Graph& graph) : g_(graph) {}

  /// @throws Error(Unsupported) for a function that is none of SBML's.
  NodeId make(const std::string& function, const std::vector<NodeId>& arguments, View view);

  /// The branches that frozen calls have made, in the order of their values.
  [[nodiscard]] const std::vector<SwitchDefinition>& switches() const { return switches_; }

 private:
  using Arguments = std::vector<NodeId>;

  bool varies(NodeId node) const;
  NodeId frozen(NodeId live, const SwitchDefinition& branch);
  NodeId less(NodeId low, NodeId high, bool inclusive, View view);
  NodeId equal(NodeId x, NodeId y, View view);
  NodeId floor(NodeId x, View view);
  NodeId ceil(NodeId x, View view);
  NodeId whole_ratio(NodeId x, NodeId y, View view);
  NodeId magnitude(NodeId x, View view);
  NodeId least(const Arguments& a, View view);
  NodeId greatest(const Arguments& a, View view);
  NodeId fold(expr::Op op, const Arguments& a, double neutral);
  NodeId odd(const Arguments& a);
  NodeId piecewise(const Arguments& a);

  expr::Graph& g_;
  std::vector<SwitchDefinition> switches_;
  std::map<NodeId, std::uint32_t> branch_of_;  ///< by the live node
};

}  // namespace osteosome::compile
