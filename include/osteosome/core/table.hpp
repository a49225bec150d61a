// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace osteosome::core {

/// Rows of text under named columns; numbers are written so that they read back as the same double, what is missing is "". Results leave the library
/// as tables.
struct Table {
  std::string name;  ///< of the file, without ending
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  ///< each as long as `columns`
};

/// RFC 4180, a header line first.
[[nodiscard]] std::string to_csv(const Table& table);

}  // namespace osteosome::core
