// SPDX-License-Identifier: Apache-2.0
// What all our HTML pages share.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "osteosome/report/report.hpp"

namespace osteosome::report {

[[nodiscard]] std::string escape(const std::string& text);
/// The text with its DOI, if it has one, as a link.
[[nodiscard]] std::string link_doi(const std::string& source);
/// Colour and dashes ("6 4") of an arm's and a model's curves in all charts.
[[nodiscard]] std::string arm_colour(std::size_t arm);
[[nodiscard]] std::string model_dash(std::size_t model);
/// The chart without the legends of arms and models, for a page that has one for all.
[[nodiscard]] Chart without_legend(const Chart& chart);
/// An id for elements and files of `text`: letters, digits, '-' and '_', other than those `taken`, to which it is added.
[[nodiscard]] std::string unique_id(const std::string& text, std::set<std::string>& taken);
/// Six digits, whatever the size; what is too small for a normal number is 0.
[[nodiscard]] double significant(double x);
/// The element that page_end draws a chart into, with its caption.
[[nodiscard]] std::string figure_of(const Chart& chart);
/// Everything up to the content of <main>, and the notice that every page begins with.
[[nodiscard]] std::string page_start(const std::string& title);
/// The rest: chart library and the charts, drawn into the elements "chart-ID".
[[nodiscard]] std::string page_end(const std::string& chart_library, const std::vector<Chart>& charts);

}  // namespace osteosome::report
