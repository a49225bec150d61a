// SPDX-License-Identifier: Apache-2.0
#include "osteosome/compile/interpreter.hpp"

#include <cmath>

namespace osteosome::compile {

using expr::NodeId;
using expr::Op;

Interpreter::Interpreter(const expr::Graph& graph, std::vector<NodeId> roots) : graph_(graph), roots_(std::move(roots)) {
  const auto needed = graph.reachable(roots_);
  for (NodeId id = 0; id < needed.size(); ++id) {
    if (!needed[id]) continue;
    const bool fixed = (graph.depends(id) & ~expr::kOnParameter) == 0;
    (fixed ? fixed_ : varying_).push_back(id);
  }
  value_.resize(needed.size());
}

void Interpreter::run(NodeId id, double time, std::span<const double> states, std::span<const double> bits, std::span<const double> delayed) {
  const expr::Node& n = graph_[id];
  switch (n.op) {
    case Op::Constant: value_[id] = n.value; break;
    case Op::Parameter: value_[id] = parameters_[n.a]; break;
    case Op::State: value_[id] = states[n.a]; break;
    case Op::Time: value_[id] = time; break;
    case Op::Switch: value_[id] = bits[n.a]; break;
    case Op::Delayed: value_[id] = delayed[n.a]; break;
    default: value_[id] = expr::apply(n.op, value_[n.a], value_[n.b], value_[n.c]);
  }
}

void Interpreter::prepare(std::span<const double> parameters) {
  parameters_.assign(parameters.begin(), parameters.end());
  for (const NodeId id : fixed_) run(id, 0, {}, {}, {});
}

void Interpreter::evaluate(double time, std::span<const double> states, std::span<const double> bits, std::span<double> out,
                           std::span<const double> delayed) {
  for (const NodeId id : varying_) run(id, time, states, bits, delayed);
  for (std::size_t k = 0; k < roots_.size(); ++k) out[k] = value_[roots_[k]];
}

double Interpreter::term_magnitude(std::size_t k) const {
  double sum = 0;
  std::vector<NodeId> terms = {roots_[k]};
  while (!terms.empty()) {
    const NodeId id = terms.back();
    terms.pop_back();
    const expr::Node& n = graph_[id];
    if (n.op == Op::Add || n.op == Op::Sub) {
      terms.push_back(n.a);
      terms.push_back(n.b);
    } else if (n.op == Op::Neg) {
      terms.push_back(n.a);
    } else {
      sum += std::abs(value_[id]);
    }
  }
  return sum;
}

}  // namespace osteosome::compile
