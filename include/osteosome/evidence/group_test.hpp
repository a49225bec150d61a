// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "osteosome/cohort/scenario.hpp"
#include "osteosome/evidence/study.hpp"

namespace osteosome::evidence {

/// One group of own data at one time, and how sure it differs from the control.
struct TestedGroup {
  std::string arm;
  double mean = 0, simulated = 0;  ///< of the first model that has arm and outcome
  GroupData data;
  double p = 0;  ///< Dunnett's, two-sided, against all arms at once; NaN for the control
};

/// Groups of own data that were measured together: one outcome, unit and time.
struct GroupTest {
  std::string outcome, unit, control, model, study;
  double month = 0, degrees = 0;
  std::vector<TestedGroup> groups;  ///< in the order of the scenario's arms
};

/// Every arm of own data against the scenario's control arm ([report] control, else that of [power]), by Dunnett's test with the standard deviations
/// pooled; Student's where it is one arm. Only groups with n and a spread that were given in the unit that is shown. Nothing without a control.
[[nodiscard]] std::vector<GroupTest> test_groups(const cohort::Scenario& scenario, const std::vector<Comparison>& comparisons);

/// "***", "**", "*" for p below 0.001, 0.01, 0.05; "ns" else, "" for NaN.
[[nodiscard]] std::string stars(double p);

}  // namespace osteosome::evidence
