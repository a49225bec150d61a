// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osteosome/expr/ast.hpp"

namespace osteosome::expr {

/// Deepest tree that is read from text or MathML; what walks trees is recursive.
inline constexpr int kDeepestFormula = 1000;

/// A function that formula text has built in.
struct Builtin {
  std::string call;          ///< for make_call
  std::size_t least, most;  ///< numbers of arguments
};

/// MathML's element of a call, "" where there is none: what is no formula of SBML, or has a <csymbol>.
[[nodiscard]] std::string_view element_of(std::string_view call);

/// The call that an element of MathML stands for, for make_call; "" where there is none.
[[nodiscard]] std::string_view call_of_element(std::string_view element);

/// <, <=, >, >=, == and !=.
[[nodiscard]] bool is_comparison(std::string_view name);

/// nullptr where text has no such function. Several names may mean one function ("arcsin", "asin").
[[nodiscard]] const Builtin* find_builtin(std::string_view name);

/// The tree of an operator or function with its arguments, rarer ones in terms of common ones; "log" is given its base first, "root" its degree.
[[nodiscard]] Ast make_call(const std::string& call, std::vector<Ast> args);

/// Value of a name like "pi" or "INF", which text has built in.
[[nodiscard]] std::optional<double> constant_named(std::string_view name);

}  // namespace osteosome::expr
