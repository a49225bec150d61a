// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace osteosome::expr {

/// A formula as written: numbers, names and calls. Operators are calls named by their symbol
/// ("+ - * / ^ < <= > >= == != && || !"), functions by their SBML infix name ("exp", "ln", "piecewise", ...).
struct Ast {
  enum class Kind { Number, Name, Call };
  Kind kind = Kind::Number;
  double value = 0;   ///< Number
  std::string name;   ///< Name, Call
  std::vector<Ast> args;

  [[nodiscard]] static Ast number(double value);
  [[nodiscard]] static Ast symbol(std::string name);
  [[nodiscard]] static Ast call(std::string name, std::vector<Ast> args);
  [[nodiscard]] bool is_number(double v) const { return kind == Kind::Number && value == v; }
};

/// The name that stands for the independent variable.
inline constexpr std::string_view kTime = "time";

/// Parses SBML L3 infix text (docs/reference/model-document.md). Names may be dotted ("lrp.wnt").
/// @throws Error(Model) formula-001 for text that is no formula (with its position), formula-002 for one-argument log.
[[nodiscard]] Ast parse_formula(std::string_view text);

/// Prints L3 infix text that parses back to the same tree; numbers in their shortest round-trip form.
[[nodiscard]] std::string to_text(const Ast& ast);

/// LaTeX without surrounding dollars.
[[nodiscard]] std::string to_latex(const Ast& ast);

/// Every name used, without `time` and without function names.
[[nodiscard]] std::set<std::string> names_in(const Ast& ast);

/// Replaces each name for which `replacement` returns a tree (else a null pointer).
[[nodiscard]] Ast substitute(const Ast& ast, const std::function<const Ast*(const std::string&)>& replacement);

/// True for identifiers that formula text reserves (built-in constants and functions).
[[nodiscard]] bool is_reserved(std::string_view name);

[[nodiscard]] std::string libsbml_version();

/// Names of the built-in functions a formula may call.
[[nodiscard]] const std::vector<std::string>& builtin_functions();

}  // namespace osteosome::expr
