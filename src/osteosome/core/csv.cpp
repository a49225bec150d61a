// SPDX-License-Identifier: Apache-2.0
#include "osteosome/core/csv.hpp"

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::core {
namespace {

constexpr std::size_t kMostProblems = 20;
constexpr std::size_t kAll = static_cast<std::size_t>(-1);

/// Reads one record, which may span lines inside quotes. Advances `at` past its newline and `line` by the lines read.
std::vector<std::string> record(std::string_view text, std::size_t& at, int& line, char separator, const std::string& file) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  const int first = line;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c == '\n') ++line;
      if (c == '"' && at + 1 < text.size() && text[at + 1] == '"') {
        cells.back() += '"';
        ++at;
      } else if (c == '"') {
        quoted = false;
      } else {
        cells.back() += c;
      }
    } else if (c == '"' && trim(cells.back()).empty()) {
      quoted = true;
      cells.back().clear();
    } else if (c == separator) {
      cells.emplace_back();
    } else if (c == '\n') {
      ++at;
      break;
    } else if (c != '\r') {
      cells.back() += c;
    }
  }
  if (quoted) throw Error(ErrorKind::Input, {"csv-003", "a quote is never closed", {file, first, 0}, ""});
  ++line;
  for (std::string& cell : cells) cell = std::string(trim(cell));
  return cells;
}

/// Stops at `most` ragged rows.
CsvTable parse(std::string_view text, const std::string& file, Diagnostics& ragged, std::size_t most) {
  CsvTable table;
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  if (trim(text).empty()) throw Error(ErrorKind::Input, {"csv-001", "the file is empty", {file, 0, 0}, ""});
  if (text.find('\0') != std::string_view::npos) throw Error(ErrorKind::Input, {"csv-004", "the file is binary, not a text table", {file, 0, 0}, ""});
  std::size_t at = 0;
  int line = 1;
  while (at < text.size() && (text[at] == '#' || text[at] == '\n' || text[at] == '\r')) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (text[at] == '#') table.comments.emplace_back(trim(text.substr(at + 1, end - at - 1)));
    at = std::min(end + 1, text.size());
    ++line;
  }
  const std::string_view first = text.substr(at, std::min(text.find('\n', at), text.size()) - at);
  const char separator = first.find('\t') != std::string_view::npos && first.find(',') == std::string_view::npos ? '\t' : ',';
  table.header = record(text, at, line, separator, file);
  while (at < text.size() && ragged.all().size() < most) {
    const int start = line;
    auto cells = record(text, at, line, separator, file);
    if (cells.size() == 1 && cells[0].empty()) continue;
    if (cells.size() != table.header.size()) {
      ragged.add({"csv-002",
                  "the row has " + std::to_string(cells.size()) + " cells, the header " + std::to_string(table.header.size()),
                  {file, start, 0},
                  ""});
      continue;
    }
    table.rows.push_back(std::move(cells));
    table.lines.push_back(start);
  }
  return table;
}

}  // namespace

CsvTable parse_csv(std::string_view text, const std::string& file) {
  Diagnostics ragged;
  CsvTable table = parse(text, file, ragged, kMostProblems);
  ragged.throw_if_any(ErrorKind::Input);
  return table;
}

CsvTable parse_csv(std::string_view text, const std::string& file, Diagnostics& ragged) { return parse(text, file, ragged, kAll); }

std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\n\r") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) out += (i > 0 ? "," : "") + csv_cell(cells[i]);
  return out + "\n";
}

}  // namespace osteosome::core
