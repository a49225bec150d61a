// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sbml/SBMLTypes.h>

#include <memory>
#include <string>
#include <string_view>

#include "osteosome/core/diagnostics.hpp"

namespace osteosome::sbml {

/// libSBML's document of `text`, checked, with `comp` flattened, at Level 2 or 3. @throws Error as read_sbml does.
[[nodiscard]] std::unique_ptr<SBMLDocument> load_document(std::string_view text, const std::string& file);

/// Where an element stands.
[[nodiscard]] core::Location where(const SBase& element, const std::string& file);

}  // namespace osteosome::sbml
