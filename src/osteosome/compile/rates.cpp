// SPDX-License-Identifier: Apache-2.0
#include "rates.hpp"

#include <algorithm>
#include <unordered_map>

#include "symbols.hpp"
#include "unsupported.hpp"

namespace osteosome::compile {

using expr::Op;

NodeId Rates::of_state(std::uint32_t index, View view) {
  if (const auto hit = of_state_.find({index, view}); hit != of_state_.end()) return hit->second;
  const auto link = symbols_.chain().enter("the rate of '" + symbols_.quantities().states[index].id + "'", View::Live);
  const NodeId rate = own_rate(index, view);
  return of_state_[{index, view}] = rate;
}

NodeId Rates::of_symbol(const std::string& name, View view) {
  auto& g = symbols_.graph();
  if (view == View::BeforeStart) return g.constant(0);
  const std::vector<NodeId> root = {symbols_.resolve(name, view)};
  std::unordered_map<NodeId, NodeId> rates = {{g.leaf(Op::Time), g.constant(1)}};
  const auto& reactions = symbols_.model().reactions;
  const bool fast = std::any_of(reactions.begin(), reactions.end(), [](const model::Reaction& r) { return r.fast; });
  const auto needed = g.reachable(root);
  for (NodeId id = 0; id < needed.size(); ++id) {
    if (!needed[id] || g[id].op != Op::State) continue;
    const std::uint32_t index = g[id].a;
    if (fast || symbols_.quantities().candidates.contains(symbols_.quantities().states[index].id))
      unsupported("the rate of '" + name + "', which depends on an algebraic rule or a fast reaction,");
    rates[id] = of_state(index, view);
  }
  return g.differentiate_along(root, rates)[0];
}

NodeId Rates::own_rate(std::uint32_t index, View view) {
  auto& g = symbols_.graph();
  const StateQuantity& state = symbols_.quantities().states[index];
  if (state.compartment != nullptr) return state.compartment->rate ? symbols_.translate(*state.compartment->rate, view) : g.constant(0);
  if (state.species == nullptr) return g.constant(0);
  const model::Species& s = *state.species;
  NodeId total = g.constant(0);
  if (s.rate) {
    total = symbols_.translate(*s.rate, view);
    if (state.is_amount) {  // d(cV)/dt = V dc/dt + c dV/dt
      const NodeId swelling = g.make(Op::Mul, symbols_.resolve(s.id, view), of_symbol(s.compartment, view));
      total = g.make(Op::Add, g.make(Op::Mul, total, symbols_.resolve(s.compartment, view)), swelling);
    }
  }
  for (const auto& r : symbols_.model().reactions) {
    if (!r.fast) total = flow(index, r, view, total);
  }
  return total;
}

/// `total` and what `reaction` adds to state `index`.
NodeId Rates::flow(std::uint32_t index, const model::Reaction& reaction, View view, NodeId total) {
  auto& g = symbols_.graph();
  for (const auto& [i, change] : changes(reaction, view)) {
    if (i != index) continue;
    const auto& n = g[change];
    const bool consumed = n.op == Op::Neg || (n.op == Op::Constant && n.value < 0);
    const NodeId amount = consumed ? g.make(Op::Neg, change) : change;
    const NodeId added = per_volume(index, g.make(Op::Mul, amount, symbols_.resolve(reaction.id, view)), view);
    total = g.make(consumed ? Op::Sub : Op::Add, total, added);
  }
  return total;
}

const Rates::Changes& Rates::changes(const model::Reaction& reaction, View view) {
  const auto hit = changes_.find({reaction.id, view});
  return hit != changes_.end() ? hit->second : changes_[{reaction.id, view}] = new_changes(reaction, view);
}

Rates::Changes Rates::new_changes(const model::Reaction& reaction, View view) {
  auto& g = symbols_.graph();
  Changes result;
  const auto contribute = [&](const model::SpeciesReference& ref, bool produced) {
    const model::Species& s = *symbols_.model().find_species(ref.species);
    if (s.boundary || s.constant || s.assigned) return;
    NodeId change = symbols_.translate(ref.stoichiometry, view);
    if (!s.conversion_factor.empty()) change = g.make(Op::Mul, change, symbols_.resolve(s.conversion_factor, view));
    result.emplace_back(*symbols_.quantities().state_index(s.id), produced ? change : g.make(Op::Neg, change));
  };
  for (const auto& ref : reaction.reactants) contribute(ref, false);
  for (const auto& ref : reaction.products) contribute(ref, true);
  return result;
}

NodeId Rates::per_volume(std::uint32_t index, NodeId change, View view) {
  const StateQuantity& state = symbols_.quantities().states[index];
  const model::Species* s = state.species;
  if (s == nullptr || s->compartment.empty() || s->substance_only || state.is_amount) return change;
  return symbols_.graph().make(Op::Div, change, symbols_.resolve(s->compartment, view));
}

}  // namespace osteosome::compile
