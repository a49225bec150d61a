// SPDX-License-Identifier: Apache-2.0
#include "start_values.hpp"

#include <vector>

#include "symbols.hpp"

namespace osteosome::compile {

using expr::Ast;
using expr::Op;

NodeId StartValues::of(const Ast& formula) { return of(symbols_.translate(formula, View::Live)); }

std::optional<NodeId> StartValues::of(const std::optional<Ast>& formula) { return formula ? std::optional(of(*formula)) : std::nullopt; }

NodeId StartValues::of(NodeId node) {
  auto& g = symbols_.graph();
  if ((g.depends(node) & (expr::kOnState | expr::kOnDelayed)) == 0 && !needs_parameter_start(node)) return node;
  const std::vector<NodeId> root = {node};
  const auto needed = g.reachable(root);
  for (NodeId id = 0; id < needed.size(); ++id) {
    if (needed[id] && !of_node_.contains(id)) of_node_[id] = of_leaf_or_known(id);
  }
  return of_node_.at(node);
}

/// Of a leaf, or of a node whose arguments are known.
NodeId StartValues::of_leaf_or_known(NodeId id) {
  auto& g = symbols_.graph();
  const Quantities& q = symbols_.quantities();
  const expr::Node n = g[id];
  if (n.op == Op::State) return of_state(n.a);
  if (n.op == Op::Delayed) return of(symbols_.delays()[n.a].before);
  if (n.op == Op::Parameter && needs_parameter_start(id)) return of(*q.initial_assignments.at(q.parameters[n.a]->id));
  const int count = expr::arity(n.op);
  if (count == 0) return id;
  return g.make(n.op, of_node_.at(n.a), count > 1 ? of_node_.at(n.b) : 0, count > 2 ? of_node_.at(n.c) : 0);
}

/// True for parameters that events change and whose value at the start is a formula, and for what depends on one.
bool StartValues::needs_parameter_start(NodeId node) const {
  const Quantities& q = symbols_.quantities();
  if (q.initial_assignments.empty() || q.set_by_events.empty()) return false;
  return uses_parameter(node, [&](const std::string& id) { return q.set_by_events.contains(id) && q.initial_assignments.contains(id); });
}

bool StartValues::uses_parameter(NodeId node, const std::function<bool(const std::string& id)>& wanted) const {
  const auto& g = symbols_.graph();
  const std::vector<NodeId> root = {node};
  const auto needed = g.reachable(root);
  for (NodeId id = 0; id < needed.size(); ++id) {
    if (needed[id] && g[id].op == Op::Parameter && wanted(symbols_.quantities().parameters[g[id].a]->id)) return true;
  }
  return false;
}

NodeId StartValues::of_state(std::uint32_t index) {
  if (const auto hit = of_state_.find(index); hit != of_state_.end()) return hit->second;
  auto& g = symbols_.graph();
  const Quantities& q = symbols_.quantities();
  const StateQuantity& state = q.states[index];
  const auto link = symbols_.chain().enter("the initial value of '" + state.id + "'", View::Live);
  NodeId value = 0;
  if (const auto assignment = q.initial_assignments.find(state.id); assignment != q.initial_assignments.end()) {
    value = of(*assignment->second);
  } else if (state.species != nullptr) {
    value = of(state.species->initial);
  } else {
    value = g.constant(state.compartment != nullptr ? state.compartment->size : state.parameter->value);
  }
  if (state.is_amount) value = initial_amount(*state.species, value);
  return of_state_[index] = value;
}

/// The amount of a species whose symbol starts at `concentration`; one given as an amount per volume is that amount, whatever the volume.
NodeId StartValues::initial_amount(const model::Species& s, NodeId concentration) {
  const Ast& given = s.initial;
  const bool per_volume = given.kind == Ast::Kind::Call && given.name == "/" && given.args[1].kind == Ast::Kind::Name &&
                          given.args[1].name == s.compartment && !symbols_.quantities().initial_assignments.contains(s.id);
  if (per_volume) return of(given.args[0]);
  return symbols_.graph().make(Op::Mul, concentration, of(symbols_.resolve(s.compartment, View::Live)));
}

NodeId at_time_zero(expr::Graph& g, NodeId node) {
  if ((g.depends(node) & expr::kOnTime) == 0) return node;
  std::unordered_map<NodeId, NodeId> fixed;
  const std::vector<NodeId> root = {node};
  const auto needed = g.reachable(root);
  for (NodeId id = 0; id < needed.size(); ++id) {
    if (!needed[id]) continue;
    const expr::Node n = g[id];
    const int count = expr::arity(n.op);
    if (n.op == Op::Time) {
      fixed[id] = g.constant(0);
    } else {
      fixed[id] = count == 0 ? id : g.make(n.op, fixed.at(n.a), count > 1 ? fixed.at(n.b) : 0, count > 2 ? fixed.at(n.c) : 0);
    }
  }
  return fixed.at(node);
}

}  // namespace osteosome::compile
