// SPDX-License-Identifier: Apache-2.0
// libSBML's tree of a formula (MathML of an SBML file) becomes ours.
#include <sbml/SBMLTypes.h>

#include <map>

#include "functions.hpp"
#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/expr/mathml.hpp"

namespace osteosome::expr {
namespace {

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
      {AST_FUNCTION_LOG, "log"},
      {AST_FUNCTION_ROOT, "root"},
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

class Converter {
 public:
  explicit Converter(const Rename& rename) : rename_(rename) {}

  [[nodiscard]] Ast convert(const ASTNode& node, int depth = 0) const {
    if (depth > kDeepestFormula) unsupported("a formula nested deeper than " + std::to_string(kDeepestFormula) + " levels");
    const ASTNodeType_t type = node.getType();
    switch (type) {
      case AST_INTEGER: return Ast::number(static_cast<double>(node.getInteger()));
      case AST_REAL:
      case AST_RATIONAL: return Ast::number(node.getReal());
      case AST_REAL_E: return Ast::number(e_notation(node));
      case AST_CONSTANT_PI: return Ast::number(*constant_named("pi"));
      case AST_CONSTANT_E: return Ast::number(*constant_named("exponentiale"));
      case AST_CONSTANT_TRUE: return Ast::number(1);
      case AST_CONSTANT_FALSE: return Ast::number(0);
      case AST_NAME_AVOGADRO: return Ast::number(*constant_named("avogadro"));
      case AST_NAME_TIME: return Ast::symbol(std::string(kTime));
      case AST_NAME: return Ast::symbol(rename_(node.getName(), false));
      case AST_FUNCTION: return Ast::call(rename_(node.getName(), true), children(node, depth));
      default: break;
    }
    const auto found = calls().find(type);
    const bool empty = (type == AST_FUNCTION_LOG || type == AST_FUNCTION_ROOT) && node.getNumChildren() == 0;
    if (found == calls().end() || empty) {
      const char* name = node.getName();
      unsupported(std::string("'") + (name != nullptr ? name : "?") + "' in a formula" + (empty ? " without an argument" : ""));
    }
    return make_call(found->second, children(node, depth));
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

  const Rename& rename_;
};

}  // namespace

Ast from_libsbml(const ASTNode& node, const Rename& rename) { return Converter(rename).convert(node); }

std::string libsbml_version() { return getLibSBMLDottedVersion(); }

}  // namespace osteosome::expr
