// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "osteosome/core/toml.hpp"
#include "osteosome/core/units.hpp"
#include "osteosome/model/distribution.hpp"
#include "osteosome/model/model.hpp"

namespace osteosome::model {

/// An input of a document that a composing document may connect.
struct Port {
  std::string id;
  UnitText unit;
  std::optional<expr::Ast> fallback;
  std::string meaning;
  core::Location where;
};

/// One used document: `[uses.NAME]`.
struct Use {
  std::string id;
  std::string document;
  std::vector<std::pair<std::string, expr::Ast>> connect;
  std::vector<std::pair<std::string, double>> set;
  core::Location where;
};

/// A quantity of a model that therapies act on: its rule is the sum or the product of what they contribute.
struct Target {
  std::string id;
  UnitText unit;
  bool product = false;
  std::string meaning;
  core::Location where;
};

/// What a therapy contributes to a target, in the therapy's own names.
struct Act {
  std::string target;
  expr::Ast formula;
  core::Location where;
};

/// One file as read, before composition.
struct Document {
  Model model;
  std::vector<Port> ports;
  std::vector<Use> uses;
  std::vector<Target> targets;
  bool is_therapy = false;
  std::string therapy_of;  ///< drug of [therapy]
  std::string overlay;  ///< document whose values replace those of the parameters, or ""
  std::vector<Act> acts;
};

[[nodiscard]] Document read_document(const core::TomlValue& root, const std::string& file, const core::UnitSystem& units,
                                     core::Diagnostics& problems);

}  // namespace osteosome::model
