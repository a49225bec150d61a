// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "osteosome/expr/graph.hpp"

namespace osteosome::expr {

/// True for every name that formula text calls as a built-in function, aliases among them ("arcsin", "lt", "sqr"): none of a function of one's own.
[[nodiscard]] bool is_builtin_function(std::string_view name);

/// The operation of one argument that formulas call `call` ("tanh", "ln"), if there is one.
[[nodiscard]] std::optional<Op> operation_called(std::string_view call);

}  // namespace osteosome::expr
