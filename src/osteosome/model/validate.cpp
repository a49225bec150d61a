// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "osteosome/core/text.hpp"
#include "osteosome/model/document.hpp"
#include "osteosome/model/unit_check.hpp"
#include "walk.hpp"

namespace osteosome::model {

void resolve_port_units(Model& model, core::Diagnostics& problems) {
  const UnitChecker checker(model);
  for (Rule& rule : model.rules) {
    if (rule.formula.kind != expr::Ast::Kind::Call || rule.formula.name != "convert_units") continue;
    const expr::Ast inner = rule.formula.args[0];
    rule.formula = inner;
    try {
      const auto found = checker.infer(inner);
      if (found.anything || !found.unit || !rule.unit.known) continue;
      if (!found.unit->same_dimension(rule.unit.unit)) {
        problems.add({"compose-005",
                      "port '" + rule.id + "' is in '" + rule.unit.text + "', but '" + expr::to_text(inner) + "' yields [" + found.unit->to_text() +
                          "]",
                      rule.where, ""});
        continue;
      }
      const double factor = found.unit->factor_to(rule.unit.unit);
      if (!found.unit->equivalent(rule.unit.unit)) rule.formula = expr::Ast::call("*", {expr::Ast::number(factor), inner});
    } catch (const core::Error& error) {
      problems.add(core::retold(error, "port '" + rule.id + "': ", rule.where));
    }
  }
}

namespace {

constexpr std::size_t kLongestChain = 5000;

class Validator {
 public:
  Validator(const Model& model, core::Diagnostics& problems) : model_(model), problems_(problems), symbols_(model.symbols()) {
    known_.insert(symbols_.begin(), symbols_.end());
    for (const auto& f : model.functions) functions_[f.id] = f.arguments.size();
  }

  void run() {
    const std::size_t before = problems_.all().size();
    duplicates();
    for_each_formula(model_, [&](const expr::Ast& ast, const Place& place, Yields, Reach reach) { formula(ast, place, reach); });
    for (const Species& s : model_.species) species(s);
    for (const Reaction& r : model_.reactions) reaction(r);
    for (const InitialAssignment& a : model_.initial_assignments) {
      if (!is_symbol(a.symbol)) unknown(a.symbol, "initial value", a.where);
    }
    for (const Event& e : model_.events) event(e);
    for (const DoseEntry& d : model_.doses) dose(d);
    if (!model_.age_at_zero.empty() && model_.find_parameter(model_.age_at_zero) == nullptr) {
      unknown(model_.age_at_zero, "[start]", model_.start_where);
    }
    patient_and_doses();
    try {
      (void)rule_order(model_);
    } catch (const core::Error& error) {
      problems_.add(error);
    }
    if (problems_.all().size() > before) return;  // what follows presumes known names and no circles
    initial_values();
    if (problems_.all().size() == before) units();
  }

 private:
  void patient_and_doses() {
    const PatientInputs& p = model_.patient;
    for (const auto& [name, where] : p.parameters) {
      if (model_.find_parameter(name) == nullptr) unknown(name, "[patient]", where);
    }
    std::vector<std::string> outputs;
    for (const Output& o : model_.outputs) outputs.push_back(o.id);
    for (const PatientDensity& d : p.densities) {
      if (d.t_score.empty() || std::find(outputs.begin(), outputs.end(), d.t_score) != outputs.end()) continue;
      problems_.add({"model-021", "[patient] densities: unknown name '" + d.t_score + "'", d.where, core::did_you_mean(d.t_score, outputs)});
    }
    for (const auto& [name, where] : {std::pair{p.age_at_menopause, p.parameters.empty() ? core::Location{} : p.parameters.front().second},
                                      {model_.age_at_zero, model_.start_where}}) {
      const Parameter* age = model_.find_parameter(name);
      if (age != nullptr && age->unit.known && model_.time.known && !age->unit.unit.same_dimension(model_.time.unit)) {
        problems_.add({"model-035", "'" + name + "' should be a time, not in '" + age->unit.text + "'", where, ""});
      }
    }
    for (std::size_t i = 0; i < model_.doses.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        const DoseEntry &one = model_.doses[i], &other = model_.doses[k];
        const bool told_apart = one.unit && other.unit && !one.unit->unit.same_dimension(other.unit->unit);
        if (one.drug != other.drug || one.route != other.route || told_apart) continue;
        problems_.add({"model-036", "two entries of [doses] take '" + model_.doses[i].drug + "' by the same route", model_.doses[i].where, ""});
      }
    }
  }

  void duplicates() {
    std::map<std::string, std::string> seen;
    const auto add = [&](const std::string& id, const char* what, const core::Location& where) {
      const auto [it, fresh] = seen.try_emplace(id, what);
      if (!fresh) problems_.add({"model-020", std::string(what) + " '" + id + "' has the name of a " + it->second, where, "Names must be unique."});
    };
    for (const auto& x : model_.parameters) add(x.id, "parameter", x.where);
    for (const auto& x : model_.compartments) add(x.id, "compartment", x.where);
    for (const auto& x : model_.species) add(x.id, "species", x.where);
    for (const auto& x : model_.rules) add(x.id, "rule", x.where);
    for (const auto& x : model_.reactions) add(x.id, "reaction", x.where);
  }

  void unknown(const std::string& name, const std::string& context, const core::Location& where) {
    problems_.add({"model-021", context + ": unknown name '" + name + "'", where, core::did_you_mean(name, symbols_)});
  }

  bool is_symbol(const std::string& name) const { return known_.contains(name); }

  void calls(const expr::Ast& ast, const std::string& context, const core::Location& where) {
    static const std::map<std::string, std::pair<std::size_t, std::size_t>> operators = {
        {"+", {0, 1u << 20}},
        {"*", {0, 1u << 20}},
        {"-", {1, 2}},
        {"/", {2, 2}},
        {"^", {2, 2}},
        {"<", {2, 2}},
        {"<=", {2, 2}},
        {">", {2, 2}},
        {">=", {2, 2}},
        {"==", {2, 2}},
        {"!=", {2, 2}},
        {"&&", {0, 1u << 20}},
        {"||", {0, 1u << 20}},
        {"!", {1, 1}},
        {"min", {1, 1u << 20}},
        {"max", {1, 1u << 20}},
        {"piecewise", {0, 1u << 20}},
        {"pow", {2, 2}},
        {"delay", {2, 2}},
        {"quotient", {2, 2}},
        {"rem", {2, 2}},
        {"implies", {2, 2}},
        {"xor", {0, 1u << 20}},
        {"convert_units", {1, 1}}};
    if (ast.kind == expr::Ast::Kind::Call) {
      const auto known = [&]() -> std::optional<std::pair<std::size_t, std::size_t>> {
        if (const auto user = functions_.find(ast.name); user != functions_.end()) return std::pair{user->second, user->second};
        if (const auto op = operators.find(ast.name); op != operators.end()) return op->second;
        const auto& builtin = expr::builtin_functions();
        if (std::find(builtin.begin(), builtin.end(), ast.name) != builtin.end()) return std::pair<std::size_t, std::size_t>{1, 1};
        return std::nullopt;
      }();
      if (!known) {
        std::vector<std::string> candidates = expr::builtin_functions();
        for (const auto& f : functions_) candidates.push_back(f.first);
        problems_.add({"model-022", context + ": unknown function '" + ast.name + "'", where, core::did_you_mean(ast.name, candidates)});
      } else if (ast.args.size() < known->first || ast.args.size() > known->second) {
        problems_.add({"model-023", context + ": '" + ast.name + "' is given " + std::to_string(ast.args.size()) + " arguments", where,
                       "It takes " + std::string(known->second > known->first ? "at least " : "") + std::to_string(known->first) + "."});
      }
    }
    for (const expr::Ast& arg : ast.args) calls(arg, context, where);
  }

  void formula(const expr::Ast& ast, const Place& place, Reach reach) {
    const std::string context = place.text();
    calls(ast, context, place.where);
    if (reach == Reach::Arguments) return;
    if (reach == Reach::ParametersOnly && uses_time(ast)) parameter_only_.push_back({std::string(expr::kTime), context, place.where});
    for (const std::string& name : expr::names_in(ast)) {
      if (!is_symbol(name)) {
        unknown(name, context, place.where);
      } else if (reach == Reach::ParametersOnly) {
        parameter_only_.push_back({name, context, place.where});
      }
    }
  }

  // Names outside of formulas.

  void species(const Species& s) {
    const std::string context = "species '" + s.id + "'";
    if (!s.conversion_factor.empty() && model_.find_parameter(s.conversion_factor) == nullptr) {
      unknown(s.conversion_factor, context + " conversion factor", s.where);
    }
    if (!s.compartment.empty() && model_.find_compartment(s.compartment) == nullptr) unknown(s.compartment, context + " compartment", s.where);
  }

  void reaction(const Reaction& r) {
    const std::string context = "reaction '" + r.id + "'";
    for (const auto* side : {&r.reactants, &r.products}) {
      for (const SpeciesReference& ref : *side) {
        const Species* s = model_.find_species(ref.species);
        if (s == nullptr) unknown(ref.species, context, r.where);
        if (s != nullptr && s->rate && !s->boundary) {
          problems_.add({"model-024", context + ": species '" + s->id + "' also has a 'rate'", r.where,
                         "A species changes by its rate or by reactions."});
        }
      }
    }
  }

  void event(const Event& e) {
    const std::string context = "event '" + e.id + "'";
    for (const EventAssignment& a : e.assignments) {
      const bool known = model_.find_species(a.target) != nullptr || model_.find_parameter(a.target) != nullptr;
      if (!known && model_.find_compartment(a.target) == nullptr) {
        problems_.add({"model-025", context + ": '" + a.target + "' is no species or parameter", e.where, core::did_you_mean(a.target, symbols_)});
      }
    }
  }

  void dose(const DoseEntry& d) {
    const std::string context = "dose '" + d.drug + "'";
    if (model_.find_species(d.into) == nullptr) unknown(d.into, context, d.where);
    if (!d.molar_mass.empty() && model_.find_parameter(d.molar_mass) == nullptr) unknown(d.molar_mass, context, d.where);
  }

  /// Formulas evaluated before the simulation must not reach a species, a reaction or time through rules.
  void initial_values() {
    std::map<std::string, const Rule*> rules;
    for (const Rule& r : model_.rules) rules[r.id] = &r;
    std::map<std::string, bool> memo;
    const std::function<bool(const std::string&)> constant = [&](const std::string& name) -> bool {
      if (const auto hit = memo.find(name); hit != memo.end()) return hit->second;
      bool ok = model_.find_species(name) == nullptr && name != expr::kTime;
      if (const auto rule = rules.find(name); rule != rules.end()) {
        ok = !uses_time(rule->second->formula);
        for (const std::string& inner : expr::names_in(rule->second->formula)) ok = ok && constant(inner);
      }
      for (const Reaction& r : model_.reactions) ok = ok && r.id != name;
      return memo[name] = ok;
    };
    for (const auto& use : parameter_only_) {
      if (!constant(use.name)) {
        problems_.add({"model-026", use.context + ": '" + use.name + "' changes with time", use.where,
                       "Only parameters and parameter-only rules may stand here."});
      }
    }
  }

  static bool uses_time(const expr::Ast& ast) {
    if (ast.kind == expr::Ast::Kind::Name && ast.name == expr::kTime) return true;
    return std::any_of(ast.args.begin(), ast.args.end(), uses_time);
  }

  void expect(const UnitChecker& checker, const expr::Ast& ast, const core::Unit& unit, const std::string& text, const std::string& context,
              const core::Location& where) {
    if (ast.kind == expr::Ast::Kind::Number && std::isnan(ast.value)) return;  // did not parse, and was reported so
    try {
      checker.expect(ast, unit, text);
    } catch (const core::Error& error) {
      for (core::Diagnostic d : core::retold(error, context + ": ", where)) {
        if (error.kind() == core::ErrorKind::Unit && d.hint.empty()) d.hint = "Mend the units, or opt out with unchecked = \"reason\".";
        problems_.add(std::move(d));
      }
    }
  }

  void units() {
    if (!model_.time.known) return;
    const UnitChecker checker(model_);
    const core::Unit& time = model_.time.unit;
    for (const Species& s : model_.species) {
      if (!s.unchecked.empty() || s.units_done || !s.unit.known) continue;
      const std::string context = "species '" + s.id + "'";
      if (s.initial.kind != expr::Ast::Kind::Number) expect(checker, s.initial, s.unit.unit, s.unit.text, context + " initial", s.where);
      if (s.typical && s.typical->kind != expr::Ast::Kind::Number)
        expect(checker, *s.typical, s.unit.unit, s.unit.text, context + " typical", s.where);
      const std::string per_time = s.unit.text + " per " + model_.time.text;
      if (s.rate) expect(checker, *s.rate, s.unit.unit / time, per_time, context + " rate", s.where);
      if (s.bioavailability) expect(checker, *s.bioavailability, core::Unit(), "1", context + " bioavailability", s.where);
      if (s.lag) expect(checker, *s.lag, time, model_.time.text, context + " lag", s.where);
      if (s.infusion_rate) {
        expect(checker, *s.infusion_rate, amount_of(s) / time, amount_text(s) + " per " + model_.time.text, context + " infusion_rate", s.where);
      }
      if (s.infusion_duration) expect(checker, *s.infusion_duration, time, model_.time.text, context + " infusion_duration", s.where);
    }
    for (const Rule& r : model_.rules) {
      if (r.unchecked.empty() && !r.units_done && r.unit.known) expect(checker, r.formula, r.unit.unit, r.unit.text, "rule '" + r.id + "'", r.where);
    }
    for (const Output& o : model_.outputs) {
      if (o.unchecked.empty() && !o.units_done && o.unit.known)
        expect(checker, o.formula, o.unit.unit, o.unit.text, "output '" + o.id + "'", o.where);
    }
    for (const Reaction& r : model_.reactions) {
      if (r.unchecked.empty() && !r.units_done) reaction_units(checker, r);
    }
    for (const Event& e : model_.events) {
      if (!e.unchecked.empty() || e.units_done) continue;
      for (const EventAssignment& a : e.assignments) {
        const Species* s = model_.find_species(a.target);
        const Parameter* p = model_.find_parameter(a.target);
        const UnitText& unit = s != nullptr ? s->unit : p != nullptr ? p->unit : model_.find_compartment(a.target)->unit;
        if (unit.known) expect(checker, a.formula, unit.unit, unit.text, "event '" + e.id + "' assignment of '" + a.target + "'", e.where);
      }
    }
    for (const DoseEntry& d : model_.doses) {
      const Species* into = model_.find_species(d.into);
      if (d.factor && d.unit && d.unit->known && into->unit.known) {
        expect(checker, *d.factor, amount_of(*into) / d.unit->unit, amount_text(*into) + " per " + d.unit->text, "dose '" + d.drug + "' factor",
               d.where);
      }
    }
  }

  /// Compartment whose size turns the species into an amount, or null.
  [[nodiscard]] const Compartment* volume_of(const Species& s) const { return s.substance_only ? nullptr : model_.find_compartment(s.compartment); }
  [[nodiscard]] core::Unit amount_of(const Species& s) const {
    const Compartment* volume = volume_of(s);
    return volume == nullptr ? s.unit.unit : s.unit.unit * volume->unit.unit;
  }
  [[nodiscard]] std::string amount_text(const Species& s) const {
    const Compartment* volume = volume_of(s);
    return volume == nullptr ? s.unit.text : s.unit.text + " times " + volume->unit.text;
  }

  void reaction_units(const UnitChecker& checker, const Reaction& r) {
    for (const auto* side : {&r.reactants, &r.products}) {
      for (const SpeciesReference& ref : *side) {
        const Species* s = model_.find_species(ref.species);
        if (!s->unit.known) continue;
        expect(checker, r.rate, amount_of(*s) / model_.time.unit, "amount of '" + s->id + "' per " + model_.time.text, "reaction '" + r.id + "'",
               r.where);
        return;
      }
    }
  }

  struct Use {
    std::string name, context;
    core::Location where;
  };
  const Model& model_;
  core::Diagnostics& problems_;
  std::vector<std::string> symbols_;
  std::set<std::string> known_;
  std::map<std::string, std::size_t> functions_;
  std::vector<Use> parameter_only_;
};

}  // namespace

void validate(const Model& model, core::Diagnostics& problems) { Validator(model, problems).run(); }

std::vector<std::size_t> rule_order(const Model& model) {
  std::map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < model.rules.size(); ++i) index[model.rules[i].id] = i;
  std::vector<std::size_t> order;
  std::vector<int> mark(model.rules.size(), 0);  // 1: being visited, 2: done
  std::vector<std::string> path;
  const std::function<void(std::size_t)> visit = [&](std::size_t i) {
    if (mark[i] == 2) return;
    const Rule& rule = model.rules[i];
    path.push_back(rule.id);
    if (mark[i] == 1) {
      std::string circle;
      for (auto it = std::find(path.begin(), path.end(), rule.id); it != path.end(); ++it) circle += (circle.empty() ? "" : " -> ") + *it;
      throw core::Error(core::ErrorKind::Model, {"model-027", "rules depend on each other in a circle: " + circle, rule.where, ""});
    }
    mark[i] = 1;
    if (path.size() > kLongestChain) {
      throw core::Error(core::ErrorKind::Unsupported,
                        {"model-037", "a chain of more than " + std::to_string(kLongestChain) + " rules, each using the next", rule.where, ""});
    }
    for (const std::string& name : expr::names_in(rule.formula)) {
      if (const auto it = index.find(name); it != index.end()) visit(it->second);
    }
    mark[i] = 2;
    path.pop_back();
    order.push_back(i);
  };
  for (std::size_t i = 0; i < model.rules.size(); ++i) visit(i);
  return order;
}

}  // namespace osteosome::model
