// SPDX-License-Identifier: Apache-2.0
// libSBML's tree of a formula (MathML of an SBML file) becomes ours.
#include <sbml/SBMLTypes.h>

#include "functions.hpp"
#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/expr/mathml.hpp"

namespace osteosome::expr {
namespace {

/// What a node that is no name and no number calls, or "". libSBML names functions, relations and logic as MathML does, and a <csymbol> as the file
/// does.
std::string_view call_of(const ASTNode& node) {
  switch (node.getType()) {
    case AST_PLUS: return "+";
    case AST_MINUS: return "-";
    case AST_TIMES: return "*";
    case AST_DIVIDE: return "/";
    case AST_POWER: return "^";
    case AST_FUNCTION_DELAY: return "delay";
    case AST_FUNCTION_RATE_OF: return "rateOf";
    default: return node.getName() == nullptr ? "" : call_of_element(node.getName());
  }
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
    const std::string_view call = call_of(node);
    const bool empty = (type == AST_FUNCTION_LOG || type == AST_FUNCTION_ROOT) && node.getNumChildren() == 0;
    if (call.empty() || empty) {
      const char* name = node.getName();
      unsupported(std::string("'") + (name != nullptr ? name : "?") + "' in a formula" + (empty ? " without an argument" : ""));
    }
    return make_call(std::string(call), children(node, depth));
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
