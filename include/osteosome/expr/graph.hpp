// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace osteosome::expr {

using NodeId = std::uint32_t;

/// Node kinds of the expression graph: leaves, and the operations of operations.def. Comparisons and logic yield 1 or 0; `Select` takes its second
/// argument where the first is not 0, else its third. `Switch` is a branch bit that the integrator freezes within a step; `Delayed` is an earlier
/// value that the integrator looks up in its history.
enum class Op : std::uint8_t {
  Constant,
  Parameter,
  State,
  Time,
  Switch,
  Delayed,
#define OPERATION(name, ...) name,
#define GRAPH_OPERATION(name, ...) name,
#include "osteosome/expr/operations.def"
};

struct Node {
  Op op = Op::Constant;
  NodeId a = 0, b = 0, c = 0;  ///< arguments; `a` is the index of a Parameter, State, Switch or Delayed
  double value = 0;            ///< Constant
};

/// What a value depends on, as bits.
enum Depends : std::uint8_t { kOnNothing = 0, kOnParameter = 1, kOnState = 2, kOnTime = 4, kOnSwitch = 8, kOnDelayed = 16 };

[[nodiscard]] int arity(Op op);
[[nodiscard]] double apply(Op op, double a, double b, double c);

/// Hash-consed, append-only expression graph. Arguments precede their users, so node order is evaluation order.
/// Construction folds constants and neutral elements; small literal integer powers become products.
class Graph {
 public:
  [[nodiscard]] NodeId constant(double value);
  [[nodiscard]] NodeId leaf(Op op, std::uint32_t index = 0);  ///< Parameter, State, Time, Switch, Delayed
  [[nodiscard]] NodeId make(Op op, NodeId a, NodeId b = 0, NodeId c = 0);

  [[nodiscard]] const Node& operator[](NodeId id) const& { return nodes_[id]; }
  const Node& operator[](NodeId id) && = delete;
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] std::uint8_t depends(NodeId id) const { return depends_[id]; }
  [[nodiscard]] bool is_constant(NodeId id, double value) const { return nodes_[id].op == Op::Constant && nodes_[id].value == value; }
  /// Marks every node that `roots` need. Returned vector: one flag a node.
  [[nodiscard]] std::vector<char> reachable(std::span<const NodeId> roots) const;

  /// Forward derivative of each root with respect to leaf `wrt` (a State, Parameter or Time leaf). O(reachable nodes).
  [[nodiscard]] std::vector<NodeId> differentiate(std::span<const NodeId> roots, NodeId wrt);
  /// Directional derivative: each leaf moves at the rate of its node in `rates`; leaves not named stand still. O(reachable nodes).
  [[nodiscard]] std::vector<NodeId> differentiate_along(std::span<const NodeId> roots, const std::unordered_map<NodeId, NodeId>& rates);

 private:
  NodeId intern(const Node& node);
  NodeId simplify(Op op, NodeId a, NodeId b, NodeId c);
  NodeId power(NodeId base, NodeId exponent);
  NodeId derivative_of(NodeId id, const std::vector<NodeId>& d);

  struct Hash {
    std::size_t operator()(const Node& n) const;
  };
  struct Same {
    bool operator()(const Node& x, const Node& y) const;
  };
  std::vector<Node> nodes_;
  std::vector<std::uint8_t> depends_;
  std::unordered_map<Node, NodeId, Hash, Same> index_;
};

}  // namespace osteosome::expr
