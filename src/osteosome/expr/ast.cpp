// SPDX-License-Identifier: Apache-2.0
#include "osteosome/expr/ast.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "functions.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::expr {
namespace {

struct Operator {
  int precedence;
  const char* text;
};

const std::map<std::string, Operator, std::less<>>& operators() {
  static const std::map<std::string, Operator, std::less<>> table = {
      {"||", {1, " || "}}, {"&&", {2, " && "}}, {"==", {3, " == "}}, {"!=", {3, " != "}}, {"<", {3, " < "}}, {"<=", {3, " <= "}}, {">", {3, " > "}},
      {">=", {3, " >= "}}, {"+", {5, " + "}},   {"-", {5, " - "}},   {"*", {6, "*"}},     {"/", {6, "/"}},   {"^", {8, "^"}}};
  return table;
}

constexpr int kComparison = 3;
constexpr int kProduct = 6;
constexpr int kUnary = 7;
constexpr int kAtom = 9;

int precedence(const Ast& ast) {
  if (ast.kind == Ast::Kind::Number) return ast.value < 0 || std::signbit(ast.value) ? kUnary : kAtom;
  if (ast.kind == Ast::Kind::Name) return kAtom;
  if ((ast.name == "-" || ast.name == "!") && ast.args.size() == 1) return kUnary;
  const auto found = operators().find(ast.name);
  return found == operators().end() || ast.args.size() < 2 ? kAtom : found->second.precedence;
}

std::string wrapped(const Ast& ast, int minimum) {
  const std::string text = to_text(ast);
  return precedence(ast) < minimum ? "(" + text + ")" : text;
}

/// The function that stands for an operator where the operator would be read as something else: a sum of one term, and comparisons of
/// comparisons, which other readers of SBML infix take for a chain.
std::string as_function(const Ast& ast) {
  const bool many = ast.name == "+" || ast.name == "*" || ast.name == "&&" || ast.name == "||";
  if (many && ast.args.size() < 2) return std::string(element_of(ast.name));
  if (!is_comparison(ast.name) || ast.args.size() < 2) return "";
  const bool chains = ast.args.size() > 2 || is_comparison(ast.args[0].name) || ast.args[0].name == "&&";
  return chains ? std::string(element_of(ast.name)) : "";
}

/// The least precedence of argument `i` of an operator that needs no brackets. The first operand of a power and of a comparison has them like
/// the second; a conjunction in a disjunction has them because readers differ.
int least_precedence(const Ast& ast, std::size_t i) {
  const int level = operators().find(ast.name)->second.precedence;
  if (ast.name == "||" && ast.args[i].name == "&&") return kComparison;
  return i > 0 || ast.name == "^" || level == kComparison ? level + 1 : level;
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-INF" : "INF";
  return core::format_double(value);
}

std::string latex_name(const std::string& name) {
  std::string escaped;
  for (const char c : name) escaped += c == '_' ? std::string("\\_") : std::string(1, c);
  return "\\mathrm{" + escaped + "}";
}

std::string latex_number(double value) {
  if (std::isinf(value)) return value < 0 ? "-\\infty" : "\\infty";
  std::string text = number_text(value);
  const auto e = text.find('e');
  if (e == std::string::npos) return text;
  return text.substr(0, e) + " \\cdot 10^{" + std::to_string(std::stoi(text.substr(e + 1))) + "}";
}

std::string latex_wrapped(const Ast& ast, int minimum) {
  const std::string text = to_latex(ast);
  const bool product = ast.kind == Ast::Kind::Number && text.find("\\cdot") != std::string::npos;
  const bool open = ast.kind == Ast::Kind::Call && ast.name == "piecewise";  // its brace has no end
  const int own = open ? 0 : product ? std::min(kProduct, precedence(ast)) : precedence(ast);
  return own < minimum ? "\\left(" + text + "\\right)" : text;
}

std::string latex_piecewise(const Ast& ast) {
  std::string text = "\\begin{cases}";
  for (std::size_t i = 0; i + 1 < ast.args.size(); i += 2) {
    text += to_latex(ast.args[i]) + " & " + to_latex(ast.args[i + 1]) + " \\\\ ";
  }
  if (ast.args.size() % 2 == 1) text += to_latex(ast.args.back()) + " & \\text{otherwise}";
  return text + "\\end{cases}";
}

}  // namespace

Ast Ast::number(double v) { return {Kind::Number, v, {}, {}}; }
Ast Ast::symbol(std::string n) { return {Kind::Name, 0, std::move(n), {}}; }
Ast Ast::call(std::string n, std::vector<Ast> a) { return {Kind::Call, 0, std::move(n), std::move(a)}; }

std::string to_text(const Ast& ast) {
  if (ast.kind == Ast::Kind::Number) return number_text(ast.value);
  if (ast.kind == Ast::Kind::Name) return ast.name;
  const auto op = operators().find(ast.name);
  if ((ast.name == "-" || ast.name == "!") && ast.args.size() == 1) return ast.name + wrapped(ast.args[0], kUnary + 1);
  const std::string function = as_function(ast);
  if (op != operators().end() && ast.args.size() >= 2 && function.empty()) {
    std::string text;
    for (std::size_t i = 0; i < ast.args.size(); ++i) text += (i > 0 ? op->second.text : "") + wrapped(ast.args[i], least_precedence(ast, i));
    return text;
  }
  std::string text = (function.empty() ? ast.name : function) + "(";
  for (std::size_t i = 0; i < ast.args.size(); ++i) text += (i > 0 ? ", " : "") + to_text(ast.args[i]);
  return text + ")";
}

std::string to_latex(const Ast& ast) {
  if (ast.kind == Ast::Kind::Number) return latex_number(ast.value);
  if (ast.kind == Ast::Kind::Name) return ast.name == kTime ? "t" : latex_name(ast.name);
  const auto& a = ast.args;
  if (ast.name == "-" && a.size() == 1) return "-" + latex_wrapped(a[0], kUnary + 1);
  if (ast.name == "!" && a.size() == 1) return "\\lnot " + latex_wrapped(a[0], kUnary + 1);
  if (ast.name == "/" && a.size() == 2) return "\\frac{" + to_latex(a[0]) + "}{" + to_latex(a[1]) + "}";
  if (ast.name == "^" && a.size() == 2) return latex_wrapped(a[0], kAtom) + "^{" + to_latex(a[1]) + "}";
  if (ast.name == "piecewise") return latex_piecewise(ast);
  if (const auto op = operators().find(ast.name); op != operators().end() && a.size() >= 2) {
    static const std::map<std::string, std::string, std::less<>> symbols = {
        {"*", " \\cdot "}, {"<=", " \\le "}, {">=", " \\ge "}, {"!=", " \\ne "}, {"==", " = "}, {"&&", " \\land "}, {"||", " \\lor "}};
    const auto symbol = symbols.find(ast.name);
    std::string text;
    for (std::size_t i = 0; i < a.size(); ++i) {
      text += (i == 0 ? "" : symbol == symbols.end() ? op->second.text : symbol->second) + latex_wrapped(a[i], least_precedence(ast, i));
    }
    return text;
  }
  std::string text = latex_name(ast.name) + "\\left(";
  for (std::size_t i = 0; i < a.size(); ++i) text += (i > 0 ? ", " : "") + to_latex(a[i]);
  return text + "\\right)";
}

std::set<std::string> names_in(const Ast& ast) {
  std::set<std::string> names;
  if (ast.kind == Ast::Kind::Name && ast.name != kTime) names.insert(ast.name);
  for (const Ast& arg : ast.args) names.merge(names_in(arg));
  return names;
}

Ast substitute(const Ast& ast, const std::function<const Ast*(const std::string&)>& replacement) {
  if (ast.kind == Ast::Kind::Name) {
    const Ast* found = replacement(ast.name);
    return found != nullptr ? *found : ast;
  }
  Ast copy = ast;
  for (Ast& arg : copy.args) arg = substitute(arg, replacement);
  return copy;
}

const std::vector<std::string>& builtin_functions() {
  static const std::vector<std::string> names = {
      "abs", "log10", "max", "min", "pow", "piecewise", "delay", "rateOf", "quotient", "rem", "xor", "implies",
#define FUNCTION(name, call, ...) call,
#define GRAPH_FUNCTION(name, call, ...) call,
#include "osteosome/expr/operations.def"
  };
  return names;
}

bool is_reserved(std::string_view name) {
  static const std::set<std::string, std::less<>> constants = {
      "time", "Time",  "INF",    "inf",  "infinity", "NaN", "nan", "notanumber", "avogadro", "pi",    "exponentiale", "true",   "false",
      "log",  "delay", "rateOf", "root", "and",      "or",  "not", "xor",        "plus",     "times", "minus",        "divide", "power"};
  const auto& functions = builtin_functions();
  return constants.contains(name) || std::find(functions.begin(), functions.end(), name) != functions.end();
}

}  // namespace osteosome::expr
