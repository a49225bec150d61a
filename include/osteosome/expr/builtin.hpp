// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace osteosome::expr {

/// True for every name that formula text calls as a built-in function, aliases among them ("arcsin", "lt", "sqr"): none of a function of one's own.
[[nodiscard]] bool is_builtin_function(std::string_view name);

}  // namespace osteosome::expr
