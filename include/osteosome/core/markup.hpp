// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace osteosome::core {

/// `text` as content or attribute of XML and HTML: & < > " as entities, control characters that XML forbids as blanks.
[[nodiscard]] std::string escape_markup(std::string_view text);

}  // namespace osteosome::core
