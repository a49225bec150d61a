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

/// Identifier of the SBML unit of a term, or "" where it is not known.
using UnitId = std::function<std::string(const Ast&)>;

/// MathML of the formula, the content of a <math> element, in what all of SBML Level 3 has (min and max become piecewise). Numbers are written in
/// plain decimal digits that read back to the same double. They are dimensionless, but a 0 has the unit of what stands beside it, or of the whole
/// (`expected`, "" where that is not known), and so has a bound of a comparison.
[[nodiscard]] std::string to_mathml(const Ast& ast, const UnitId& unit, const std::string& expected = "");

}  // namespace osteosome::expr
