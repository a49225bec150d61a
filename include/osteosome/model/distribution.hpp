// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "osteosome/core/toml.hpp"
#include "osteosome/model/model.hpp"

namespace osteosome::model {

/// Reads `{ kind = "lognormal", cv = 0.2 }` and its relatives. A location that is left out is NaN and stands for the parameter's
/// own value; a normal with `cv` has a negative `sd`, relative to its mean.
[[nodiscard]] Distribution read_distribution(const core::TomlValue& table, const std::string& name, core::Diagnostics& problems);

}  // namespace osteosome::model
