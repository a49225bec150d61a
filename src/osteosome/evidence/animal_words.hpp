// SPDX-License-Identifier: Apache-2.0
// Reading the words of animal studies.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace osteosome::evidence {

/// Every number in a text; of "6-9" the first.
[[nodiscard]] std::vector<double> numbers_in(const std::string& text);
/// True if `word` (lower case) stands in the text in any case; "=word" must stand alone.
[[nodiscard]] bool has_word(const std::string& text, std::string_view word);

}  // namespace osteosome::evidence
