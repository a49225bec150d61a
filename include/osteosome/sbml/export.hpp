// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/model/model.hpp"

namespace osteosome::sbml {

/// SBML Level 3 Version 2 core of the model, with units, provenance as notes and MIRIAM annotations, and what SBML has no words for (doses,
/// outputs, the patient) in an annotation of our own. Every number reads back to the same double. Docs: docs/reference/sbml.md.
/// @throws Error(Unsupported) for fast reactions, which Level 3 Version 2 does not have.
[[nodiscard]] std::string to_sbml(model::Model model);

/// What libSBML's full consistency check, units included, says about `text`.
struct Findings {
  std::vector<core::Diagnostic> errors, warnings;
};
[[nodiscard]] Findings check_consistency(std::string_view text, const std::string& file);

/// Namespace of our annotations.
inline constexpr const char* kNamespace = "urn:osteosome:sbml:1";

}  // namespace osteosome::sbml
