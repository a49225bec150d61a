// SPDX-License-Identifier: Apache-2.0
#include "osteosome/core/csv.hpp"

#include <algorithm>

#include "csv_text.hpp"
#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::core {
namespace {

constexpr std::size_t kMostProblems = 20;
constexpr std::size_t kAll = static_cast<std::size_t>(-1);
constexpr char kBlanks = ' ';  // as a separator: any number of blanks and tabs

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - at;
}

/// A number with one `mark` between or before digits, e.g. "-12,5E3".
bool has_decimal(std::string_view cell, char mark) {
  std::size_t at = !cell.empty() && (cell[0] == '-' || cell[0] == '+') ? 1 : 0;
  at += digits(cell, at);
  if (at >= cell.size() || cell[at] != mark) return false;
  const std::size_t after = digits(cell, at + 1);
  at += 1 + after;
  if (after > 0 && at < cell.size() && std::string_view("eEdD").find(cell[at]) != std::string_view::npos) {
    ++at;
    if (at < cell.size() && (cell[at] == '-' || cell[at] == '+')) ++at;
    const std::size_t exponent = digits(cell, at);
    return exponent > 0 && at + exponent == cell.size();
  }
  return after > 0 && at == cell.size();
}

/// "1,000" and "12,500": thousands in English, a decimal comma elsewhere.
bool like_thousands(std::string_view cell) {
  const std::size_t comma = cell.find(',');
  const std::size_t sign = cell[0] == '-' || cell[0] == '+' ? 1 : 0;
  return comma - sign >= 1 && comma - sign <= 3 && cell[sign] != '0' && cell.size() == comma + 4 && digits(cell, comma + 1) == 3;
}

constexpr char kHidden = '\x01';

/// With one mark in the place of each quoted text and unit in brackets.
std::string bare(std::string_view line) {
  std::string out;
  char closing = 0;
  for (const char c : line) {
    if (closing != 0) {
      if (c == closing) closing = 0;
    } else if (c == '"' || c == '[' || c == '(') {
      closing = c == '"' ? '"' : c == '[' ? ']' : ')';
      out += kHidden;
    } else {
      out += c;
    }
  }
  return out;
}

char separator_of(std::string_view header) {
  const std::string text = bare(trim(header));
  const auto count = [&](char c) { return std::count(text.begin(), text.end(), c); };
  char best = ',';
  for (const char c : {';', '\t'}) {
    if (count(c) > count(best)) best = c;
  }
  if (count(best) > 0) return best;
  const auto blank = text.find(' ');
  return blank == std::string::npos || text.find_first_not_of(kHidden, blank + 1) == std::string::npos ? ',' : kBlanks;
}

/// Reads a table from front to back.
class CsvReader {
 public:
  CsvReader(std::string_view bytes, const std::string& file) : file_(file), plain_(csv_plain_text(bytes, file)), text_(plain_) {}

  /// Stops at `most` ragged rows.
  CsvTable run(Diagnostics& ragged, std::size_t most) {
    preamble();
    table_.header_line = line_;
    table_.header = record(true);
    std::string& first = table_.header.front();
    if (first.size() > 1 && (first[0] == '#' || first[0] == '@')) first = std::string(trim(std::string_view(first).substr(1)));
    while (table_.header.size() > 1 && table_.header.back().empty()) table_.header.pop_back();
    while (at_ < text_.size() && ragged.all().size() < most) {
      if (text_[at_] == '#') {
        table_.comments.emplace_back(trim(next_line().substr(1)));
      } else {
        row(ragged);
      }
    }
    find_decimal_comma();
    return std::move(table_);
  }

 private:
  [[nodiscard]] std::string_view peek_line(std::size_t from) const {
    return text_.substr(from, std::min(text_.find('\n', from), text_.size()) - from);
  }

  std::string_view next_line() {
    const std::string_view line = peek_line(at_);
    at_ = std::min(at_ + line.size() + 1, text_.size());
    ++line_;
    return line;
  }

  /// What stands before the header: empty lines, comments, Excel's "sep=;", the "TABLE NO." of NONMEM.
  void preamble() {
    while (at_ < text_.size()) {
      const std::string_view line = peek_line(at_), plain = trim(line);
      if (plain.empty()) {
        (void)next_line();
      } else if (plain.size() == 5 && to_lower(plain.substr(0, 4)) == "sep=") {
        separator_ = plain[4];
        (void)next_line();
      } else if (plain.starts_with("TABLE NO.")) {
        separator_ = kBlanks;
        (void)next_line();
      } else if (plain.starts_with("#") && !is_marked_header(plain, at_ + line.size() + 1)) {
        table_.comments.emplace_back(trim(next_line().substr(line.find('#') + 1)));
      } else {
        break;
      }
    }
    if (at_ >= text_.size()) throw Error(ErrorKind::Input, {"csv-001", "the file has comments only", {file_, 0, 0}, ""});
    if (separator_ == 0) separator_ = separator_of(peek_line(at_));
  }

  /// A header that begins with '#', as in "#ID,TIME": as many names as the line after it has cells, none of them a number there alone.
  [[nodiscard]] bool is_marked_header(std::string_view line, std::size_t next) const {
    if (next >= text_.size()) return false;
    const char separator = separator_ == 0 ? separator_of(line.substr(1)) : separator_;
    const std::string below(trim(peek_line(next)));
    if (separator == kBlanks || below.starts_with("#")) return false;
    const auto names = split(line.substr(1), separator), cells = split(below, separator);
    const auto number = [](const std::string& cell) { return parse_double(trim(cell)).has_value(); };
    return names.size() > 1 && names.size() == cells.size() && std::none_of(names.begin(), names.end(), number) &&
           std::any_of(cells.begin(), cells.end(), number);
  }

  void row(Diagnostics& ragged) {
    const int start = line_;
    auto cells = record(false);
    if (std::all_of(cells.begin(), cells.end(), [](const std::string& c) { return c.empty(); })) return;
    while (cells.size() > table_.header.size() && cells.back().empty()) cells.pop_back();
    if (cells.size() != table_.header.size()) {
      const std::string hint =
          separator_ == ',' && cells.size() > table_.header.size() ? "A decimal comma splits a number in two: write a point." : "";
      ragged.add({"csv-002",
                  "the row has " + std::to_string(cells.size()) + " cells, the header " + std::to_string(table_.header.size()),
                  {file_, start, 0},
                  hint});
      return;
    }
    table_.rows.push_back(std::move(cells));
    table_.lines.push_back(start);
  }

  /// One record, which may span lines inside quotes.
  std::vector<std::string> record(bool header) {
    auto cells = separator_ == kBlanks ? words(header) : separated();
    for (std::string& cell : cells) cell = std::string(trim(cell));
    return cells;
  }

  std::vector<std::string> separated() {
    std::vector<std::string> cells(1);
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"' && trim(cells.back()).empty()) {
        cells.back() = quoted();
      } else if (c == separator_) {
        cells.emplace_back();
      } else if (c == '\n') {
        ++at_;
        break;
      } else {
        cells.back() += c;
      }
    }
    ++line_;
    return cells;
  }

  /// Reads on to the closing quote, after which only blanks may stand before the cell ends.
  std::string quoted() {
    std::string cell;
    const int first = line_;
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') ++line_;
      if (c != '"') {
        cell += c;
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
        cell += c;
        ++at_;
      } else {
        std::size_t next = at_ + 1;
        while (next < text_.size() && (text_[next] == ' ' || text_[next] == '\t') && text_[next] != separator_) ++next;
        if (next < text_.size() && text_[next] != separator_ && text_[next] != '\n' && separator_ != kBlanks) {
          throw Error(ErrorKind::Input, {"csv-006", "text follows a closing quote", {file_, line_, 0}, "A quote inside of quotes is written twice."});
        }
        return cell;
      }
    }
    throw Error(ErrorKind::Input, {"csv-003", "a quote is never closed", {file_, first, 0}, ""});
  }

  /// Cells between blanks; in the header a unit in brackets belongs to the name before it.
  std::vector<std::string> words(bool header) {
    std::vector<std::string> cells;
    bool inside = false;
    for (; at_ < text_.size() && text_[at_] != '\n'; ++at_) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t') {
        inside = false;
        continue;
      }
      const bool unit = header && (c == '[' || c == '(') && !cells.empty();
      if (!inside && !unit) cells.emplace_back();
      inside = true;
      if (c == '"' && cells.back().empty()) {
        cells.back() = quoted();
      } else {
        cells.back() += c;
      }
    }
    at_ = std::min(at_ + 1, text_.size());
    ++line_;
    if (cells.empty()) cells.emplace_back();
    return cells;
  }

  void find_decimal_comma() {
    if (separator_ == ',') return;
    bool comma = false, point = false;
    for (const auto& cells : table_.rows) {
      for (const std::string& cell : cells) {
        comma = comma || (has_decimal(cell, ',') && !like_thousands(cell));
        point = point || has_decimal(cell, '.');
      }
    }
    table_.decimal_comma = comma && !point;
  }

  const std::string& file_;
  std::string plain_;
  std::string_view text_;
  CsvTable table_;
  std::size_t at_ = 0;
  int line_ = 1;
  char separator_ = 0;
};

}  // namespace

CsvTable parse_csv(std::string_view text, const std::string& file) {
  Diagnostics ragged;
  CsvTable table = CsvReader(text, file).run(ragged, kMostProblems);
  ragged.throw_if_any(ErrorKind::Input);
  return table;
}

CsvTable parse_csv(std::string_view text, const std::string& file, Diagnostics& ragged) { return CsvReader(text, file).run(ragged, kAll); }

std::optional<double> csv_number(const CsvTable& table, std::string_view cell) {
  std::string number(cell);
  if (const auto comma = number.find(','); table.decimal_comma && comma != std::string::npos && has_decimal(number, ',')) number[comma] = '.';
  const auto exponent = number.find_first_of("dD");
  if (exponent != std::string::npos && exponent > 0 && (is_digit(number[exponent - 1]) || number[exponent - 1] == '.')) number[exponent] = 'e';
  return parse_double(number);
}

bool csv_missing(std::string_view cell) { return cell.empty() || cell == "." || cell == "NA"; }

std::string csv_number_hint(std::string_view cell) {
  const auto has = [&](char c) { return cell.find(c) != std::string_view::npos; };
  if (to_lower(cell) == "nan") return "A missing value is an empty cell, '.' or NA.";
  if (has('#')) return "A comment stands on a line of its own that begins with '#'.";
  const bool date =
      digits(cell, 0) > 0 && (cell.find('-', 1) != std::string_view::npos || has('/')) && cell.find_first_of("eE") == std::string_view::npos;
  if (has(':') || date) return "Clock times and dates are not read: write the time since the first record as a number.";
  if (has(','))
    return "Write a decimal point and no thousands separators, e.g. 1000.5; a decimal comma is read if ';' separates the cells and no number has a "
           "point.";
  return "";
}

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
