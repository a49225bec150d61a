// SPDX-License-Identifier: Apache-2.0
#include "osteosome/compile/program.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/model/document.hpp"

namespace osteosome::compile {
namespace {

using expr::Ast;
using expr::Op;

[[noreturn]] void unsupported(const std::string& what, const core::Location& where = {}) {
  throw core::Error(core::ErrorKind::Unsupported, {"compile-001", what + " is not supported by any engine of this release", where, ""});
}

/// Comparisons either become branch bits (frozen) or stay comparisons (live).
enum class Branches { Frozen, Live };

class Builder {
 public:
  explicit Builder(const model::Model& model) : model_(model) {
    for (const auto& f : model.functions) functions_[f.id] = &f;
  }

  Program run() {
    refuse_unsupported();
    program_.model_id = model_.id;
    program_.seconds_per_time_unit = model_.time.unit.scale();
    leaves();
    for (const Branches branches : {Branches::Frozen, Branches::Live}) rules(branches);
    for (const model::Species& s : model_.species) initial(s);
    derivatives();
    events();
    observables();
    jacobian();
    return std::move(program_);
  }

 private:
  using Names = std::map<std::string, NodeId>;

  void refuse_unsupported() {
    for (const auto& r : model_.rules) {
      if (r.kind == model::Rule::Kind::Algebraic) unsupported("algebraic rule '" + r.id + "'", r.where);
    }
    for (const auto& c : model_.compartments) {
      if (!c.constant) unsupported("varying compartment '" + c.id + "'", c.where);
    }
    for (const auto& r : model_.reactions) {
      if (r.fast) unsupported("fast reaction '" + r.id + "'", r.where);
    }
    for (const auto& e : model_.events) {
      if (e.delay) unsupported("delay of event '" + e.id + "'", e.where);
      if (e.priority) unsupported("priority of event '" + e.id + "'", e.where);
    }
    for (const auto& s : model_.species) {
      if (!s.conversion_factor.empty()) unsupported("conversion factor of species '" + s.id + "'", s.where);
    }
    if (!model_.initial_assignments.empty()) unsupported("initial assignment");
    if (!model_.constraints.empty()) unsupported("constraint");
  }

  void leaves() {
    Names names;
    for (const auto& p : model_.parameters) {
      names[p.id] = program_.graph.leaf(Op::Parameter, static_cast<std::uint32_t>(program_.parameters.size()));
      program_.parameters.push_back(p.id);
      program_.parameter_values.push_back(p.value);
    }
    for (const auto& c : model_.compartments) names[c.id] = program_.graph.constant(c.size);
    for (const auto& s : model_.species) {
      names[s.id] = program_.graph.leaf(Op::State, static_cast<std::uint32_t>(program_.states.size()));
      program_.states.push_back(s.id);
      program_.state_units.push_back(s.unit.text);
    }
    names[std::string(expr::kTime)] = program_.graph.leaf(Op::Time);
    frozen_ = live_ = names;
  }

  Names& scope(Branches branches) { return branches == Branches::Frozen ? frozen_ : live_; }

  void rules(Branches branches) {
    Names& names = scope(branches);
    std::map<std::string, const model::Reaction*> reactions;
    for (const auto& r : model_.reactions) reactions[r.id] = &r;
    const auto order = model::rule_order(model_);
    const auto late = [&](const Ast& ast) {
      for (const std::string& n : expr::names_in(ast)) {
        if (reactions.contains(n)) return true;
      }
      return false;
    };
    for (const std::size_t i : order) {
      if (!late(model_.rules[i].formula)) names[model_.rules[i].id] = translate(model_.rules[i].formula, names, branches, 0);
    }
    for (const auto& r : model_.reactions) names[r.id] = translate(r.rate, names, branches, 0);
    for (const std::size_t i : order) {
      if (late(model_.rules[i].formula)) names[model_.rules[i].id] = translate(model_.rules[i].formula, names, branches, 0);
    }
  }

  void initial(const model::Species& s) {
    program_.initial.push_back(translate(s.initial, live_, Branches::Live, 0));
    const auto optional = [&](const std::optional<Ast>& ast) -> std::optional<NodeId> {
      if (!ast) return std::nullopt;
      return translate(*ast, live_, Branches::Live, 0);
    };
    program_.typical.push_back(optional(s.typical));
    program_.dosing.push_back({optional(s.bioavailability), optional(s.lag), optional(s.infusion_rate), optional(s.infusion_duration)});
  }

  void derivatives() {
    auto& g = program_.graph;
    std::vector<NodeId> total(program_.states.size(), g.constant(0));
    std::map<std::string, std::uint32_t> index;
    for (std::uint32_t i = 0; i < program_.states.size(); ++i) {
      index[program_.states[i]] = i;
      if (model_.species[i].rate) total[i] = translate(*model_.species[i].rate, frozen_, Branches::Frozen, 0);
    }
    for (const auto& r : model_.reactions) {
      const NodeId rate = frozen_.at(r.id);
      const auto contribute = [&](const model::SpeciesReference& ref, bool produced) {
        const model::Species& s = *model_.find_species(ref.species);
        if (s.boundary || s.constant) return;
        NodeId flow = g.make(Op::Mul, translate(ref.stoichiometry, frozen_, Branches::Frozen, 0), rate);
        if (!s.compartment.empty() && !s.substance_only) flow = g.make(Op::Div, flow, frozen_.at(s.compartment));
        const std::uint32_t i = index.at(ref.species);
        total[i] = g.make(produced ? Op::Add : Op::Sub, total[i], flow);
      };
      for (const auto& ref : r.reactants) contribute(ref, false);
      for (const auto& ref : r.products) contribute(ref, true);
    }
    program_.derivative = std::move(total);
  }

  void events() {
    for (const auto& e : model_.events) {
      EventDefinition definition;
      definition.id = e.id;
      definition.initial_value = e.initial_value;
      definition.trigger = translate(e.trigger, frozen_, Branches::Frozen, 0);
      for (const auto& a : e.assignments) {
        const auto state = program_.state_index(a.target);
        definition.actions.push_back({state.has_value(), state ? *state : *program_.parameter_index(a.target),
                                      translate(a.formula, live_, Branches::Live, 0)});
      }
      program_.events.push_back(std::move(definition));
    }
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
    for (const auto& s : model_.species) add({s.id, s.unit.text, s.meaning, live_.at(s.id)});
    for (const auto& r : model_.rules) add({r.id, r.unit.text, r.meaning, live_.at(r.id)});
    for (const auto& r : model_.reactions) add({r.id, "", r.meaning, live_.at(r.id)});
    for (const auto& d : model_.doses) {
      if (d.factor) add({"dose_factor." + d.id, "", "", translate(*d.factor, live_, Branches::Live, 0)});
    }
    for (const auto& o : model_.outputs) add({o.id, o.unit.text, o.label, translate(o.formula, live_, Branches::Live, 0)});
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

  /// A comparison `low < high` (or <=) as a value of 1 or 0, or as a branch bit.
  NodeId compare(NodeId low, NodeId high, bool inclusive, Branches branches) {
    auto& g = program_.graph;
    const NodeId condition = g.make(inclusive ? Op::LessEqual : Op::Less, low, high);
    const bool varies = (g.depends(condition) & (expr::kOnState | expr::kOnTime)) != 0;
    if (branches == Branches::Live || !varies) return condition;
    const auto [it, fresh] = bits_.try_emplace(condition, static_cast<std::uint32_t>(program_.switches.size()));
    if (fresh) program_.switches.push_back({g.make(Op::Sub, high, low), inclusive});
    return g.leaf(Op::Switch, it->second);
  }

  NodeId translate(const Ast& ast, const Names& names, Branches branches, int depth) {
    auto& g = program_.graph;
    if (depth > 200) unsupported("a formula nested deeper than 200 levels");
    if (ast.kind == Ast::Kind::Number) return g.constant(ast.value);
    if (ast.kind == Ast::Kind::Name) return names.at(ast.name);
    if (const auto user = functions_.find(ast.name); user != functions_.end()) {
      Names arguments;
      for (std::size_t i = 0; i < ast.args.size(); ++i) {
        arguments[user->second->arguments[i]] = translate(ast.args[i], names, branches, depth + 1);
      }
      return translate(user->second->body, arguments, branches, depth + 1);
    }
    std::vector<NodeId> a;
    for (const Ast& arg : ast.args) a.push_back(translate(arg, names, branches, depth + 1));
    return call(ast.name, a, branches);
  }

  NodeId fold(Op op, const std::vector<NodeId>& a, double neutral) {
    auto& g = program_.graph;
    NodeId result = a.empty() ? g.constant(neutral) : a[0];
    for (std::size_t i = 1; i < a.size(); ++i) result = g.make(op, result, a[i]);
    return result;
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
    if (f == "==") return g.make(Op::Equal, a[0], a[1]);
    if (f == "!=") return g.make(Op::Not, g.make(Op::Equal, a[0], a[1]));
    if (f == "&&") return fold(Op::And, a, 1);
    if (f == "||") return fold(Op::Or, a, 0);
    if (f == "!") return g.make(Op::Not, a[0]);
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
        {"exp", Op::Exp},   {"ln", Op::Log},    {"sqrt", Op::Sqrt}, {"tanh", Op::Tanh}, {"sin", Op::Sin},   {"cos", Op::Cos},     {"tan", Op::Tan},
        {"asin", Op::Asin}, {"acos", Op::Acos}, {"atan", Op::Atan}, {"sinh", Op::Sinh}, {"cosh", Op::Cosh}, {"floor", Op::Floor}, {"ceil", Op::Ceil}};
    const auto found = functions.find(f);
    if (found == functions.end()) unsupported("function '" + f + "'");
    return g.make(found->second, a[0]);
  }

  const model::Model& model_;
  Program program_;
  Names frozen_, live_;
  std::map<std::string, const model::FunctionDefinition*> functions_;
  std::map<NodeId, std::uint32_t> bits_;
};

template <class T>
std::optional<std::uint32_t> index_of(const std::vector<T>& items, const std::string& name) {
  const auto it = std::find(items.begin(), items.end(), name);
  if (it == items.end()) return std::nullopt;
  return static_cast<std::uint32_t>(it - items.begin());
}

}  // namespace

std::optional<std::uint32_t> Program::state_index(const std::string& name) const { return index_of(states, name); }
std::optional<std::uint32_t> Program::parameter_index(const std::string& name) const { return index_of(parameters, name); }

const Observable* Program::find_observable(const std::string& name) const {
  const auto it = std::find_if(observables.begin(), observables.end(), [&](const Observable& o) { return o.name == name; });
  return it == observables.end() ? nullptr : &*it;
}

Program build_program(const model::Model& model) { return Builder(model).run(); }

}  // namespace osteosome::compile
