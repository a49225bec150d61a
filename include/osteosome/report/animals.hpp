// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "osteosome/report/report.hpp"

namespace osteosome::report {

/// Every arm against the control arm at the end, with what that rests on; "" without a control arm.
[[nodiscard]] std::string differences_section(const ReportInput& input);
/// What animal studies report beside the arms they are laid over.
[[nodiscard]] std::string animals_section(const ReportInput& input);
/// Animals a group for the next study.
[[nodiscard]] std::string power_section(const ReportInput& input);
/// Copies of each cargo in a cell and whether they can act; values of cell products; "" without products.
[[nodiscard]] std::string products_section(const ReportInput& input);
/// How good the shipped model is on published studies of the drugs that are given; "" without it.
[[nodiscard]] std::string quality_section(const ReportInput& input);
/// Own data group by group, with a test against the control; "" without any.
[[nodiscard]] std::string groups_section(const ReportInput& input);
[[nodiscard]] std::vector<Chart> group_charts(const ReportInput& input);
/// Values at the end by dose, of arms that are alike but for the amount (three at least), for the outcomes named.
[[nodiscard]] std::vector<Chart> dose_charts(const ReportInput& input, const std::vector<std::string>& outcomes);
/// Charts of the sections above: effect sizes beside reported ones, power by animals a group.
[[nodiscard]] std::vector<Chart> animal_charts(const ReportInput& input);

/// The page of osteosome power.
[[nodiscard]] std::string make_power_report(const ReportInput& input);

}  // namespace osteosome::report
