// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "osteosome/core/units.hpp"
#include "osteosome/model/model.hpp"

namespace osteosome::sbml {

/// An SBML file as a Model, and what could not keep its name: identifiers that are built-in names of our formulas.
struct Imported {
  model::Model model;
  std::map<std::string, std::string> renamed;  ///< SBML id -> name in the model

  /// The name in the model of what the file calls `sid`.
  [[nodiscard]] std::string name_of(const std::string& sid) const;
};

/// Largest file that is read; libSBML takes some twenty times as much memory.
inline constexpr std::size_t kLargestFile = std::size_t{32} << 20;

/// Reads SBML Level 1 to 3; `comp` is flattened. The model is validated. Docs: docs/reference/sbml.md.
/// @throws Error(Io) for an unreadable or too large file, Error(Model) with every problem libSBML or the validation finds, each with line and
/// element, Error(Unsupported) naming a package or construct that no engine can do.
[[nodiscard]] Imported read_sbml(const std::string& path, const core::UnitSystem& units);

/// The same from text; `file` names it in messages and is where external model definitions are looked up.
[[nodiscard]] Imported parse_sbml(std::string_view text, const std::string& file, const core::UnitSystem& units);

}  // namespace osteosome::sbml
