// SPDX-License-Identifier: Apache-2.0
// Formula text is parsed by libSBML's L3 infix parser; this file turns its tree into ours.
#include <sbml/SBMLTypes.h>
#include <sbml/math/FormulaParser.h>
#include <sbml/math/L3Parser.h>

#include <cstdlib>
#include <functional>
#include <limits>
#include <map>
#include <memory>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/expr/ast.hpp"
#include "osteosome/expr/mathml.hpp"

namespace osteosome::expr {
namespace {

constexpr std::string_view kDot = "__DOT__";
constexpr std::size_t kLongestFormula = 200000;
constexpr int kDeepestFormula = 1000;

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
  if (name == "NaN") return Ast::number(std::numeric_limits<double>::quiet_NaN());
  if (name == "INF") return Ast::number(std::numeric_limits<double>::infinity());
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
      {AST_FUNCTION_RATE_OF, "rateOf"},
      {AST_FUNCTION_QUOTIENT, "quotient"},
      {AST_FUNCTION_REM, "rem"},
      {AST_FUNCTION_FACTORIAL, "factorial"},
      {AST_LOGICAL_XOR, "xor"},
      {AST_LOGICAL_IMPLIES, "implies"},
      {AST_FUNCTION_SEC, "sec"},
      {AST_FUNCTION_CSC, "csc"},
      {AST_FUNCTION_COT, "cot"},
      {AST_FUNCTION_SECH, "sech"},
      {AST_FUNCTION_CSCH, "csch"},
      {AST_FUNCTION_COTH, "coth"},
      {AST_FUNCTION_ARCSEC, "asec"},
      {AST_FUNCTION_ARCCSC, "acsc"},
      {AST_FUNCTION_ARCCOT, "acot"},
      {AST_FUNCTION_ARCSINH, "asinh"},
      {AST_FUNCTION_ARCCOSH, "acosh"},
      {AST_FUNCTION_ARCTANH, "atanh"},
      {AST_FUNCTION_ARCSECH, "asech"},
      {AST_FUNCTION_ARCCSCH, "acsch"},
      {AST_FUNCTION_ARCCOTH, "acoth"}};
  return table;
}

/// Rarer functions in terms of common ones, so that every engine has them.
const std::map<int, std::function<Ast(Ast)>>& composed_functions() {
  using Make = std::function<Ast(Ast)>;
  const auto inverse_of = [](const char* f) -> Make { return [f](Ast x) { return Ast::call("/", {Ast::number(1), Ast::call(f, {std::move(x)})}); }; };
  const auto of_inverse = [](Make f) -> Make { return [f](Ast x) { return f(Ast::call("/", {Ast::number(1), std::move(x)})); }; };
  const auto call = [](const char* f) -> Make { return [f](Ast x) { return Ast::call(f, {std::move(x)}); }; };
  const auto add = [](Ast a, Ast b) { return Ast::call("+", {std::move(a), std::move(b)}); };
  const auto square = [](const Ast& x) { return Ast::call("^", {x, Ast::number(2)}); };
  const Make coth = [](Ast x) { return Ast::call("/", {Ast::number(1), Ast::call("tanh", {std::move(x)})}); };
  const Make asinh = [=](Ast x) {  // odd; the form for positive arguments loses nothing to cancellation
    Ast size = Ast::call("abs", {x});
    Ast root = Ast::call("sqrt", {add(square(x), Ast::number(1))});
    Ast value = Ast::call("ln", {add(std::move(size), std::move(root))});
    Ast negative = Ast::call("-", {value});
    return Ast::call("piecewise", {std::move(negative), Ast::call("<", {std::move(x), Ast::number(0)}), std::move(value)});
  };
  const Make acosh = [=](Ast x) {
    Ast root = Ast::call("sqrt", {Ast::call("-", {square(x), Ast::number(1)})});
    return Ast::call("ln", {add(std::move(x), std::move(root))});
  };
  const Make atanh = [=](Ast x) {
    Ast ratio = Ast::call("/", {add(Ast::number(1), x), Ast::call("-", {Ast::number(1), x})});
    return Ast::call("*", {Ast::number(0.5), Ast::call("ln", {std::move(ratio)})});
  };
  static const std::map<int, Make> table = {
      {AST_FUNCTION_SEC, inverse_of("cos")},
      {AST_FUNCTION_CSC, inverse_of("sin")},
      {AST_FUNCTION_COT, inverse_of("tan")},
      {AST_FUNCTION_SECH, inverse_of("cosh")},
      {AST_FUNCTION_CSCH, inverse_of("sinh")},
      {AST_FUNCTION_COTH, coth},
      {AST_FUNCTION_ARCSEC, of_inverse(call("acos"))},
      {AST_FUNCTION_ARCCSC, of_inverse(call("asin"))},
      {AST_FUNCTION_ARCCOT, of_inverse(call("atan"))},
      {AST_FUNCTION_ARCSINH, asinh},
      {AST_FUNCTION_ARCCOSH, acosh},
      {AST_FUNCTION_ARCTANH, atanh},
      {AST_FUNCTION_ARCSECH, of_inverse(acosh)},
      {AST_FUNCTION_ARCCSCH, of_inverse(asinh)},
      {AST_FUNCTION_ARCCOTH, of_inverse(atanh)}};
  return table;
}

/// Turns libSBML's tree into ours; what a name becomes differs between formula text and MathML.
class Converter {
 public:
  Converter(std::function<Ast(const std::string&)> name, std::function<std::string(const std::string&)> function)
      : name_(std::move(name)), function_(std::move(function)) {}

  [[nodiscard]] Ast convert(const ASTNode& node, int depth = 0) const {
    if (depth > kDeepestFormula) unsupported("a formula nested deeper than " + std::to_string(kDeepestFormula) + " levels");
    const ASTNodeType_t type = node.getType();
    switch (type) {
      case AST_INTEGER: return Ast::number(static_cast<double>(node.getInteger()));
      case AST_REAL:
      case AST_RATIONAL: return Ast::number(node.getReal());
      case AST_REAL_E: return Ast::number(e_notation(node));
      case AST_CONSTANT_PI: return Ast::number(3.14159265358979323846);
      case AST_CONSTANT_E: return Ast::number(2.71828182845904523536);
      case AST_CONSTANT_TRUE: return Ast::number(1);
      case AST_CONSTANT_FALSE: return Ast::number(0);
      case AST_NAME_AVOGADRO: return Ast::number(6.02214179e23);  // the value SBML L3 fixes
      case AST_NAME_TIME: return Ast::symbol(std::string(kTime));
      case AST_NAME: return name_(node.getName());
      case AST_FUNCTION: return Ast::call(function_(node.getName()), children(node, depth));
      case AST_FUNCTION_LOG: return logarithm(node, depth);
      case AST_FUNCTION_ROOT: return root(node, depth);
      default: break;
    }
    const auto found = calls().find(type);
    if (found == calls().end()) {
      const char* name = node.getName();
      unsupported(std::string("'") + (name != nullptr ? name : "?") + "' in a formula");
    }
    auto args = children(node, depth);
    if (type == AST_MINUS && args.size() == 1 && args[0].kind == Ast::Kind::Number) return Ast::number(-args[0].value);
    if (const auto composed = composed_functions().find(type); composed != composed_functions().end() && args.size() == 1) {
      return composed->second(std::move(args[0]));
    }
    if (args.size() < 2 && (type == AST_PLUS || type == AST_TIMES || type == AST_LOGICAL_AND || type == AST_LOGICAL_OR || type == AST_LOGICAL_XOR)) {
      const double neutral = type == AST_TIMES || type == AST_LOGICAL_AND ? 1 : 0;
      return args.empty() ? Ast::number(neutral) : std::move(args[0]);
    }
    if (node.isRelational() && args.size() != 2) return chain(found->second, args);
    return Ast::call(found->second, std::move(args));
  }

 private:
  [[noreturn]] static void unsupported(const std::string& what) {
    throw core::Error(core::ErrorKind::Unsupported, {"formula-003", what + " is not supported", {}, "Formulas are those of SBML Level 3 core."});
  }

  [[nodiscard]] std::vector<Ast> children(const ASTNode& node, int depth) const {
    std::vector<Ast> args;
    for (unsigned i = 0; i < node.getNumChildren(); ++i) args.push_back(convert(*node.getChild(i), depth + 1));
    return args;
  }

  /// libSBML multiplies mantissa and power of ten, which is not the double nearest to the decimal number.
  static double e_notation(const ASTNode& node) {
    const auto value = core::parse_double(core::format_double(node.getMantissa()) + "e" + std::to_string(node.getExponent()));
    return value.value_or(node.getReal());
  }

  [[nodiscard]] Ast logarithm(const ASTNode& node, int depth) const {
    auto args = children(node, depth);
    if (args.empty()) unsupported("'log' without an argument");
    Ast base = args.size() == 2 ? std::move(args[0]) : Ast::number(10);
    Ast ln_base = base.is_number(10) ? Ast::number(2.302585092994045684) : Ast::call("ln", {std::move(base)});
    return Ast::call("/", {Ast::call("ln", {std::move(args.back())}), std::move(ln_base)});
  }

  [[nodiscard]] Ast root(const ASTNode& node, int depth) const {
    auto args = children(node, depth);
    if (args.empty()) unsupported("'root' without an argument");
    Ast degree = args.size() == 2 ? std::move(args[0]) : Ast::number(2);
    if (degree.is_number(2)) return Ast::call("sqrt", {std::move(args.back())});
    return Ast::call("^", {std::move(args.back()), Ast::call("/", {Ast::number(1), std::move(degree)})});
  }

  /// a < b < c holds where every neighbouring pair does.
  static Ast chain(const std::string& relation, const std::vector<Ast>& args) {
    if (args.size() < 2) return Ast::number(1);
    std::vector<Ast> pairs;
    for (std::size_t i = 0; i + 1 < args.size(); ++i) pairs.push_back(Ast::call(relation, {args[i], args[i + 1]}));
    return Ast::call("&&", std::move(pairs));
  }

  std::function<Ast(const std::string&)> name_;
  std::function<std::string(const std::string&)> function_;
};

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
  return Converter(name_or_number, show_dots).convert(*tree);
}

Ast from_libsbml(const ASTNode& node, const Rename& rename) {
  return Converter([&](const std::string& n) { return Ast::symbol(rename(n, false)); }, [&](const std::string& n) { return rename(n, true); })
      .convert(node);
}

std::string libsbml_version() { return getLibSBMLDottedVersion(); }

}  // namespace osteosome::expr
