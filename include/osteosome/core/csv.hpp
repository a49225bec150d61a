// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "osteosome/core/diagnostics.hpp"

namespace osteosome::core {

/// A table of text cells with the line each row starts at.
struct CsvTable {
  std::vector<std::string> comments;  ///< lines before the header that start with '#', without it
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::vector<int> lines;  ///< line of each row, from 1
};

/// RFC 4180 with ',' or (if the header has tabs and no commas) tab; every row must have as many cells as the header.
/// @throws Error(Input) csv-00n with line for an empty file, ragged rows or an open quote.
[[nodiscard]] CsvTable parse_csv(std::string_view text, const std::string& file);
/// The same, but ragged rows are left out and named in `ragged`.
[[nodiscard]] CsvTable parse_csv(std::string_view text, const std::string& file, Diagnostics& ragged);

/// One cell, quoted if it has to be.
[[nodiscard]] std::string csv_cell(std::string_view text);
/// A line with '\n'.
[[nodiscard]] std::string csv_line(const std::vector<std::string>& cells);

}  // namespace osteosome::core
