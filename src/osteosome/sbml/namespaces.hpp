// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace osteosome::sbml {

/// Line of the position `at` in `text`, from 1.
[[nodiscard]] int line_at(std::string_view text, std::size_t at);

/// Name without prefix of the element whose start tag begins at text[at].
[[nodiscard]] std::string_view element_at(std::string_view text, std::size_t at);

/// Checks that level, version and namespace of <sbml> belong together, and the namespaces that elements <math> declare: of a wrong one libSBML
/// says no more than that a combination is invalid. @throws Error(Model) with every problem, each with line and element.
void check_namespaces(std::string_view text, const std::string& file);

}  // namespace osteosome::sbml
