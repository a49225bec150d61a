// SPDX-License-Identifier: Apache-2.0
#include "osteosome/compile/program.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/model/document.hpp"

namespace osteosome::compile {
namespace {

using expr::Ast;
using expr::Op;

constexpr int kDeepestFormula = 1000;
constexpr std::size_t kLongestChain = 1000;
constexpr double kLeastPivot = 1e-300;  // makes 0 / 0 a 0 where nothing moves, and changes no other pivot
constexpr std::size_t kMostTerms = 10'000'000;

[[noreturn]] void unsupported(const std::string& what, const core::Location& where = {}) {
  throw core::Error(core::ErrorKind::Unsupported, {"compile-001", what + " is not supported by any engine of this release", where, ""});
}

/// Comparisons either become branch bits (frozen) or stay comparisons (live).
enum class Branches { Frozen, Live };

class Builder {
 public:
  explicit Builder(const model::Model& model) : model_(model) {
    for (const auto& f : model.functions) functions_[f.id] = &f;
    for (const auto& r : model.rules) {
      if (r.kind == model::Rule::Kind::Assignment) rules_[r.id] = &r;
    }
    for (const auto& r : model.reactions) reactions_[r.id] = &r;
    for (const auto& i : model.initial_assignments) initial_assignments_[i.symbol] = &i.formula;
    for (const auto& e : model.events) {
      for (const auto& a : e.assignments) set_by_events_.insert(a.target);
    }
  }

  Program run() {
    program_.model_id = model_.id;
    program_.seconds_per_time_unit = model_.time.unit.scale();
    leaves();
    for (const Branches branches : {Branches::Frozen, Branches::Live}) rules(branches);
    for (const std::string& state : program_.states) initial(state);
    for (const model::Parameter& p : model_.parameters) initial_parameter(p);
    program_.derivative = derivatives(Branches::Frozen);
    fast_reactions();
    algebraic_rules();
    reduce_index();
    events();
    observables();
    for (DelayedValue& d : program_.delays) d.before = at_start(d.before);
    jacobian();
    time_slopes();
    lane_limits();
    return std::move(program_);
  }

 private:
  using Names = std::map<std::string, NodeId>;

  /// What a state is made of, if it is no parameter.
  struct StateSource {
    const model::Species* species = nullptr;
    const model::Compartment* compartment = nullptr;
    bool is_amount = false;  ///< of a species whose symbol is a concentration
  };

  // Leaves: parameters and states.

  /// A species whose symbol is a concentration although its compartment changes.
  bool is_amount(const model::Species& s) const {
    if (s.compartment.empty() || s.substance_only) return false;
    return !model_.find_compartment(s.compartment)->constant && !candidates_.contains(s.id);
  }

  /// Quantities that an algebraic rule may determine: nothing else does.
  void find_candidates() {
    const bool algebraic =
        std::any_of(model_.rules.begin(), model_.rules.end(), [](const model::Rule& r) { return r.kind == model::Rule::Kind::Algebraic; });
    if (!algebraic) return;
    std::set<std::string> reacting;
    for (const auto& r : model_.reactions) {
      for (const auto* side : {&r.reactants, &r.products}) {
        for (const auto& ref : *side) reacting.insert(ref.species);
      }
    }
    for (const auto& s : model_.species) {
      if (!s.assigned && !s.rate && !s.constant && (s.boundary || !reacting.contains(s.id))) candidates_.insert(s.id);
    }
    for (const auto& p : model_.parameters) {
      if (p.free) candidates_.insert(p.id);
    }
    for (const auto& c : model_.compartments) {
      if (!c.constant && !c.rate && !c.assigned) candidates_.insert(c.id);
    }
  }

  void state(const std::string& id, const std::string& unit, StateSource source) {
    leaf_[id] = program_.graph.leaf(Op::State, static_cast<std::uint32_t>(program_.states.size()));
    program_.states.push_back(id);
    program_.state_units.push_back(unit);
    sources_.push_back(source);
  }

  void leaves() {
    find_candidates();
    for (const auto& p : model_.parameters) {
      if (candidates_.contains(p.id)) continue;
      leaf_[p.id] = program_.graph.leaf(Op::Parameter, static_cast<std::uint32_t>(program_.parameters.size()));
      program_.parameters.push_back(p.id);
      program_.parameter_values.push_back(p.value);
    }
    for (const auto& c : model_.compartments) {
      if (c.constant) leaf_[c.id] = program_.graph.constant(c.size);
    }
    for (const auto& s : model_.species) {
      if (!s.assigned) state(s.id, s.unit.text, {&s, nullptr, is_amount(s)});
    }
    for (const auto& c : model_.compartments) {
      if (!c.constant && !c.assigned) state(c.id, c.unit.text, {nullptr, &c, false});
    }
    for (const auto& p : model_.parameters) {
      if (candidates_.contains(p.id)) state(p.id, p.unit.text, {});
    }
  }

  // Symbols: what a name stands for in a formula, found when first asked for.

  Names& scope(Branches branches) { return before_start_ ? before_ : branches == Branches::Frozen ? frozen_ : live_; }

  NodeId resolve(const std::string& name, Branches branches) {
    Names& names = scope(branches);
    if (const auto hit = names.find(name); hit != names.end()) return hit->second;
    const std::string guard = name + (before_start_ ? "/before" : branches == Branches::Frozen ? "/frozen" : "/live");
    check_chain();
    if (!resolving_.insert(guard).second) {
      throw core::Error(core::ErrorKind::Model, {"compile-002", "the value of '" + name + "' depends on itself", {model_.file, 0, 0}, ""});
    }
    const NodeId node = define(name, branches);
    resolving_.erase(guard);
    return names[name] = node;
  }

  /// Each link of a chain takes some room on the stack.
  void check_chain() const {
    if (resolving_.size() > kLongestChain)
      unsupported("a chain of more than " + std::to_string(kLongestChain) + " quantities, each given by the next,");
  }

  NodeId define(const std::string& name, Branches branches) {
    auto& g = program_.graph;
    if (name == expr::kTime) return g.leaf(Op::Time);
    if (const auto rule = rules_.find(name); rule != rules_.end()) return translate(rule->second->formula, branches);
    if (const auto reaction = reactions_.find(name); reaction != reactions_.end()) return translate(reaction->second->rate, branches);
    if (const auto* s = model_.find_species(name); s != nullptr) {
      if (s->assigned) return translate(*s->assigned, branches);
      return is_amount(*s) ? g.make(Op::Div, leaf_.at(name), resolve(s->compartment, branches)) : leaf_.at(name);
    }
    if (const auto* c = model_.find_compartment(name); c != nullptr) {
      if (c->assigned) return translate(*c->assigned, branches);
      if (!c->constant) return leaf_.at(name);
    }
    const auto assignment = initial_assignments_.find(name);
    const bool kept = set_by_events_.contains(name) || candidates_.contains(name);  // the value at the start is not the value for good
    if (assignment != initial_assignments_.end() && !kept) {
      const NodeId value = at_start(translate(*assignment->second, Branches::Live));
      return before_start_ ? value : at_time_zero(value);
    }
    return leaf_.at(name);
  }

  void rules(Branches branches) {
    for (const std::size_t i : model::rule_order(model_)) {
      if (model_.rules[i].kind == model::Rule::Kind::Assignment) (void)resolve(model_.rules[i].id, branches);
    }
    for (const auto& r : model_.reactions) (void)resolve(r.id, branches);
  }

  // Values at the start: states in terms of parameters.

  /// `node`, which depends on parameters and time, at time 0.
  NodeId at_time_zero(NodeId node) {
    auto& g = program_.graph;
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

  /// `node` with every state at its initial value.
  NodeId at_start(NodeId node) {
    auto& g = program_.graph;
    if ((g.depends(node) & (expr::kOnState | expr::kOnDelayed)) == 0 && !needs_parameter_start(node)) return node;
    const std::vector<NodeId> root = {node};
    const auto needed = g.reachable(root);
    for (NodeId id = 0; id < needed.size(); ++id) {
      if (needed[id] && !at_start_.contains(id)) at_start_[id] = leaf_or_node_at_start(id);
    }
    return at_start_.at(node);
  }

  /// The same for a node whose arguments are known.
  NodeId leaf_or_node_at_start(NodeId id) {
    auto& g = program_.graph;
    const expr::Node n = g[id];
    if (n.op == Op::State) return initial_state(n.a);
    if (n.op == Op::Delayed) return at_start(program_.delays[n.a].before);
    if (n.op == Op::Parameter && needs_parameter_start(id)) {
      return at_start(translate(*initial_assignments_.at(program_.parameters[n.a]), Branches::Live));
    }
    const int count = expr::arity(n.op);
    if (count == 0) return id;
    return g.make(n.op, at_start_.at(n.a), count > 1 ? at_start_.at(n.b) : 0, count > 2 ? at_start_.at(n.c) : 0);
  }

  /// True for parameters that events change and whose value at the start is a formula, and for what depends on one.
  bool needs_parameter_start(NodeId node) {
    if (initial_assignments_.empty() || set_by_events_.empty()) return false;
    return uses_parameter(node, [&](const std::string& name) { return set_by_events_.contains(name) && initial_assignments_.contains(name); });
  }

  template <typename Predicate>
  bool uses_parameter(NodeId node, Predicate wanted) {
    const std::vector<NodeId> root = {node};
    const auto needed = program_.graph.reachable(root);
    for (NodeId id = 0; id < needed.size(); ++id) {
      if (needed[id] && program_.graph[id].op == Op::Parameter && wanted(program_.parameters[program_.graph[id].a])) return true;
    }
    return false;
  }

  NodeId initial_state(std::uint32_t index) {
    auto& g = program_.graph;
    const std::string& name = program_.states[index];
    if (const auto hit = initial_state_.find(index); hit != initial_state_.end()) return hit->second;
    check_chain();
    if (!resolving_.insert(name + "/start").second) {
      throw core::Error(core::ErrorKind::Model, {"compile-002", "the initial value of '" + name + "' depends on itself", {model_.file, 0, 0}, ""});
    }
    const StateSource& source = sources_[index];
    NodeId value = 0;
    if (const auto assignment = initial_assignments_.find(name); assignment != initial_assignments_.end()) {
      value = at_start(translate(*assignment->second, Branches::Live));
    } else if (source.species != nullptr) {
      value = at_start(translate(source.species->initial, Branches::Live));
    } else {
      value = g.constant(source.compartment != nullptr ? source.compartment->size : model_.find_parameter(name)->value);
    }
    if (source.is_amount) value = initial_amount(*source.species, value);
    resolving_.erase(name + "/start");
    return initial_state_[index] = value;
  }

  /// The amount of a species whose symbol starts at `concentration`; one given as an amount per volume is that amount, whatever the volume.
  NodeId initial_amount(const model::Species& s, NodeId concentration) {
    auto& g = program_.graph;
    const Ast& given = s.initial;
    const bool per_volume = given.kind == Ast::Kind::Call && given.name == "/" && given.args[1].kind == Ast::Kind::Name &&
                            given.args[1].name == s.compartment && !initial_assignments_.contains(s.id);
    if (per_volume) return at_start(translate(given.args[0], Branches::Live));
    return g.make(Op::Mul, concentration, at_start(resolve(s.compartment, Branches::Live)));
  }

  void initial(const std::string& name) {
    const std::uint32_t index = *program_.state_index(name);
    program_.initial.push_back(initial_state(index));
    const auto optional = [&](const std::optional<Ast>& ast) -> std::optional<NodeId> {
      if (!ast) return std::nullopt;
      return at_start(translate(*ast, Branches::Live));
    };
    const model::Species none;
    const model::Species& s = sources_[index].species != nullptr ? *sources_[index].species : none;
    program_.typical.push_back(optional(s.typical));
    program_.dosing.push_back({optional(s.bioavailability), optional(s.lag), optional(s.infusion_rate), optional(s.infusion_duration)});
  }

  void initial_parameter(const model::Parameter& p) {
    const auto assignment = initial_assignments_.find(p.id);
    if (assignment == initial_assignments_.end() || !set_by_events_.contains(p.id) || candidates_.contains(p.id)) return;
    program_.parameter_initial.emplace_back(*program_.parameter_index(p.id), at_start(translate(*assignment->second, Branches::Live)));
  }

  // Derivatives.

  /// Amount or concentration of each state that one extent of the reaction changes; empty for those it leaves alone.
  std::vector<std::pair<std::uint32_t, NodeId>> changes(const model::Reaction& r, Branches branches) {
    auto& g = program_.graph;
    std::vector<std::pair<std::uint32_t, NodeId>> result;
    const auto contribute = [&](const model::SpeciesReference& ref, bool produced) {
      const model::Species& s = *model_.find_species(ref.species);
      if (s.boundary || s.constant || s.assigned) return;
      NodeId change = translate(ref.stoichiometry, branches);
      if (!s.conversion_factor.empty()) change = g.make(Op::Mul, change, resolve(s.conversion_factor, branches));
      result.emplace_back(*program_.state_index(s.id), produced ? change : g.make(Op::Neg, change));
    };
    for (const auto& ref : r.reactants) contribute(ref, false);
    for (const auto& ref : r.products) contribute(ref, true);
    return result;
  }

  /// `change` of an amount as a change of the state, which may be a concentration.
  NodeId per_volume(std::uint32_t index, NodeId change, Branches branches) {
    const model::Species* s = sources_[index].species;
    if (s == nullptr || s->compartment.empty() || s->substance_only || sources_[index].is_amount) return change;
    return program_.graph.make(Op::Div, change, resolve(s->compartment, branches));
  }

  /// The derivative of state `index` by its rate or by slow reactions.
  NodeId derivative(std::uint32_t index, Branches branches) {
    auto& memo = branches == Branches::Frozen ? frozen_derivative_ : live_derivative_;
    if (const auto hit = memo.find(index); hit != memo.end()) return hit->second;
    if (!resolving_.insert(program_.states[index] + "/rate").second) {
      throw core::Error(core::ErrorKind::Model,
                        {"compile-002", "the rate of '" + program_.states[index] + "' depends on itself", {model_.file, 0, 0}, ""});
    }
    const NodeId total = own_rate(index, branches);
    resolving_.erase(program_.states[index] + "/rate");
    return memo[index] = total;
  }

  NodeId own_rate(std::uint32_t index, Branches branches) {
    auto& g = program_.graph;
    const StateSource& source = sources_[index];
    if (source.compartment != nullptr) return source.compartment->rate ? translate(*source.compartment->rate, branches) : g.constant(0);
    if (source.species == nullptr) return g.constant(0);
    const model::Species& s = *source.species;
    NodeId total = g.constant(0);
    if (s.rate) {
      total = translate(*s.rate, branches);
      if (source.is_amount) {  // d(cV)/dt = V dc/dt + c dV/dt
        const NodeId swelling = g.make(Op::Mul, resolve(s.id, branches), rate_of(s.compartment, branches));
        total = g.make(Op::Add, g.make(Op::Mul, total, resolve(s.compartment, branches)), swelling);
      }
    }
    for (const auto& r : model_.reactions) {
      if (r.fast) continue;
      for (const auto& [i, change] : changes_of(r, branches)) {
        if (i != index) continue;
        const auto& n = g[change];
        const bool consumed = n.op == Op::Neg || (n.op == Op::Constant && n.value < 0);
        const NodeId amount = consumed ? g.make(Op::Neg, change) : change;
        const NodeId flow = per_volume(index, g.make(Op::Mul, amount, resolve(r.id, branches)), branches);
        total = g.make(consumed ? Op::Sub : Op::Add, total, flow);
      }
    }
    return total;
  }

  const std::vector<std::pair<std::uint32_t, NodeId>>& changes_of(const model::Reaction& r, Branches branches) {
    auto& memo = branches == Branches::Frozen ? frozen_changes_ : live_changes_;
    const auto hit = memo.find(r.id);
    return hit != memo.end() ? hit->second : memo[r.id] = changes(r, branches);
  }

  std::vector<NodeId> derivatives(Branches branches) {
    std::vector<NodeId> all;
    for (std::uint32_t i = 0; i < program_.states.size(); ++i) all.push_back(derivative(i, branches));
    return all;
  }

  /// Rate of change of a symbol; that of a rule follows from the states behind it.
  NodeId rate_of(const std::string& name, Branches branches) {
    auto& g = program_.graph;
    if (before_start_) return g.constant(0);
    const std::vector<NodeId> root = {resolve(name, branches)};
    std::unordered_map<NodeId, NodeId> rates = {{g.leaf(Op::Time), g.constant(1)}};
    const bool fast = std::any_of(model_.reactions.begin(), model_.reactions.end(), [](const model::Reaction& r) { return r.fast; });
    const auto needed = g.reachable(root);
    for (NodeId id = 0; id < needed.size(); ++id) {
      if (!needed[id] || g[id].op != Op::State) continue;
      const std::uint32_t index = g[id].a;
      if (fast || candidates_.contains(program_.states[index]))
        unsupported("the rate of '" + name + "', which depends on an algebraic rule or a fast reaction,");
      rates[id] = derivative(index, branches);
    }
    return g.differentiate_along(root, rates)[0];
  }

  // Constraints of index 1: fast reactions and algebraic rules.

  /// Solves the symbolic system A x = b (row-major), choosing pivots that are not 0 by structure; `what` names it for the message.
  std::vector<NodeId> solve(std::vector<NodeId> a, std::vector<NodeId> b, const std::string& what) {
    auto& g = program_.graph;
    const std::size_t n = b.size();
    std::vector<std::size_t> row(n);
    for (std::size_t i = 0; i < n; ++i) row[i] = i;
    for (std::size_t k = 0; k < n; ++k) {
      std::size_t p = k;
      while (p < n && g.is_constant(a[row[p] * n + k], 0)) ++p;
      if (p == n) unsupported(what + " that do not determine one value");
      std::swap(row[k], row[p]);
      for (std::size_t i = k + 1; i < n; ++i) {
        if (g.is_constant(a[row[i] * n + k], 0)) continue;
        const NodeId factor = g.make(Op::Div, a[row[i] * n + k], a[row[k] * n + k]);
        for (std::size_t j = k; j < n; ++j) {
          a[row[i] * n + j] = g.make(Op::Sub, a[row[i] * n + j], g.make(Op::Mul, factor, a[row[k] * n + j]));
        }
        b[row[i]] = g.make(Op::Sub, b[row[i]], g.make(Op::Mul, factor, b[row[k]]));
      }
    }
    std::vector<NodeId> x(n);
    for (std::size_t k = n; k-- > 0;) {
      NodeId sum = b[row[k]];
      for (std::size_t j = k + 1; j < n; ++j) sum = g.make(Op::Sub, sum, g.make(Op::Mul, a[row[k] * n + j], x[j]));
      x[k] = g.make(Op::Div, sum, g.make(Op::Add, a[row[k] * n + k], g.constant(kLeastPivot)));
    }
    return x;
  }

  std::unordered_map<NodeId, NodeId> state_rates() {
    auto& g = program_.graph;
    std::unordered_map<NodeId, NodeId> rates = {{g.leaf(Op::Time), g.constant(1)}};
    for (std::uint32_t i = 0; i < program_.states.size(); ++i) rates[g.leaf(Op::State, i)] = program_.derivative[i];
    return rates;
  }

  /// What each fast reaction moves, for the solvers to bring it to rest.
  void fast_reactions() {
    auto& g = program_.graph;
    for (const auto& r : model_.reactions) {
      if (!r.fast) continue;
      FastReaction f{resolve(r.id, Branches::Frozen), {}};
      std::map<std::uint32_t, NodeId> net;
      for (const auto& [i, change] : changes_of(r, Branches::Frozen)) {
        const NodeId moved = per_volume(i, change, Branches::Frozen);
        net[i] = net.contains(i) ? g.make(Op::Add, net[i], moved) : moved;
      }
      f.change.assign(net.begin(), net.end());
      program_.fast.push_back(std::move(f));
    }
  }

  /// Finds for each equation a quantity that it determines (augmenting paths).
  void algebraic_rules() {
    auto& g = program_.graph;
    std::vector<NodeId> residuals;
    std::vector<const model::Rule*> equations;
    for (const auto& r : model_.rules) {
      if (r.kind != model::Rule::Kind::Algebraic) continue;
      equations.push_back(&r);
      residuals.push_back(translate(r.formula, Branches::Frozen));
    }
    if (residuals.empty()) return;
    std::vector<std::pair<std::uint32_t, std::vector<NodeId>>> by_candidate;  // those that nothing else gives a value first
    for (const bool second_choice : {false, true}) {
      for (const std::string& name : candidates_) {
        const std::uint32_t i = *program_.state_index(name);
        const NodeId start = program_.initial[i];
        const bool has_value = set_by_events_.contains(name) || !(g[start].op == Op::Constant && std::isnan(g[start].value));
        if (has_value == second_choice) by_candidate.emplace_back(i, g.differentiate(residuals, g.leaf(Op::State, i)));
      }
    }
    std::map<std::uint32_t, std::size_t> equation_of;
    for (std::size_t k = 0; k < residuals.size(); ++k) {
      std::set<std::uint32_t> tried;
      const std::function<bool(std::size_t)> match = [&](std::size_t e) {
        for (const auto& [i, column] : by_candidate) {
          if (g.is_constant(column[e], 0) || !tried.insert(i).second) continue;
          const auto taken = equation_of.find(i);
          if (taken == equation_of.end() || match(taken->second)) {
            equation_of[i] = e;
            return true;
          }
        }
        return false;
      };
      if (!match(k)) {
        throw core::Error(core::ErrorKind::Model, {"compile-003", "algebraic rule '" + equations[k]->id + "' determines nothing", equations[k]->where,
                                                   "It needs a quantity that no rule or reaction changes."});
      }
    }
    for (const auto& [i, e] : equation_of) program_.algebraic.push_back({i, residuals[e]});
  }

  /// Derivatives that keep c(x, z, t) = 0, where c are the rates of fast reactions and the residuals of algebraic rules. The unknowns u are the
  /// extents of the reactions per time and the z': with x' = slow + N u, (dc/du) u = -(dc/dx slow + dc/dt).
  void reduce_index() {
    auto& g = program_.graph;
    std::vector<NodeId> constraints;
    std::vector<std::vector<std::pair<std::uint32_t, NodeId>>> directions;
    for (const auto& f : program_.fast) {
      constraints.push_back(f.rate);
      directions.push_back(f.change);
    }
    for (const auto& a : program_.algebraic) {
      constraints.push_back(a.residual);
      directions.push_back({{a.state, g.constant(1)}});
    }
    const std::size_t n = constraints.size(), fast = program_.fast.size();
    if (n == 0) return;
    std::vector<NodeId> matrix(n * n);
    for (std::size_t j = 0; j < n; ++j) {
      std::unordered_map<NodeId, NodeId> along;
      for (const auto& [i, change] : directions[j]) along[g.leaf(Op::State, i)] = change;
      const auto column = g.differentiate_along(constraints, along);
      for (std::size_t k = 0; k < n; ++k) matrix[k * n + j] = column[k];
    }
    for (std::size_t k = 0; k < n; ++k) {
      for (std::size_t j = 0; j < n; ++j) {
        if (k < fast && j < fast) program_.fast_jacobian.push_back(matrix[k * n + j]);
        if (k >= fast && j >= fast) program_.algebraic_jacobian.push_back(matrix[k * n + j]);
      }
    }
    std::vector<NodeId> drift = g.differentiate_along(constraints, state_rates());
    for (NodeId& d : drift) d = g.make(Op::Neg, d);
    const auto u = solve(matrix, drift, "fast reactions or algebraic rules");
    for (std::size_t j = 0; j < n; ++j) {
      for (const auto& [i, change] : directions[j]) {
        program_.derivative[i] = g.make(Op::Add, program_.derivative[i], g.make(Op::Mul, change, u[j]));
      }
    }
  }

  // Events, constraints and what can be written out.

  void events() {
    for (const auto& e : model_.events) {
      EventDefinition definition;
      definition.id = e.id;
      definition.initial_value = e.initial_value;
      definition.persistent = e.persistent;
      definition.values_from_trigger_time = e.values_from_trigger_time;
      definition.trigger = translate(e.trigger, Branches::Frozen);
      if (e.delay) definition.delay = translate(*e.delay, Branches::Live);
      if (e.priority) definition.priority = translate(*e.priority, Branches::Live);
      for (const auto& a : e.assignments) {
        const auto index = program_.state_index(a.target);
        EventAction action{index.has_value(), index ? *index : *program_.parameter_index(a.target), translate(a.formula, Branches::Live), {}};
        if (index && sources_[*index].is_amount) action.volume = resolve(sources_[*index].species->compartment, Branches::Live);
        definition.actions.push_back(action);
      }
      program_.events.push_back(std::move(definition));
    }
    for (const auto& c : model_.constraints) program_.constraints.push_back({translate(c.condition, Branches::Frozen), c.message});
  }

  void observables() {
    std::map<std::string, std::size_t> seen;
    const auto add = [&](Observable o) {
      const auto [it, fresh] = seen.try_emplace(o.name, program_.observables.size());
      if (fresh) {
        program_.observables.push_back(std::move(o));
      } else {
        program_.observables[it->second] = std::move(o);  // an output may carry the name of the species it shows
      }
    };
    const auto symbol = [&](const std::string& id) { return resolve(id, Branches::Live); };
    for (const auto& s : model_.species) add({s.id, s.unit.text, s.meaning, symbol(s.id)});
    for (const auto& r : model_.rules) {
      if (r.kind == model::Rule::Kind::Assignment) add({r.id, r.unit.text, r.meaning, symbol(r.id)});
    }
    for (const auto& r : model_.reactions) add({r.id, "", r.meaning, symbol(r.id)});
    for (const auto& c : model_.compartments) add({c.id, c.unit.text, c.meaning, symbol(c.id)});
    for (const auto& p : model_.parameters) add({p.id, p.unit.text, p.meaning, symbol(p.id)});
    for (const auto& d : model_.doses) {
      if (d.factor) add({"dose_factor." + d.id, "", "", translate(*d.factor, Branches::Live)});
    }
    for (const auto& o : model_.outputs) add({o.id, o.unit.text, o.label, translate(o.formula, Branches::Live)});
  }

  void jacobian() {
    auto& g = program_.graph;
    const auto n = static_cast<std::uint32_t>(program_.states.size());
    program_.time_derivative = g.differentiate(program_.derivative, g.leaf(Op::Time));
    for (std::uint32_t column = 0; column < n; ++column) {
      const auto d = g.differentiate(program_.derivative, g.leaf(Op::State, column));
      for (std::uint32_t row = 0; row < n; ++row) {
        if (!g.is_constant(d[row], 0)) program_.jacobian.push_back({row, column, d[row]});
      }
    }
    std::sort(program_.jacobian.begin(), program_.jacobian.end(),
              [](const JacobianEntry& a, const JacobianEntry& b) { return a.row != b.row ? a.row < b.row : a.column < b.column; });
  }

  /// Finds the branches whose next change can be looked up.
  void time_slopes() {
    auto& g = program_.graph;
    for (SwitchDefinition& s : program_.switches) {
      if ((g.depends(s.gap) & (expr::kOnState | expr::kOnDelayed)) != 0) continue;
      const std::vector<NodeId> gap = {s.gap};
      const NodeId slope = g.differentiate(gap, g.leaf(Op::Time))[0];
      const bool straight = !s.level && (g.depends(s.gap) & expr::kOnSwitch) == 0 && (g.depends(slope) & expr::kOnTime) == 0;
      if (!straight) s.time_slope = slope;
    }
  }

  void lane_limits() {
    if (!program_.delays.empty()) program_.beyond_lanes = "'delay' needs a history";
    std::vector<NodeId> roots = program_.derivative;
    for (const auto& s : program_.switches) roots.push_back(s.gap);
    const auto needed = program_.graph.reachable(roots);
    for (NodeId id = 0; id < needed.size(); ++id) {
      if (needed[id] && program_.graph[id].op == Op::Factorial) program_.beyond_lanes = "'factorial' of a varying value";
    }
  }

  // Formulas.

  /// A comparison `low < high` (or <=) as a value of 1 or 0, or as a branch bit.
  NodeId compare(NodeId low, NodeId high, bool inclusive, Branches branches) {
    auto& g = program_.graph;
    const NodeId condition = g.make(inclusive ? Op::LessEqual : Op::Less, low, high);
    const bool varies = (g.depends(condition) & (expr::kOnState | expr::kOnTime | expr::kOnDelayed)) != 0;
    if (branches == Branches::Live || !varies) return condition;
    const auto [it, fresh] = bits_.try_emplace(condition, static_cast<std::uint32_t>(program_.switches.size()));
    if (fresh) program_.switches.push_back({g.make(Op::Sub, high, low), inclusive, false, {}});
    return g.leaf(Op::Switch, it->second);
  }

  /// floor(x), or a branch value that stands for it.
  NodeId floor(NodeId x, Branches branches) {
    auto& g = program_.graph;
    const NodeId value = g.make(Op::Floor, x);
    const bool varies = (g.depends(x) & (expr::kOnState | expr::kOnTime | expr::kOnDelayed)) != 0;
    if (branches == Branches::Live || !varies) return value;
    const auto [it, fresh] = bits_.try_emplace(value, static_cast<std::uint32_t>(program_.switches.size()));
    if (fresh) program_.switches.push_back({x, true, true, {}});
    return g.leaf(Op::Switch, it->second);
  }

  NodeId ceil(NodeId x, Branches branches) {
    auto& g = program_.graph;
    return branches == Branches::Live ? g.make(Op::Ceil, x) : g.make(Op::Neg, floor(g.make(Op::Neg, x), branches));
  }

  /// Both of <= and >=, so that the instant at which two moving quantities meet is located.
  NodeId equal(NodeId x, NodeId y, Branches branches) {
    auto& g = program_.graph;
    const bool moving = ((g.depends(x) | g.depends(y)) & (expr::kOnState | expr::kOnTime | expr::kOnDelayed)) != 0;
    if (branches == Branches::Live || !moving) return g.make(Op::Equal, x, y);
    return g.make(Op::And, compare(x, y, true, branches), compare(y, x, true, branches));
  }

  NodeId translate(const Ast& ast, Branches branches) { return translate(ast, nullptr, branches, 0); }

  /// `arguments`: of the function whose body this is, or null.
  NodeId translate(const Ast& ast, const Names* arguments, Branches branches, int depth) {
    auto& g = program_.graph;
    if (depth > kDeepestFormula) unsupported("a formula nested deeper than " + std::to_string(kDeepestFormula) + " levels");
    if (++translated_ > kMostTerms) unsupported("a model whose formulas, with functions written out, have more than ten million terms");
    if (ast.kind == Ast::Kind::Number) return g.constant(ast.value);
    if (ast.kind == Ast::Kind::Name) {
      if (arguments == nullptr) return resolve(ast.name, branches);
      const auto argument = arguments->find(ast.name);
      return argument != arguments->end() ? argument->second : resolve(ast.name, branches);
    }
    if (const auto user = functions_.find(ast.name); user != functions_.end()) {
      Names values;
      for (std::size_t i = 0; i < ast.args.size(); ++i) {
        values[user->second->arguments[i]] = translate(ast.args[i], arguments, branches, depth + 1);
      }
      return translate(user->second->body, &values, branches, depth + 1);
    }
    if (ast.name == "delay") return delayed(ast, arguments, depth);
    if (ast.name == "rateOf") {
      if (ast.args[0].kind != Ast::Kind::Name) unsupported("rateOf something else than a name");
      return rate_of(ast.args[0].name, branches);
    }
    std::vector<NodeId> a;
    for (const Ast& arg : ast.args) a.push_back(translate(arg, arguments, branches, depth + 1));
    return call(ast.name, a, branches);
  }

  /// The past is looked up with live comparisons, whatever the branch of the formula around it. The frozen ones make its jumps known when they
  /// happen, so that they are expected when they are seen.
  NodeId delayed(const Ast& ast, const Names* arguments, int depth) {
    auto& g = program_.graph;
    if (!before_start_) (void)translate(ast.args[0], arguments, Branches::Frozen, depth + 1);
    const NodeId value = translate(ast.args[0], arguments, Branches::Live, depth + 1);
    const bool was_before = std::exchange(before_start_, true);
    const NodeId before = translate(ast.args[0], arguments, Branches::Live, depth + 1);
    before_start_ = was_before;
    const NodeId duration = translate(ast.args[1], arguments, Branches::Live, depth + 1);
    if (g.is_constant(duration, 0) || (value == before && (g.depends(value) & ~expr::kOnParameter) == 0 && !uses_event_parameter(value)))
      return value;
    const auto [it, fresh] = delays_.try_emplace({value, duration}, static_cast<std::uint32_t>(program_.delays.size()));
    if (fresh) program_.delays.push_back({value, duration, before});
    return g.leaf(Op::Delayed, it->second);
  }

  bool uses_event_parameter(NodeId node) {
    return uses_parameter(node, [&](const std::string& name) { return set_by_events_.contains(name); });
  }

  NodeId fold(Op op, const std::vector<NodeId>& a, double neutral) {
    auto& g = program_.graph;
    NodeId result = a.empty() ? g.constant(neutral) : a[0];
    for (std::size_t i = 1; i < a.size(); ++i) result = g.make(op, result, a[i]);
    return result;
  }

  NodeId truth(NodeId x) { return program_.graph.make(Op::Not, program_.graph.make(Op::Not, x)); }

  /// x / y without its fraction.
  NodeId whole_ratio(NodeId x, NodeId y, Branches branches) {
    auto& g = program_.graph;
    const NodeId ratio = g.make(Op::Div, x, y), negative = compare(ratio, g.constant(0), false, branches);
    const NodeId whole = floor(g.make(Op::Select, negative, g.make(Op::Neg, ratio), ratio), branches);
    return g.make(Op::Select, negative, g.make(Op::Neg, whole), whole);
  }

  NodeId call(const std::string& f, const std::vector<NodeId>& a, Branches branches) {
    auto& g = program_.graph;
    if (f == "+") return fold(Op::Add, a, 0);
    if (f == "*") return fold(Op::Mul, a, 1);
    if (f == "-") return a.size() == 1 ? g.make(Op::Neg, a[0]) : g.make(Op::Sub, a[0], a[1]);
    if (f == "/") return g.make(Op::Div, a[0], a[1]);
    if (f == "^" || f == "pow") return g.make(Op::Pow, a[0], a[1]);
    if (f == "<") return compare(a[0], a[1], false, branches);
    if (f == "<=") return compare(a[0], a[1], true, branches);
    if (f == ">") return compare(a[1], a[0], false, branches);
    if (f == ">=") return compare(a[1], a[0], true, branches);
    if (f == "==") return equal(a[0], a[1], branches);
    if (f == "!=") return g.make(Op::Not, equal(a[0], a[1], branches));
    if (f == "&&") return fold(Op::And, a, 1);
    if (f == "||") return fold(Op::Or, a, 0);
    if (f == "!") return g.make(Op::Not, a[0]);
    if (f == "implies") return g.make(Op::Or, g.make(Op::Not, a[0]), a[1]);
    if (f == "xor") {
      NodeId odd = g.constant(0);
      for (const NodeId x : a) odd = g.make(Op::Not, g.make(Op::Equal, odd, truth(x)));
      return odd;
    }
    if (f == "floor") return floor(a[0], branches);
    if (f == "ceil") return ceil(a[0], branches);
    if (f == "quotient") return whole_ratio(a[0], a[1], branches);
    if (f == "rem") return g.make(Op::Sub, a[0], g.make(Op::Mul, a[1], whole_ratio(a[0], a[1], branches)));
    if (f == "abs") return g.make(Op::Select, compare(a[0], g.constant(0), false, branches), g.make(Op::Neg, a[0]), a[0]);
    if (f == "min" || f == "max") {
      NodeId result = a[0];
      for (std::size_t i = 1; i < a.size(); ++i) {
        const NodeId less = compare(result, a[i], false, branches);
        result = f == "min" ? g.make(Op::Select, less, result, a[i]) : g.make(Op::Select, less, a[i], result);
      }
      return result;
    }
    if (f == "piecewise") {
      NodeId result = a.size() % 2 == 1 ? a.back() : g.constant(__builtin_nan(""));
      for (std::size_t i = a.size() / 2; i-- > 0;) result = g.make(Op::Select, a[2 * i + 1], a[2 * i], result);
      return result;
    }
    static const std::map<std::string, Op> functions = {
        {"exp", Op::Exp},   {"ln", Op::Log},    {"sqrt", Op::Sqrt},          {"tanh", Op::Tanh}, {"sin", Op::Sin},
        {"cos", Op::Cos},   {"tan", Op::Tan},   {"asin", Op::Asin},          {"acos", Op::Acos}, {"atan", Op::Atan},
        {"sinh", Op::Sinh}, {"cosh", Op::Cosh}, {"factorial", Op::Factorial}};
    const auto found = functions.find(f);
    if (found == functions.end()) unsupported("function '" + f + "'");
    return g.make(found->second, a[0]);
  }

  const model::Model& model_;
  Program program_;
  Names leaf_, frozen_, live_, before_;
  std::map<std::string, const model::FunctionDefinition*> functions_;
  std::map<std::string, const model::Rule*> rules_;
  std::map<std::string, const model::Reaction*> reactions_;
  std::map<std::string, const Ast*> initial_assignments_;
  std::set<std::string> set_by_events_, candidates_, resolving_;
  std::vector<StateSource> sources_;
  std::map<std::uint32_t, NodeId> initial_state_, frozen_derivative_, live_derivative_;
  std::map<std::string, std::vector<std::pair<std::uint32_t, NodeId>>> frozen_changes_, live_changes_;
  std::unordered_map<NodeId, NodeId> at_start_;
  std::map<std::pair<NodeId, NodeId>, std::uint32_t> delays_;
  std::map<NodeId, std::uint32_t> bits_;
  std::size_t translated_ = 0;
  bool before_start_ = false;  ///< translating what a quantity was before the start
};

template <class T>
std::optional<std::uint32_t> index_of(const std::vector<T>& items, const std::string& name) {
  const auto it = std::find(items.begin(), items.end(), name);
  if (it == items.end()) return std::nullopt;
  return static_cast<std::uint32_t>(it - items.begin());
}

}  // namespace

double SwitchDefinition::value_at(double at) const {
  if (level) return std::floor(at);
  return (inclusive ? at >= 0 : at > 0) ? 1 : 0;
}

double SwitchDefinition::beyond(double value, double at) const {
  if (!level) return value != 0 ? 0 : 1;
  if (!std::isfinite(value)) return std::floor(at);
  return rises(value, at) ? std::max(value + 1, std::floor(at)) : std::min(value - 1, std::floor(at));
}

std::optional<std::uint32_t> Program::state_index(const std::string& name) const { return index_of(states, name); }
std::optional<std::uint32_t> Program::parameter_index(const std::string& name) const { return index_of(parameters, name); }

const Observable* Program::find_observable(const std::string& name) const {
  const auto it = std::find_if(observables.begin(), observables.end(), [&](const Observable& o) { return o.name == name; });
  return it == observables.end() ? nullptr : &*it;
}

Program build_program(const model::Model& model) { return Builder(model).run(); }

}  // namespace osteosome::compile
