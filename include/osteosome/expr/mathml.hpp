// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "osteosome/expr/ast.hpp"

class ASTNode;  // of libSBML

namespace osteosome::expr {

/// What a name of the tree is called in the formula; `function` for the name of a called function.
using Rename = std::function<std::string(const std::string& name, bool function)>;

/// A formula as libSBML holds it (MathML of an SBML file) in our terms. Numbers are the nearest doubles to what the file spells.
/// @throws Error(Unsupported) for a construct that is no formula of SBML core.
[[nodiscard]] Ast from_libsbml(const ASTNode& node, const Rename& rename);

/// MathML of the formula: the content of a <math> element. `sid` gives the identifier of a name. Numbers are written in plain decimal digits
/// that read back to the same double.
[[nodiscard]] std::string to_mathml(const Ast& ast, const std::function<std::string(const std::string&)>& sid);

}  // namespace osteosome::expr
