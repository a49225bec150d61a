// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "osteosome/model/document.hpp"

namespace osteosome::model {

/// What is wrong with `value` [unit of the parameter], wherever it comes from: not finite, outside the bounds, or, for a parameter without
/// bounds, below zero where the unit has no such value (a volume, a flow or clearance, a rate constant; see docs/reference/model-document.md).
[[nodiscard]] std::optional<core::Diagnostic> problem_of_value(const Parameter& p, double value, const core::Location& where);
/// The same of the size of a compartment, which is above zero, and of the initial value of a species, whose amounts are not below zero.
[[nodiscard]] std::optional<core::Diagnostic> problem_of_value(const Compartment& c, double value, const core::Location& where);
[[nodiscard]] std::optional<core::Diagnostic> problem_of_value(const Species& s, double value, const core::Location& where);
/// The same of whatever the model calls `symbol`; nothing if it has no such parameter, compartment or species.
[[nodiscard]] std::optional<core::Diagnostic> problem_of_value(const Model& model, const std::string& symbol, double value,
                                                               const core::Location& where);

/// Why a value that a subject is given for `symbol` would be without effect, e.g. "it is computed by a rule"; "" if it has one.
[[nodiscard]] std::string why_fixed(const Model& model, const std::string& symbol);

/// Gives a parameter, a compartment or the initial value of a species another value, as if the document had it; an initial assignment of the
/// symbol gives way. `by` says who does it, for the provenance. Adds to `problems`, with `where`, and leaves the model alone, if it cannot be.
void set_symbol(Model& model, const std::string& symbol, double value, const std::string& by, const core::Location& where,
                core::Diagnostics& problems);

/// How long an animal of the species overlay `name` lives [d], if it or what it builds on says ('life_span'). @throws Error(Input) as the overlay.
[[nodiscard]] std::optional<double> life_span_days(const Library& library, const std::string& name, const core::UnitSystem& units);

}  // namespace osteosome::model
