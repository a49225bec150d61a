// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "osteosome/cohort/scenario.hpp"
#include "osteosome/core/table.hpp"

namespace osteosome::tasks {

/// Tables of a run with several subjects, for the run folder; docs/reference/scenario.md says what the columns are.
[[nodiscard]] core::Table percentiles_table(const cohort::Scenario& scenario, const std::vector<simulate::CompiledModel>& models,
                                            const cohort::ScenarioResult& result);
/// Hands the lines of subjects.csv to `write`, one after another.
void write_subjects(const cohort::Scenario& scenario, const std::vector<simulate::CompiledModel>& models, const cohort::ScenarioResult& result,
                    const std::function<void(const std::string&)>& write);
/// Shares of subjects whose change is at least the threshold of `[report] responders` (at most, for a negative one), with their 95 % interval
/// (Wilson 1927, doi:10.1080/01621459.1927.10502953).
[[nodiscard]] core::Table responders_table(const cohort::Scenario& scenario, const std::vector<simulate::CompiledModel>& models,
                                           const cohort::ScenarioResult& result);

}  // namespace osteosome::tasks
