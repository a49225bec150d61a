// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>

#include "osteosome/evidence/preclinical.hpp"

namespace osteosome::evidence {

/// Designs by study and `line` of its row. @throws Error(Input) with every problem of the file, Error(Io).
[[nodiscard]] std::map<std::pair<std::string, std::string>, AnimalDesign> load_designs(const std::string& path);

}  // namespace osteosome::evidence
