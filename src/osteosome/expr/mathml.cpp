// SPDX-License-Identifier: Apache-2.0
#include "osteosome/expr/mathml.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "functions.hpp"

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

class Printer {
 public:
  explicit Printer(const UnitId& unit) : unit_(unit) {}

  /// `expected`: the unit of the whole, "" if not known; that of a 0.
  [[nodiscard]] std::string print(const Ast& ast, const std::string& expected) const {
    if (ast.kind == Ast::Kind::Number) return number(ast.value, ast.value == 0 && !expected.empty() ? expected : kDimensionless);
    if (ast.kind == Ast::Kind::Name) return ast.name == kTime ? csymbol("time") : "<ci> " + ast.name + " </ci>";
    const std::string& f = ast.name;
    if (f == "piecewise") return piecewise(ast, expected);
    if ((f == "min" || f == "max") && ast.args.size() == 2 && !nests_extreme(ast)) return extreme(ast, expected);
    const std::string element(element_of(f));
    std::string head = element.empty() ? "<ci> " + f + " </ci>" : "<" + element + "/>";
    if (f == "delay" || f == "rateOf") head = csymbol(f);
    std::string text = "<apply>" + head;
    for (const Ast& arg : ast.args) text += argument(ast, arg, element.empty(), expected);
    return text + "</apply>";
  }

 private:
  std::string argument(const Ast& ast, const Ast& arg, bool of_function, const std::string& expected) const {
    const bool comparison = is_comparison(ast.name);
    if (comparison && arg.kind == Ast::Kind::Number) {
      const std::string unit = beside(ast);
      return number(arg.value, unit.empty() ? kDimensionless : unit);
    }
    if (comparison || ast.name == "+" || ast.name == "-" || ast.name == "abs" || ast.name == "min" || ast.name == "max") {
      const std::string unit = beside(ast);
      return print(arg, unit.empty() && !comparison ? expected : unit);
    }
    return print(arg, of_function ? expected : "");  // a 0 given to a function is most often a bound of what it yields
  }

  /// The unit of the arguments, which all have one.
  [[nodiscard]] std::string beside(const Ast& ast) const {
    for (const Ast& arg : ast.args) {
      if (arg.kind == Ast::Kind::Number) continue;
      if (std::string unit = unit_(arg); !unit.empty()) return unit;
    }
    return "";
  }

  [[nodiscard]] std::string piecewise(const Ast& ast, const std::string& expected) const {
    std::string whole = expected;
    for (std::size_t i = 0; i < ast.args.size() && whole.empty(); i += 2) {
      if (ast.args[i].kind != Ast::Kind::Number) whole = unit_(ast.args[i]);
    }
    std::string text = "<piecewise>";
    for (std::size_t i = 0; i + 1 < ast.args.size(); i += 2) text += "<piece>" + print(ast.args[i], whole) + print(ast.args[i + 1], "") + "</piece>";
    if (ast.args.size() % 2 == 1) text += "<otherwise>" + print(ast.args.back(), whole) + "</otherwise>";
    return text + "</piecewise>";
  }

  static bool is_extreme(const Ast& ast) { return (ast.kind == Ast::Kind::Call && (ast.name == "min" || ast.name == "max")) || nests_extreme(ast); }
  static bool nests_extreme(const Ast& ast) { return std::any_of(ast.args.begin(), ast.args.end(), is_extreme); }

  /// min or max of two as a piecewise, which all of Level 3 has. More, or nested ones, would double with each.
  [[nodiscard]] std::string extreme(const Ast& ast, const std::string& expected) const {
    const Ast &a = ast.args[0], &b = ast.args[1];
    const Ast less = Ast::call("<", {a, b});
    return print(ast.name == "min" ? Ast::call("piecewise", {a, less, b}) : Ast::call("piecewise", {b, less, a}), expected);
  }

  const UnitId& unit_;
};

}  // namespace

std::string to_mathml(const Ast& ast, const UnitId& unit, const std::string& expected) { return Printer(unit).print(ast, expected); }

}  // namespace osteosome::expr
