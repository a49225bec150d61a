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
#include "osteosome/model/document.hpp"
#include "osteosome/model/model.hpp"

namespace osteosome::model {

/// An input of a document that a composing document may connect.
struct Port {
  std::string id;
  UnitText unit;
  std::optional<expr::Ast> fallback;
  std::string meaning;
  std::string from;  ///< quantity of the model that takes a therapy in; "" for the one of the port's name
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
  bool factor = false;  ///< of cargo: multiplies the target
};

/// One file as read, before composition.
struct Document {
  Model model;
  std::vector<Port> ports;
  std::vector<Use> uses;
  std::vector<Target> targets;
  bool is_therapy = false;
  bool is_product = false;
  std::string therapy_of;  ///< drug of [therapy]
  std::vector<std::string> species;  ///< of [therapy]: where it works
  std::string elsewhere;             ///< of [therapy]: what to do in other species
  std::vector<std::pair<std::string, std::string>> products;  ///< kind of product, document of its kinetics
  std::vector<std::string> overlays;  ///< documents whose values replace those of the parameters
  std::vector<Act> acts;
};

/// The value, unit and provenance of a parameter, as every document writes them. `may_lack_value`: nan stands for a value given elsewhere.
[[nodiscard]] Parameter read_parameter(const std::string& id, const core::TomlValue& value, const std::string& model_source,
                                       const core::UnitSystem& units, core::Diagnostics& problems, bool may_lack_value = false);
/// The outputs of a table [outputs].
[[nodiscard]] std::vector<Output> read_outputs(const core::TomlValue& table, const core::UnitSystem& units, core::Diagnostics& problems);

/// The entry of an overlay or product replaces the parameter `id`: value, source, and bounds and prior if it has them.
void replace_parameter(Model& model, const std::string& id, const core::TomlValue& value, const std::string& source, const core::UnitSystem& units,
                       core::Diagnostics& problems);

/// Turns the kinetics `base` into the therapy that a product document describes (product.cpp).
void make_product(const core::TomlValue& root, const std::string& file, const Library& library, Document& base, const core::UnitSystem& units,
                  core::Diagnostics& problems);

[[nodiscard]] Document read_document(const core::TomlValue& root, const std::string& file, const core::UnitSystem& units,
                                     core::Diagnostics& problems);

}  // namespace osteosome::model
