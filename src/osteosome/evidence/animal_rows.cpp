// SPDX-License-Identifier: Apache-2.0
// Rows of animal studies, as they stand in documents and tables.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "animal_designs.hpp"
#include "animal_words.hpp"
#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/evidence/preclinical.hpp"

namespace osteosome::evidence {

std::vector<double> numbers_in(const std::string& text) {
  std::vector<double> found;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = text.find_first_not_of("0123456789.eE+-", i);
    const std::string word = text.substr(i, end == std::string::npos ? end : end - i);
    if (!word.empty() && std::isdigit(static_cast<unsigned char>(word[0])) != 0) {
      if (const auto value = core::parse_double(word)) {
        found.push_back(*value);
      } else {
        const auto dash = core::parse_double(word.substr(0, word.find('-')));  // "6-9"
        if (dash) found.push_back(*dash);
      }
    }
    i = end == std::string::npos ? text.size() : end + 1;
  }
  return found;
}

bool has_word(const std::string& text, std::string_view word) {
  const std::string lower = core::to_lower(text);
  if (!word.starts_with('=')) return lower.find(word) != std::string::npos;
  const auto letter = [&](std::size_t i) { return i < lower.size() && std::isalnum(static_cast<unsigned char>(lower[i])) != 0; };
  const std::string_view alone = word.substr(1);
  for (std::size_t at = lower.find(alone); at != std::string::npos; at = lower.find(alone, at + 1)) {
    if ((at == 0 || !letter(at - 1)) && !letter(at + alone.size())) return true;
  }
  return false;
}

std::string AnimalRow::text(const std::string& column) const {
  const auto it = cells.find(column);
  return it == cells.end() ? "" : it->second;
}
std::optional<double> AnimalRow::number(const std::string& column) const { return core::parse_double(text(column)); }
double AnimalRow::number_or(const std::string& column, double otherwise) const {
  const auto numbers = numbers_in(text(column));
  return numbers.empty() ? otherwise : numbers.front();
}

namespace {

void read_study(const std::string& path, std::vector<AnimalRow>& rows, core::Diagnostics& problems) {
  const core::TomlValue root = core::load_toml(path);
  core::TomlReader top(root, "study document", problems);
  std::string id, role;
  if (const auto* header = top.table("study")) {
    core::TomlReader in(*header, "[study]", problems);
    id = in.required_text("id");
    role = in.required_text("role");
  } else {
    top.problem("study-001", "the table [study] is missing");
  }
  const core::TomlValue* list = top.array("rows");
  for (const auto& item : list == nullptr ? std::vector<core::TomlValue>{} : list->items) {
    AnimalRow row{{}, id, role, "", item.where};
    for (const auto& [key, value] : item.entries) {
      const bool boolean = value.kind == core::TomlValue::Kind::Boolean;
      row.cells[key] = boolean                                       ? (value.boolean ? "true" : "false")
                       : value.kind == core::TomlValue::Kind::Number ? core::format_double(value.number)
                                                                     : value.text;
    }
    row.table = row.text("table");
    rows.push_back(std::move(row));
  }
  top.finish();
}

}  // namespace

std::vector<AnimalRow> load_animal_study(const std::string& path) {
  std::vector<AnimalRow> rows;
  core::Diagnostics problems;
  read_study(path, rows, problems);
  problems.throw_if_any(core::ErrorKind::Input);
  return rows;
}

std::vector<AnimalRow> load_animal_studies(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ec)) {
    if (entry.path().extension() == ".toml" && entry.path().stem() != "vocabulary") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  std::vector<AnimalRow> rows;
  core::Diagnostics problems;
  for (const std::string& file : files) read_study(file, rows, problems);
  problems.throw_if_any(core::ErrorKind::Input);
  const std::string typed = (std::filesystem::path(folder) / "designs.csv").string();
  if (!std::filesystem::exists(typed, ec)) return rows;
  const auto designs = load_designs(typed);
  for (AnimalRow& row : rows) {
    const auto design = designs.find({row.study, row.text("line")});
    if (row.table == "preclinical" && design != designs.end()) row.design = design->second;
  }
  return rows;
}

std::vector<AnimalRow> load_animal_evidence(const std::string& root, const std::string& path) {
  if (path.empty()) return load_animal_studies(root + "/evidence/preclinical");
  return std::filesystem::is_directory(path) ? load_animal_studies(path) : load_animal_table(path);
}

namespace {

const std::vector<std::string> kNumbers = {
    "mean_control", "sd_control", "mean_treated", "sd_treated", "mean_sham", "sd_sham", "effect", "ci_low", "ci_high", "percent_change"};

/// A column that spells one of numbers in another way would be passed over.
void check_columns(const core::CsvTable& csv, const std::string& path, core::Diagnostics& problems) {
  for (const std::string& column : csv.header) {
    const bool known = std::find(kNumbers.begin(), kNumbers.end(), column) != kNumbers.end();
    const auto near = known ? std::nullopt : core::near_match(column, kNumbers);
    if (near && std::find(csv.header.begin(), csv.header.end(), *near) == csv.header.end())
      problems.add({"study-011", "column '" + column + "' is not one that is read", {path, csv.header_line, 0}, "Did you mean '" + *near + "'?"});
  }
}

/// Numbers of a row of one's own table: means and spreads as such, and the animals a group a whole number from 2 (or text that holds some).
void check_numbers(const AnimalRow& row, core::Diagnostics& problems) {
  const auto problem = [&](const std::string& column, const std::string& why) {
    problems.add({"study-011", column + " is '" + row.text(column) + "', " + why, row.where, ""});
  };
  for (const std::string& column : kNumbers) {
    const auto value = row.number(column);
    if (!row.text(column).empty() && (!value || !std::isfinite(*value))) problem(column, "which is no number");
    if (value && *value < 0 && column.starts_with("sd_")) problem(column, "which no spread can be");
  }
  const auto n = row.number("n");
  if (n && !(*n >= 2 && *n == std::floor(*n))) problem("n", "which is no number of animals a group");
  const auto low = row.number("ci_low"), high = row.number("ci_high");
  if (low && high && *low > *high) problem("ci_low", "above ci_high");
}

}  // namespace

std::vector<AnimalRow> load_animal_table(const std::string& path) {
  const auto csv = core::parse_csv(core::read_file(path), path);
  for (const char* column : {"study", "species", "osteoporosis_model", "therapy", "outcome", "direction"}) {
    if (std::find(csv.header.begin(), csv.header.end(), column) == csv.header.end()) {
      throw core::Error(core::ErrorKind::Input, {"study-010",
                                                 "the table has no column '" + std::string(column) + "'",
                                                 {path, 1, 0},
                                                 "Its layout is that of preclinical.csv (evidence/preclinical/README.md)."});
    }
  }
  core::Diagnostics problems;
  check_columns(csv, path, problems);
  std::vector<AnimalRow> rows;
  for (std::size_t i = 0; i < csv.rows.size(); ++i) {
    AnimalRow row{{}, "", "", "preclinical", {path, csv.lines[i], 0}};
    for (std::size_t c = 0; c < csv.header.size() && c < csv.rows[i].size(); ++c) {
      if (!csv.rows[i][c].empty()) row.cells[csv.header[c]] = csv.rows[i][c];
    }
    row.study = row.text("study");
    check_numbers(row, problems);
    rows.push_back(std::move(row));
  }
  problems.throw_if_any(core::ErrorKind::Input);
  return rows;
}

}  // namespace osteosome::evidence
