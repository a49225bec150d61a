// SPDX-License-Identifier: Apache-2.0
// What all our HTML pages share.
#pragma once

#include <string>
#include <vector>

#include "osteosome/report/report.hpp"

namespace osteosome::report {

[[nodiscard]] std::string escape(const std::string& text);
/// The text with its DOI, if it has one, as a link.
[[nodiscard]] std::string link_doi(const std::string& source);
/// Everything up to the content of <main>.
[[nodiscard]] std::string page_start(const std::string& title);
/// The rest: notice, chart library and the charts, drawn into the elements "chart-ID".
[[nodiscard]] std::string page_end(const std::string& chart_library, const std::vector<Chart>& charts);

}  // namespace osteosome::report
