// SPDX-License-Identifier: Apache-2.0
#include "osteosome/expr/mathml.hpp"

#include <charconv>
#include <cmath>
#include <map>

namespace osteosome::expr {
namespace {

const std::string kDimensionless = "dimensionless";

/// The shortest decimal digits, without exponent, that read back to the same double.
std::string decimal(double value) {
  char digits[400];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed).ptr;
  return {digits, end};
}

std::string number(double value, const std::string& unit) {
  if (std::isnan(value)) return "<notanumber/>";
  if (std::isinf(value)) return value > 0 ? "<infinity/>" : "<apply><minus/><infinity/></apply>";
  return "<cn" + (unit.empty() ? "" : " sbml:units=\"" + unit + "\"") + "> " + decimal(value) + " </cn>";
}

std::string csymbol(const std::string& name) {
  return "<csymbol encoding=\"text\" definitionURL=\"http://www.sbml.org/sbml/symbols/" + name + "\"> " + name + " </csymbol>";
}

const std::map<std::string, std::string>& elements() {
  static const std::map<std::string, std::string> table = {
      {"+", "plus"},      {"-", "minus"},     {"*", "times"},     {"/", "divide"},      {"^", "power"},   {"pow", "power"}, {"<", "lt"},     {"<=", "leq"},
      {">", "gt"},        {">=", "geq"},      {"==", "eq"},       {"!=", "neq"},        {"&&", "and"},    {"||", "or"},     {"!", "not"},    {"xor", "xor"},
      {"exp", "exp"},     {"ln", "ln"},       {"sqrt", "root"},   {"abs", "abs"},       {"floor", "floor"}, {"ceil", "ceiling"}, {"sin", "sin"}, {"cos", "cos"},
      {"tan", "tan"},     {"sinh", "sinh"},   {"cosh", "cosh"},   {"tanh", "tanh"},     {"asin", "arcsin"}, {"acos", "arccos"}, {"atan", "arctan"},
      {"factorial", "factorial"}, {"quotient", "quotient"}, {"rem", "rem"}, {"implies", "implies"}};
  return table;
}

bool is_comparison(const std::string& f) { return f == "<" || f == "<=" || f == ">" || f == ">=" || f == "==" || f == "!="; }

class Printer {
 public:
  explicit Printer(const UnitId& unit) : unit_(unit) {}

  /// `literal`: the unit that a number standing here has.
  [[nodiscard]] std::string print(const Ast& ast, const std::string& literal) const {
    if (ast.kind == Ast::Kind::Number) return number(ast.value, literal);
    if (ast.kind == Ast::Kind::Name) return ast.name == kTime ? csymbol("time") : "<ci> " + ast.name + " </ci>";
    const std::string& f = ast.name;
    if (f == "piecewise") return piecewise(ast, literal);
    if (f == "min" || f == "max") return extreme(ast, literal);
    const auto element = elements().find(f);
    std::string head = element != elements().end() ? "<" + element->second + "/>" : "<ci> " + f + " </ci>";
    if (f == "delay" || f == "rateOf") head = csymbol(f);
    const bool alike = f == "+" || f == "-" || f == "abs" || is_comparison(f);
    std::string text = "<apply>" + head;
    for (const Ast& arg : ast.args) text += print(arg, alike ? beside(ast, arg, is_comparison(f), literal) : kDimensionless);
    return text + "</apply>";
  }

 private:
  /// Unit of the number `arg` among the arguments of `ast`, which all have one unit.
  [[nodiscard]] std::string beside(const Ast& ast, const Ast& arg, bool comparison, const std::string& literal) const {
    if (arg.kind != Ast::Kind::Number || (arg.value != 0 && !comparison)) return kDimensionless;
    for (const Ast& other : ast.args) {
      if (other.kind == Ast::Kind::Number) continue;
      const std::string unit = unit_(other);
      if (!unit.empty()) return unit;
    }
    return comparison ? kDimensionless : literal;
  }

  [[nodiscard]] std::string piecewise(const Ast& ast, const std::string& literal) const {
    std::string zero = literal;  // a branch that is 0 has the unit of the others
    for (std::size_t i = 0; i < ast.args.size(); i += 2) {
      if (ast.args[i].kind == Ast::Kind::Number) continue;
      if (const std::string unit = unit_(ast.args[i]); !unit.empty()) zero = unit;
    }
    const auto branch = [&](const Ast& a) { return print(a, a.is_number(0) ? zero : kDimensionless); };
    std::string text = "<piecewise>";
    for (std::size_t i = 0; i + 1 < ast.args.size(); i += 2) text += "<piece>" + branch(ast.args[i]) + print(ast.args[i + 1], kDimensionless) + "</piece>";
    if (ast.args.size() % 2 == 1) text += "<otherwise>" + branch(ast.args.back()) + "</otherwise>";
    return text + "</piecewise>";
  }

  /// min(a, b, ...) as the engines take it: the first of two that is less, in turn.
  [[nodiscard]] std::string extreme(const Ast& ast, const std::string& literal) const {
    Ast result = ast.args[0];
    for (std::size_t i = 1; i < ast.args.size(); ++i) {
      Ast less = Ast::call("<", {result, ast.args[i]});
      result = ast.name == "min" ? Ast::call("piecewise", {result, std::move(less), ast.args[i]}) : Ast::call("piecewise", {ast.args[i], std::move(less), result});
    }
    return print(result, literal);
  }

  const UnitId& unit_;
};

}  // namespace

std::string to_mathml(const Ast& ast, const UnitId& unit) { return Printer(unit).print(ast, kDimensionless); }

}  // namespace osteosome::expr
