// SPDX-License-Identifier: Apache-2.0
#include "dynamics.hpp"

#include <cmath>
#include <map>
#include <set>

namespace osteosome::compile {
namespace {

using expr::Op;

std::vector<NodeId> derivatives(Symbols& symbols) {
  std::vector<NodeId> all;
  for (std::uint32_t i = 0; i < symbols.quantities().states.size(); ++i) all.push_back(symbols.rates().of_state(i, View::Frozen));
  return all;
}

/// What each fast reaction moves, for the solvers to bring it to rest.
std::vector<FastReaction> fast_reactions(Symbols& symbols) {
  auto& g = symbols.graph();
  std::vector<FastReaction> all;
  for (const auto& r : symbols.model().reactions) {
    if (!r.fast) continue;
    FastReaction f{symbols.resolve(r.id, View::Frozen), {}};
    std::map<std::uint32_t, NodeId> net;
    for (const auto& [i, change] : symbols.rates().changes(r, View::Frozen)) {
      const NodeId moved = symbols.rates().per_volume(i, change, View::Frozen);
      net[i] = net.contains(i) ? g.make(Op::Add, net[i], moved) : moved;
    }
    f.change.assign(net.begin(), net.end());
    all.push_back(std::move(f));
  }
  return all;
}

/// Pairs each equation with a quantity that it determines, by augmenting paths.
class Matching {
 public:
  /// A quantity, and the derivative of each residual by it.
  struct Candidate {
    std::uint32_t state;
    std::vector<NodeId> column;
  };

  Matching(const expr::Graph& graph, std::vector<Candidate> candidates) : g_(graph), candidates_(std::move(candidates)) {}

  /// False if every quantity in `equation` is needed by others.
  bool place(std::size_t equation) {
    std::set<std::uint32_t> tried;
    return place(equation, tried);
  }
  [[nodiscard]] const std::map<std::uint32_t, std::size_t>& equation_of() const { return equation_of_; }

 private:
  bool place(std::size_t equation, std::set<std::uint32_t>& tried) {
    for (const auto& [state, column] : candidates_) {
      if (g_.is_constant(column[equation], 0) || !tried.insert(state).second) continue;
      const auto taken = equation_of_.find(state);
      if (taken != equation_of_.end() && !place(taken->second, tried)) continue;
      equation_of_[state] = equation;
      return true;
    }
    return false;
  }

  const expr::Graph& g_;
  std::vector<Candidate> candidates_;
  std::map<std::uint32_t, std::size_t> equation_of_;
};

/// Those that nothing else gives a value come first.
std::vector<Matching::Candidate> candidates(Symbols& symbols, const std::vector<NodeId>& residuals) {
  auto& g = symbols.graph();
  const Quantities& q = symbols.quantities();
  std::vector<Matching::Candidate> all;
  for (const bool second_choice : {false, true}) {
    for (const std::string& name : q.candidates) {
      const std::uint32_t i = *q.state_index(name);
      const NodeId start = symbols.start().of_state(i);
      const bool has_value = q.set_by_events.contains(name) || !(g[start].op == Op::Constant && std::isnan(g[start].value));
      if (has_value == second_choice) all.push_back({i, g.differentiate(residuals, g.leaf(Op::State, i))});
    }
  }
  return all;
}

std::vector<AlgebraicEquation> algebraic_equations(Symbols& symbols) {
  std::vector<NodeId> residuals;
  std::vector<const model::Rule*> rules;
  for (const auto& r : symbols.model().rules) {
    if (r.kind != model::Rule::Kind::Algebraic) continue;
    rules.push_back(&r);
    residuals.push_back(symbols.translate(r.formula, View::Frozen));
  }
  if (residuals.empty()) return {};
  Matching matching(symbols.graph(), candidates(symbols, residuals));
  for (std::size_t k = 0; k < residuals.size(); ++k) {
    if (matching.place(k)) continue;
    throw core::Error(core::ErrorKind::Model, {"compile-003", "algebraic rule '" + rules[k]->id + "' determines nothing", rules[k]->where,
                                               "It needs a quantity that no rule or reaction changes."});
  }
  std::vector<AlgebraicEquation> all;
  for (const auto& [state, equation] : matching.equation_of()) all.push_back({state, residuals[equation]});
  return all;
}

}  // namespace

Dynamics dynamics_of(Symbols& symbols) {
  Dynamics d;
  d.derivative = derivatives(symbols);
  d.fast = fast_reactions(symbols);
  d.algebraic = algebraic_equations(symbols);
  return d;
}

}  // namespace osteosome::compile
