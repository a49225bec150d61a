// SPDX-License-Identifier: Apache-2.0
#include "symbols.hpp"

#include "unsupported.hpp"

namespace osteosome::compile {
namespace {

using expr::Ast;
using expr::Op;

constexpr int kDeepestFormula = 1000;
constexpr std::size_t kMostTerms = 10'000'000;

}  // namespace

Symbols::Symbols(const model::Model& model, const Quantities& quantities) : model_(model), quantities_(quantities), chain_(model.file) {
  for (std::uint32_t i = 0; i < quantities.parameters.size(); ++i) leaves_[quantities.parameters[i]->id] = graph_.leaf(Op::Parameter, i);
  for (const auto& c : model.compartments) {
    if (c.constant) leaves_[c.id] = graph_.constant(c.size);
  }
  for (std::uint32_t i = 0; i < quantities.states.size(); ++i) leaves_[quantities.states[i].id] = graph_.leaf(Op::State, i);
}

NodeId Symbols::resolve(const std::string& name, View view) {
  if (const auto hit = known_.find({name, view}); hit != known_.end()) return hit->second;
  const auto link = chain_.enter("the value of '" + name + "'", view);
  const NodeId node = define(name, view);
  return known_[{name, view}] = node;
}

NodeId Symbols::define(const std::string& name, View view) {
  const Quantities& q = quantities_;
  if (name == expr::kTime) return graph_.leaf(Op::Time);
  if (const auto rule = q.rules.find(name); rule != q.rules.end()) return translate(rule->second->formula, view);
  if (const auto reaction = q.reactions.find(name); reaction != q.reactions.end()) return translate(reaction->second->rate, view);
  if (const auto* s = model_.find_species(name); s != nullptr) {
    if (s->assigned) return translate(*s->assigned, view);
    const bool is_amount = q.states[*q.state_index(name)].is_amount;
    return is_amount ? graph_.make(Op::Div, leaves_.at(name), resolve(s->compartment, view)) : leaves_.at(name);
  }
  if (const auto* c = model_.find_compartment(name); c != nullptr) {
    if (c->assigned) return translate(*c->assigned, view);
    if (!c->constant) return leaves_.at(name);
  }
  const auto assignment = q.initial_assignments.find(name);
  if (assignment == q.initial_assignments.end() || !q.keeps_start(name)) return leaves_.at(name);
  const NodeId value = start_.of(translate(*assignment->second, unfrozen(view)));
  return view == View::BeforeStart ? value : at_time_zero(graph_, value);
}

NodeId Symbols::translate(const Ast& formula, View view) { return translate(formula, nullptr, view, 0); }

/// `arguments`: of the function whose body this is, or null.
NodeId Symbols::translate(const Ast& formula, const Names* arguments, View view, int depth) {
  if (depth > kDeepestFormula) unsupported("a formula nested deeper than " + std::to_string(kDeepestFormula) + " levels");
  if (++terms_ > kMostTerms) unsupported("a model whose formulas, with functions written out, have more than ten million terms");
  if (formula.kind == Ast::Kind::Number) return graph_.constant(formula.value);
  if (formula.kind == Ast::Kind::Name) {
    if (arguments == nullptr) return resolve(formula.name, view);
    const auto argument = arguments->find(formula.name);
    return argument != arguments->end() ? argument->second : resolve(formula.name, view);
  }
  if (const auto user = quantities_.functions.find(formula.name); user != quantities_.functions.end()) {
    return body(*user->second, formula, arguments, view, depth);
  }
  if (formula.name == "delay") return delayed(formula, arguments, view, depth);
  if (formula.name == "rateOf") {
    if (formula.args[0].kind != Ast::Kind::Name) unsupported("rateOf something else than a name");
    return rates_.of_symbol(formula.args[0].name, view);
  }
  std::vector<NodeId> values;
  for (const Ast& argument : formula.args) values.push_back(translate(argument, arguments, view, depth + 1));
  return calls_.make(formula.name, values, view);
}

NodeId Symbols::body(const model::FunctionDefinition& function, const Ast& call, const Names* arguments, View view, int depth) {
  Names values;
  for (std::size_t i = 0; i < call.args.size(); ++i) values[function.arguments[i]] = translate(call.args[i], arguments, view, depth + 1);
  return translate(function.body, &values, view, depth + 1);
}

/// The past is looked up with live comparisons, whatever the view of the formula around it. The frozen ones make its jumps known when they happen, so
/// that they are expected when they are seen.
NodeId Symbols::delayed(const Ast& call, const Names* arguments, View view, int depth) {
  if (view != View::BeforeStart) (void)translate(call.args[0], arguments, View::Frozen, depth + 1);
  const NodeId value = translate(call.args[0], arguments, unfrozen(view), depth + 1);
  const NodeId before = translate(call.args[0], arguments, View::BeforeStart, depth + 1);
  const NodeId duration = translate(call.args[1], arguments, unfrozen(view), depth + 1);
  if (graph_.is_constant(duration, 0) || (value == before && never_changes(value))) return value;
  const auto [it, fresh] = delay_of_.try_emplace({value, duration}, static_cast<std::uint32_t>(delays_.size()));
  if (fresh) delays_.push_back({value, duration, before});
  return graph_.leaf(Op::Delayed, it->second);
}

bool Symbols::never_changes(NodeId node) const {
  if ((graph_.depends(node) & ~expr::kOnParameter) != 0) return false;
  return !start_.uses_parameter(node, [&](const std::string& id) { return quantities_.set_by_events.contains(id); });
}

}  // namespace osteosome::compile
