// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osteosome/core/diagnostics.hpp"

namespace osteosome::core {

/// A table of text cells with the line each row starts at.
struct CsvTable {
  std::vector<std::string> comments;  ///< lines that start with '#', without it
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::vector<int> lines;       ///< line of each row, from 1
  int header_line = 1;          ///< from 1
  bool decimal_comma = false;   ///< numbers are written "1,5"; never where ',' separates cells
};

/// Reads what spreadsheets, R and NONMEM write (docs/reference/tables.md): UTF-8, or UTF-16 with its mark; lines that end in LF, CR LF or CR;
/// cells between ',', ';', tabs or blanks, quoted as in RFC 4180. Rows have as many cells as the header, not counting empty ones at the end;
/// empty rows and lines that start with '#' are passed over.
/// @throws Error(Input) csv-00n with line for an empty file, another encoding, ragged rows or an open quote.
[[nodiscard]] CsvTable parse_csv(std::string_view text, const std::string& file);
/// The same, but ragged rows are left out and named in `ragged`.
[[nodiscard]] CsvTable parse_csv(std::string_view text, const std::string& file, Diagnostics& ragged);

/// The number that a cell of `table` spells, also with a Fortran exponent (1.0D+02) or the table's decimal comma, if it does.
[[nodiscard]] std::optional<double> csv_number(const CsvTable& table, std::string_view cell);
/// True for what stands for no value: nothing, ".", "NA".
[[nodiscard]] bool csv_missing(std::string_view cell);
/// How to mend a cell that should be a number: decimal commas, clock times, comments; "" if nothing is recognised.
[[nodiscard]] std::string csv_number_hint(std::string_view cell);

/// One cell, quoted if it has to be.
[[nodiscard]] std::string csv_cell(std::string_view text);
/// A line with '\n'.
[[nodiscard]] std::string csv_line(const std::vector<std::string>& cells);

}  // namespace osteosome::core
