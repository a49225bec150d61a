// SPDX-License-Identifier: Apache-2.0
#include "osteosome/model/unit_check.hpp"

#include "osteosome/core/diagnostics.hpp"

namespace osteosome::model {
namespace {

constexpr int kDeepestCall = 64;

[[noreturn]] void refuse(const std::string& message) { throw core::Error(core::ErrorKind::Unit, {"unit-010", message, {}, ""}); }

std::string shown(const UnitChecker::Inferred& x) { return x.unit ? "[" + x.unit->to_text() + "]" : "[unknown]"; }

std::string brief(const expr::Ast& ast) {
  std::string text = expr::to_text(ast);
  return text.size() > 60 ? text.substr(0, 57) + "..." : text;
}

}  // namespace

UnitChecker::UnitChecker(const Model& model) {
  const auto add = [&](const std::string& id, const UnitText& unit) { globals_[id] = {unit.known ? std::optional(unit.unit) : std::nullopt, false}; };
  for (const Parameter& p : model.parameters) add(p.id, p.unit);
  for (const Compartment& c : model.compartments) add(c.id, c.unit);
  for (const Species& s : model.species) add(s.id, s.unit);
  for (const Rule& r : model.rules) add(r.id, r.unit);
  for (const Reaction& r : model.reactions) globals_[r.id] = {};
  globals_[std::string(expr::kTime)] = {model.time.unit, false};
  for (const FunctionDefinition& f : model.functions) functions_[f.id] = &f;
}

UnitChecker::Inferred UnitChecker::infer(const expr::Ast& ast) const { return infer(ast, globals_, 0); }

void UnitChecker::expect(const expr::Ast& ast, const core::Unit& unit, const std::string& unit_text) const {
  const Inferred found = infer(ast);
  if (found.anything || !found.unit) return;
  if (!found.unit->equivalent(unit)) {
    throw core::Error(core::ErrorKind::Unit, {"unit-011", "the formula yields " + shown(found) + ", but '" + unit_text + "' is declared", {}, ""});
  }
}

UnitChecker::Inferred UnitChecker::infer(const expr::Ast& ast, const Scope& scope, int depth) const {
  if (depth > kDeepestCall)
    throw core::Error(core::ErrorKind::Unit,
                      {"model-038", "functions call each other in a circle", {}, "A function may call only what does not lead back to it."});
  if (ast.kind == expr::Ast::Kind::Number) return {core::Unit(), ast.value == 0};
  if (ast.kind == expr::Ast::Kind::Name) {
    const auto found = scope.find(ast.name);
    return found == scope.end() ? Inferred{} : found->second;
  }
  return infer_call(ast, scope, depth);
}

UnitChecker::Inferred UnitChecker::same(const expr::Ast& ast, const Scope& scope, int depth) const {
  Inferred result{std::nullopt, true};
  const expr::Ast* first = nullptr;
  for (const expr::Ast& arg : ast.args) {
    const Inferred next = infer(arg, scope, depth);
    if (next.anything) continue;
    if (!next.unit) return {};
    if (first == nullptr) {
      result = next;
      first = &arg;
    } else if (!result.unit->equivalent(*next.unit)) {
      refuse("'" + ast.name + "' combines '" + brief(*first) + "' " + shown(result) + " with '" + brief(arg) + "' " + shown(next));
    }
  }
  if (result.anything) result.unit = core::Unit();
  return result;
}

UnitChecker::Inferred UnitChecker::infer_power(const expr::Ast& ast, const Scope& scope, int depth) const {
  const Inferred base = infer(ast.args[0], scope, depth);
  const Inferred exponent = infer(ast.args[1], scope, depth);
  if (exponent.unit && !exponent.unit->equivalent(core::Unit())) refuse("exponent '" + brief(ast.args[1]) + "' has a unit " + shown(exponent));
  if (!base.unit) return {};
  if (base.unit->equivalent(core::Unit())) return {core::Unit(), false};
  const expr::Ast& e = ast.args[1];
  const bool negative = e.kind == expr::Ast::Kind::Call && e.name == "-" && e.args.size() == 1 && e.args[0].kind == expr::Ast::Kind::Number;
  if (e.kind == expr::Ast::Kind::Number) return {base.unit->pow(e.value), false};
  if (negative) return {base.unit->pow(-e.args[0].value), false};
  refuse("'" + brief(ast.args[0]) + "' " + shown(base) + " is raised to a power that is no literal number");
}

UnitChecker::Inferred UnitChecker::infer_piecewise(const expr::Ast& ast, const Scope& scope, int depth) const {
  expr::Ast values = expr::Ast::call("piecewise", {});
  for (std::size_t i = 0; i < ast.args.size(); ++i) {
    if (i % 2 == 1) {
      (void)infer(ast.args[i], scope, depth);
    } else {
      values.args.push_back(ast.args[i]);
    }
  }
  return same(values, scope, depth);
}

UnitChecker::Inferred UnitChecker::infer_call(const expr::Ast& ast, const Scope& scope, int depth) const {
  const std::string& f = ast.name;
  if (f == "+" || f == "-" || f == "min" || f == "max" || f == "abs" || f == "floor" || f == "ceil" || f == "rem") return same(ast, scope, depth);
  if (f == "<" || f == "<=" || f == ">" || f == ">=" || f == "==" || f == "!=") {
    (void)same(ast, scope, depth);
    return {core::Unit(), false};
  }
  if (f == "*" || f == "/") {
    Inferred result{core::Unit(), false};
    for (std::size_t i = 0; i < ast.args.size(); ++i) {
      const Inferred next = infer(ast.args[i], scope, depth);
      if (next.anything && f == "*") return next;
      if (!next.unit || !result.unit) {
        result.unit.reset();
      } else {
        result.unit = f == "/" && i > 0 ? *result.unit / *next.unit : *result.unit * *next.unit;
      }
      if (i == 0) result.anything = next.anything;
    }
    return result;
  }
  if ((f == "^" || f == "pow") && ast.args.size() == 2) return infer_power(ast, scope, depth);
  if (f == "sqrt" && ast.args.size() == 1) {
    Inferred x = infer(ast.args[0], scope, depth);
    if (x.unit) x.unit = x.unit->pow(0.5);
    return x;
  }
  if (f == "piecewise") return infer_piecewise(ast, scope, depth);
  if (f == "delay") return infer(ast.args[0], scope, depth);
  if (f == "rateOf") return {};
  if (const auto user = functions_.find(f); user != functions_.end()) {
    Scope inner;
    for (std::size_t i = 0; i < ast.args.size() && i < user->second->arguments.size(); ++i) {
      inner[user->second->arguments[i]] = infer(ast.args[i], scope, depth);
    }
    return infer(user->second->body, inner, depth + 1);
  }
  for (const expr::Ast& arg : ast.args) {  // exp, ln, trigonometry, logic: numbers in, a number out
    const Inferred x = infer(arg, scope, depth);
    if (x.unit && !x.anything && !x.unit->equivalent(core::Unit()))
      refuse("'" + f + "' is given '" + brief(arg) + "' " + shown(x) + ", which is not dimensionless");
  }
  return {core::Unit(), false};
}

}  // namespace osteosome::model
