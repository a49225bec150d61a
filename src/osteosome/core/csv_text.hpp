// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace osteosome::core {

/// The text of a table file in UTF-8 with '\n' at the end of lines and plain blanks for no-break ones.
/// @throws Error(Input) csv-001, csv-004, csv-005 for an empty or binary file and for another encoding.
[[nodiscard]] std::string csv_plain_text(std::string_view bytes, const std::string& file);

}  // namespace osteosome::core
