// SPDX-License-Identifier: Apache-2.0
// Formula text is parsed by libSBML's L3 infix parser; this file turns its tree into ours.
#include <sbml/SBMLTypes.h>
#include <sbml/math/FormulaParser.h>
#include <sbml/math/L3Parser.h>

#include <cstdlib>
#include <map>
#include <memory>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/expr/ast.hpp"

namespace osteosome::expr {
namespace {

constexpr std::string_view kDot = "__DOT__";
constexpr std::size_t kLongestFormula = 200000;

/// libSBML rejects dotted names, so dots between identifier characters travel as a marker.
std::string hide_dots(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool between = text[i] == '.' && i > 0 && i + 1 < text.size() && core::is_identifier(text.substr(i + 1, 1)) &&
                         core::is_identifier("_" + std::string(text.substr(i - 1, 1)));
    std::size_t begin = i;
    while (between && begin > 0 && core::is_identifier("_" + std::string(text.substr(begin - 1, 1)))) --begin;
    const bool after_name = between && core::is_identifier(text.substr(begin, 1));  // not "1.e5"
    if (after_name) {
      out += kDot;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string show_dots(std::string name) {
  for (std::size_t at = name.find(kDot); at != std::string::npos; at = name.find(kDot)) name.replace(at, kDot.size(), ".");
  return name;
}

constexpr std::string_view kNumber = "__NUM__";

/// libSBML reads "7.3e-11" as 7.3 times a power of ten, which is not the nearest double; such literals travel as names that spell them.
std::string hide_exponents(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const bool starts = (text[i] >= '0' && text[i] <= '9') || (text[i] == '.' && i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9');
    const bool in_name = i > 0 && core::is_identifier("_" + text.substr(i - 1, 1));
    if (!starts || in_name) {
      out += text[i++];
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && ((text[end] >= '0' && text[end] <= '9') || text[end] == '.')) ++end;
    std::size_t exponent = end;
    if (exponent < text.size() && (text[exponent] == 'e' || text[exponent] == 'E')) {
      ++exponent;
      if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
      const std::size_t digits = exponent;
      while (exponent < text.size() && text[exponent] >= '0' && text[exponent] <= '9') ++exponent;
      if (exponent > digits) end = exponent;
    }
    const std::string literal = text.substr(i, end - i);
    const bool plain = literal.find_first_of("eE") == std::string::npos || !core::parse_double(literal);
    if (plain) {
      out += literal;
    } else {
      out += kNumber;
      for (const char c : literal) out += c == '.' ? 'p' : c == '-' ? 'm' : c == '+' ? 'a' : c;
    }
    i = end;
  }
  return out;
}

Ast name_or_number(const std::string& name) {
  if (name.rfind(kNumber, 0) != 0) return Ast::symbol(show_dots(name));
  std::string literal = name.substr(kNumber.size());
  for (char& c : literal) c = c == 'p' ? '.' : c == 'm' ? '-' : c == 'a' ? '+' : c;
  const auto value = core::parse_double(literal);
  return value ? Ast::number(*value) : Ast::symbol(show_dots(name));
}

const std::map<int, std::string>& calls() {
  static const std::map<int, std::string> table = {
      {AST_PLUS, "+"},
      {AST_MINUS, "-"},
      {AST_TIMES, "*"},
      {AST_DIVIDE, "/"},
      {AST_POWER, "^"},
      {AST_FUNCTION_POWER, "^"},
      {AST_FUNCTION_ABS, "abs"},
      {AST_FUNCTION_EXP, "exp"},
      {AST_FUNCTION_LN, "ln"},
      {AST_FUNCTION_CEILING, "ceil"},
      {AST_FUNCTION_FLOOR, "floor"},
      {AST_FUNCTION_SIN, "sin"},
      {AST_FUNCTION_COS, "cos"},
      {AST_FUNCTION_TAN, "tan"},
      {AST_FUNCTION_SINH, "sinh"},
      {AST_FUNCTION_COSH, "cosh"},
      {AST_FUNCTION_TANH, "tanh"},
      {AST_FUNCTION_ARCSIN, "asin"},
      {AST_FUNCTION_ARCCOS, "acos"},
      {AST_FUNCTION_ARCTAN, "atan"},
      {AST_FUNCTION_MIN, "min"},
      {AST_FUNCTION_MAX, "max"},
      {AST_FUNCTION_PIECEWISE, "piecewise"},
      {AST_RELATIONAL_LT, "<"},
      {AST_RELATIONAL_LEQ, "<="},
      {AST_RELATIONAL_GT, ">"},
      {AST_RELATIONAL_GEQ, ">="},
      {AST_RELATIONAL_EQ, "=="},
      {AST_RELATIONAL_NEQ, "!="},
      {AST_LOGICAL_AND, "&&"},
      {AST_LOGICAL_OR, "||"},
      {AST_LOGICAL_NOT, "!"},
      {AST_FUNCTION_DELAY, "delay"},
      {AST_FUNCTION_RATE_OF, "rateOf"}};
  return table;
}

Ast convert(const ASTNode& node);

std::vector<Ast> convert_children(const ASTNode& node) {
  std::vector<Ast> args;
  for (unsigned i = 0; i < node.getNumChildren(); ++i) args.push_back(convert(*node.getChild(i)));
  return args;
}

Ast convert_log(const ASTNode& node) {
  Ast value = convert(*node.getChild(node.getNumChildren() - 1));
  Ast base = node.getNumChildren() == 2 ? convert(*node.getChild(0)) : Ast::number(10);
  Ast ln_base = base.is_number(10) ? Ast::number(2.302585092994045684) : Ast::call("ln", {std::move(base)});
  return Ast::call("/", {Ast::call("ln", {std::move(value)}), std::move(ln_base)});
}

Ast convert_root(const ASTNode& node) {
  Ast value = convert(*node.getChild(node.getNumChildren() - 1));
  Ast degree = node.getNumChildren() == 2 ? convert(*node.getChild(0)) : Ast::number(2);
  if (degree.is_number(2)) return Ast::call("sqrt", {std::move(value)});
  return Ast::call("^", {std::move(value), Ast::call("/", {Ast::number(1), std::move(degree)})});
}

Ast convert(const ASTNode& node) {
  const ASTNodeType_t type = node.getType();
  switch (type) {
    case AST_INTEGER: return Ast::number(static_cast<double>(node.getInteger()));
    case AST_REAL:
    case AST_REAL_E:
    case AST_RATIONAL: return Ast::number(node.getReal());
    case AST_CONSTANT_PI: return Ast::number(3.14159265358979323846);
    case AST_CONSTANT_E: return Ast::number(2.71828182845904523536);
    case AST_CONSTANT_TRUE: return Ast::number(1);
    case AST_CONSTANT_FALSE: return Ast::number(0);
    case AST_NAME_AVOGADRO: return Ast::number(6.02214179e23);  // the value SBML L3 fixes
    case AST_NAME_TIME: return Ast::symbol(std::string(kTime));
    case AST_NAME: return name_or_number(node.getName());
    case AST_FUNCTION: return Ast::call(show_dots(node.getName()), convert_children(node));
    case AST_FUNCTION_LOG: return convert_log(node);
    case AST_FUNCTION_ROOT: return convert_root(node);
    default: break;
  }
  if (const auto found = calls().find(type); found != calls().end()) {
    auto args = convert_children(node);
    if (type == AST_MINUS && args.size() == 1 && args[0].kind == Ast::Kind::Number) return Ast::number(-args[0].value);
    return Ast::call(found->second, std::move(args));
  }
  const char* name = node.getName();
  return Ast::call(name != nullptr ? name : "?", convert_children(node));
}

}  // namespace

Ast parse_formula(std::string_view text) {
  const auto refuse = [&](const std::string& code, const std::string& why, const std::string& hint) {
    return core::Error(core::ErrorKind::Model, {code, why + " in formula '" + std::string(text.substr(0, 120)) + "'", {}, hint});
  };
  if (text.size() > kLongestFormula) throw refuse("formula-001", "too many characters", "");
  L3ParserSettings settings;
  settings.setParseLog(L3P_PARSE_LOG_AS_ERROR);
  settings.setParseUnits(false);
  settings.setComparisonCaseSensitivity(L3P_COMPARE_BUILTINS_CASE_SENSITIVE);
  const std::unique_ptr<ASTNode> tree(SBML_parseL3FormulaWithSettings(hide_exponents(hide_dots(text)).c_str(), &settings));
  if (tree == nullptr) {
    const std::unique_ptr<char, decltype(&std::free)> raw(SBML_getLastParseL3Error(), &std::free);
    std::string message = raw != nullptr ? raw.get() : "";
    if (message.find("'log(x)'") != std::string::npos) {
      throw refuse("formula-002", "one-argument 'log'", "Write ln(x) for the natural or log10(x) for the decimal logarithm.");
    }
    if (const auto colon = message.rfind(":  "); colon != std::string::npos) message = message.substr(colon + 3);
    while (!message.empty() && (message.back() == '\n' || message.back() == '.')) message.pop_back();
    throw refuse("formula-001", message.empty() ? "syntax error" : message, "Formulas are SBML Level 3 infix text.");
  }
  return convert(*tree);
}

std::string libsbml_version() { return getLibSBMLDottedVersion(); }

}  // namespace osteosome::expr
