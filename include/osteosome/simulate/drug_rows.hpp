// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "osteosome/protocol/event_table.hpp"
#include "osteosome/protocol/regimen.hpp"
#include "osteosome/simulate/compiled_model.hpp"

namespace osteosome::simulate {

/// Makes rows of drugs, and amounts in stated units, rows of the model: DRUG goes through the model's [doses] (into, factor, molar mass, continuous
/// doses), with AMT in UNIT, in the unit that AMT is headed with, or in the drug's usual unit. `weight_kg` serves units per kg,
/// `parameters` formulas of [doses].
/// Adds to `remarks` what AMT means where a row names no drug or unit, and doses far above those of labels and studies.
/// @throws Error(Dosing) with every row that the model cannot take, and with its line.
void translate_drugs(protocol::EventTable& table, const CompiledModel& model, const core::UnitSystem& units, const protocol::DrugCatalogue& catalogue,
                     double weight_kg, const std::vector<double>& parameters, std::vector<std::string>& remarks);

/// Checks the covariates of a table: bounds and signs of the model's parameters, and that a value given there has an effect.
/// Says which subjects have no value of a column at all. @throws Error(Input) with line for every value that a parameter may not have.
[[nodiscard]] std::vector<std::string> check_covariates(const protocol::EventTable& table, const model::Model& model);

}  // namespace osteosome::simulate
