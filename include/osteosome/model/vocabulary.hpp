// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "osteosome/core/toml.hpp"

namespace osteosome::model {

/// The file NAME.toml of the folder vocabulary/ of a data folder (sites, outcomes, populations, cargo); of a data folder without it, the one the
/// library was built with. @throws Error(Input) for text that is no TOML.
[[nodiscard]] core::TomlValue load_vocabulary(const std::string& data_root, const std::string& name);

}  // namespace osteosome::model
