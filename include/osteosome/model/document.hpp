// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "osteosome/core/units.hpp"
#include "osteosome/model/model.hpp"

namespace osteosome::model {

/// True for files that are read as SBML: those that end in .xml or .sbml.
[[nodiscard]] bool is_sbml(const std::string& path);

/// Where documents are looked up besides the folder of the document that names them.
struct Library {
  std::string root;  ///< folder that holds models/, scenarios/, evidence/
  /// Reads files that end in .xml or .sbml (sbml::read_sbml); without it they are refused.
  std::function<Model(const std::string& path, const core::UnitSystem& units)> read_sbml = {};

  /// Path of a model named by path or by id ("joerg-2022", "published/joerg-2022"). @throws Error(Input) with near matches.
  [[nodiscard]] std::string find_model(const std::string& name, const std::string& beside = "") const;
  /// Ids of all built-in models, sorted: documents below `root`/models that are neither modules (with [ports]) nor overlays.
  [[nodiscard]] std::vector<std::string> models() const;
  /// Path of a species overlay by name ("rat"). @throws Error(Input) with the known ones and a near match.
  [[nodiscard]] std::string find_species(const std::string& name) const;
  /// Names of the species and strains below `root`/species, sorted.
  [[nodiscard]] std::vector<std::string> species() const;
  /// Paths of all documents below `root`/therapies that have a [therapy] or a [product], sorted.
  [[nodiscard]] std::vector<std::string> therapies() const;
};

/// What a model is loaded for.
struct LoadOptions {
  std::string species;                ///< name of a species overlay, or "" for what the document is about
  std::vector<std::string> drugs;     ///< drugs of the regimens: products (exosomes, cells) are taken in only when named
  std::vector<std::string> overlays;  ///< documents with [overlay], found as models are; applied after the model's own and the species
  std::vector<std::string> therapies = {};  ///< paths of further therapies and products; they go before the library's of the same name
};

/// Loads, composes and validates a model document; see docs/reference/model-document.md.
/// @throws Error with every problem found, each with line and column.
[[nodiscard]] Model load_model(const std::string& path, const Library& library, const core::UnitSystem& units, const LoadOptions& options);
[[nodiscard]] Model load_model(const std::string& path, const Library& library, const core::UnitSystem& units,
                               const std::vector<std::string>& overlays = {});

/// Checks a document that others use (a module, a therapy) on its own. @throws Error(Model) with every problem.
void check_module(const std::string& path, const Library& library, const core::UnitSystem& units);

/// Checks a flat model: unknown and duplicate names, cycles, unknown functions, units. Adds to `problems`.
void validate(const Model& model, core::Diagnostics& problems);

/// Order in which the assignment rules can be evaluated (indices into `model.rules`). @throws Error(Model) on a cycle.
[[nodiscard]] std::vector<std::size_t> rule_order(const Model& model);

/// What a document writes where the unit is not known, as in models from SBML without units.
inline constexpr const char* kUnknownUnit = "unknown";

/// A TOML document that reads back as `model`; dotted names get "__" for the dot.
[[nodiscard]] std::string to_toml(Model model);

/// The tables [doses], [outputs], [start] and [patient] of a document: what SBML has no words for.
[[nodiscard]] std::string extras_to_toml(const Model& model);
/// Adds what extras_to_toml has written. @throws Error with every problem.
void add_extras(Model& model, const std::string& toml, const core::UnitSystem& units);

/// For every dotted name of the model one without a dot, unlike all others.
[[nodiscard]] std::map<std::string, std::string> plain_names(const Model& model);
/// Gives symbols, functions, events, doses and outputs the names they are mapped to, wherever they stand.
void rename_symbols(Model& model, const std::map<std::string, std::string>& names);

/// The equations as one LaTeX align* environment.
[[nodiscard]] std::string to_latex(const Model& model);

/// Markdown: title, faults, equations and the table of parameters with sources.
[[nodiscard]] std::string to_markdown(const Model& model);

}  // namespace osteosome::model
