// SPDX-License-Identifier: Apache-2.0
#include "osteosome/core/table.hpp"

#include "osteosome/core/csv.hpp"

namespace osteosome::core {

std::string to_csv(const Table& table) {
  std::string text = csv_line(table.columns);
  for (const auto& row : table.rows) text += csv_line(row);
  return text;
}

}  // namespace osteosome::core
