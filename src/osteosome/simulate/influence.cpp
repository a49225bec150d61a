// SPDX-License-Identifier: Apache-2.0
#include "influence.hpp"

#include <algorithm>

namespace osteosome::simulate {

using compile::NodeId;
using expr::Op;

Influence::Influence(const compile::Program& program)
    : program_(program), n_(program.states.size()), direct_(n_ + program.parameters.size()), time_(direct_.size(), 0) {
  for (auto& row : direct_) row.assign(direct_.size(), 0);
  for (std::size_t i = 0; i < n_; ++i) add(i, sources_of({program.derivative[i]}));
  for (const auto& event : program.events) {
    std::vector<NodeId> roots = {event.trigger};
    if (event.delay) roots.push_back(*event.delay);
    if (event.priority) roots.push_back(*event.priority);
    for (const auto& action : event.actions) {
      roots.push_back(action.value);
      if (action.volume) roots.push_back(*action.volume);
    }
    const Sources sources = sources_of(roots);
    for (const auto& action : event.actions) {
      const std::size_t target = action.is_state ? action.index : n_ + action.index;
      add(target, sources);
      direct_[target][target] = 1;  // kept until the event comes
    }
  }
  reach_ = direct_;
  for (std::size_t start = 0; start < direct_.size(); ++start) {
    std::vector<std::size_t> open = {start};
    auto& seen = reach_[start];
    std::fill(seen.begin(), seen.end(), 0);
    while (!open.empty()) {
      const std::size_t at = open.back();
      open.pop_back();
      for (std::size_t next = 0; next < direct_.size(); ++next) {
        if (direct_[at][next] == 0 || seen[next] != 0) continue;
        seen[next] = 1;
        open.push_back(next);
      }
    }
  }
}

Influence::Sources Influence::sources_of(const std::vector<NodeId>& roots) const {
  Sources found{std::vector<char>(direct_.size(), 0), false};
  std::vector<NodeId> open = roots;
  std::vector<char> seen(program_.graph.size(), 0);
  while (!open.empty()) {
    const NodeId id = open.back();
    open.pop_back();
    if (seen[id] != 0) continue;
    seen[id] = 1;
    const expr::Node& node = program_.graph[id];
    if (node.op == Op::State) found.quantities[node.a] = 1;
    if (node.op == Op::Parameter) found.quantities[n_ + node.a] = 1;
    if (node.op == Op::Time) found.time = true;
    if (node.op == Op::Switch) open.push_back(program_.switches[node.a].gap);
    if (node.op == Op::Delayed) open.insert(open.end(), {program_.delays[node.a].value, program_.delays[node.a].duration});
    const int arguments = expr::arity(node.op);
    if (arguments > 0) open.push_back(node.a);
    if (arguments > 1) open.push_back(node.b);
    if (arguments > 2) open.push_back(node.c);
  }
  return found;
}

void Influence::add(std::size_t target, const Sources& sources) {
  for (std::size_t k = 0; k < sources.quantities.size(); ++k) direct_[target][k] = direct_[target][k] != 0 || sources.quantities[k] != 0 ? 1 : 0;
  time_[target] = time_[target] != 0 || sources.time ? 1 : 0;
}

std::vector<char> Influence::sums() const {
  std::vector<char> sums(n_, 1);
  for (const auto& equation : program_.algebraic) sums[equation.state] = 0;
  for (const auto& reaction : program_.fast) {
    for (const auto& change : reaction.change) sums[change.first] = 0;
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t j = 0; j < n_; ++j) {
      if (sums[j] == 0) continue;
      bool used = direct_[j][j] != 0;
      for (std::size_t i = 0; i < direct_.size() && !used; ++i) used = direct_[i][j] != 0 && (i >= n_ || sums[i] == 0);
      if (!used) continue;
      sums[j] = 0;
      changed = true;
    }
  }
  return sums;
}

std::vector<char> Influence::with_dependents(std::vector<char> states) const {
  std::vector<char> all = states;
  for (std::size_t i = 0; i < n_; ++i) {
    for (std::size_t j = 0; j < n_ && all[i] == 0; ++j) all[i] = states[j] != 0 && depends(i, j) ? 1 : 0;
  }
  return all;
}

bool Influence::on_time(const std::vector<char>& without) const {
  for (std::size_t k = 0; k < time_.size(); ++k) {
    if (time_[k] != 0 && (k >= n_ || without[k] == 0)) return true;
  }
  return false;
}

compile::Program without(const compile::Program& program, const std::vector<char>& states) {
  compile::Program rest = program;
  const NodeId zero = rest.graph.constant(0);
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (states[i] != 0) rest.derivative[i] = rest.time_derivative[i] = zero;
  }
  std::erase_if(rest.jacobian, [&](const auto& entry) { return states[entry.row] != 0; });
  for (auto& event : rest.events) {
    std::erase_if(event.actions, [&](const auto& action) { return action.is_state && states[action.index] != 0; });
  }
  std::erase_if(rest.events, [](const auto& event) { return event.actions.empty(); });
  return rest;
}

}  // namespace osteosome::simulate
