// SPDX-License-Identifier: Apache-2.0
// designs.csv: what the importer has made of the texts of animal studies, one line a row of the table "preclinical".
#include "animal_designs.hpp"

#include <algorithm>

#include "animal_import.hpp"
#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::evidence {
namespace {

const std::vector<std::string> kReported = {"up", "down", "ns"};
constexpr const char* kBetween = " // ";  // the things that were filled in

/// The columns of one animal, without their prefix.
const std::vector<std::string> kAnimal = {"age_days", "gonadectomy_days", "unloaded_from", "unloaded_until"};
const std::vector<std::string> kColumns = {
    "study", "line", "species", "outcome", "reported", "treated", "control", "days", "n", "animal_model", "filled_in", "why_not"};

std::vector<std::string> header() {
  std::vector<std::string> columns = kColumns;
  for (const char* group : {"treated_", "control_"}) {
    for (const std::string& name : kAnimal) columns.push_back(group + name);
  }
  return columns;
}

std::string number(std::optional<double> x) { return x ? core::format_double(*x) : ""; }

std::vector<std::string> animal_cells(const simulate::Patient& p) {
  return {number(p.age_days), number(p.days_since_gonadectomy), p.unloading_days ? number(p.unloading_days->first) : "",
          p.unloading_days ? number(p.unloading_days->second) : ""};
}

std::string line_of(const AnimalRow& row, const AnimalDesign& d) {
  if (!d.why_not.empty()) {
    std::vector<std::string> cells(header().size());
    cells[0] = row.study;
    cells[1] = row.text("line");
    cells[kColumns.size() - 1] = d.why_not;
    return core::csv_line(cells);
  }
  std::string filled;
  for (const std::string& f : d.filled_in) filled += (filled.empty() ? "" : kBetween) + f;
  std::vector<std::string> cells = {
      row.study,
      row.text("line"),
      d.species,
      d.outcome,
      d.reported ? kReported[static_cast<std::size_t>(*d.reported)] : "",
      d.treated,
      d.control,
      number(d.days),
      number(d.n),
      d.animal_model,
      filled,
      ""};
  for (const auto* animal : {&d.treated_animal, &d.control_animal}) {
    const auto own = animal_cells(*animal);
    cells.insert(cells.end(), own.begin(), own.end());
  }
  return core::csv_line(cells);
}

/// Reads the cells of one line, collecting what is no number or no word of its column.
class LineReader {
 public:
  LineReader(const core::CsvTable& table, std::size_t row, const std::string& path, core::Diagnostics& problems)
      : table_(table), row_(row), path_(path), problems_(problems) {}

  [[nodiscard]] std::string text(const std::string& column) const {
    return table_.rows[row_][static_cast<std::size_t>(std::find(table_.header.begin(), table_.header.end(), column) - table_.header.begin())];
  }

  AnimalDesign design() {
    AnimalDesign d;
    d.why_not = text("why_not");
    if (!d.why_not.empty()) return d;
    d.species = text("species");
    d.outcome = text("outcome");
    d.treated = text("treated");
    d.control = text("control");
    d.treated_animal = animal("treated_");
    d.control_animal = animal("control_");
    d.days = number("days").value_or(0);
    d.n = number("n").value_or(0);
    d.animal_model = text("animal_model");
    d.reported = reported();
    const std::string filled = text("filled_in");
    for (std::size_t at = 0, end = 0; !filled.empty() && end != std::string::npos; at = end + std::string(kBetween).size()) {
      end = filled.find(kBetween, at);
      d.filled_in.push_back(filled.substr(at, end == std::string::npos ? end : end - at));
    }
    return d;
  }

 private:
  std::optional<double> number(const std::string& column) {
    const std::string cell = text(column);
    if (cell.empty()) return std::nullopt;
    const auto value = core::parse_double(cell);
    if (!value) problem("'" + cell + "' in column '" + column + "' is no number", "");
    return value;
  }

  std::optional<Reported> reported() {
    const std::string cell = text("reported");
    if (cell.empty()) return std::nullopt;
    const auto at = std::find(kReported.begin(), kReported.end(), cell);
    if (at == kReported.end()) problem("'" + cell + "' in column 'reported' is none of up, down, ns", core::did_you_mean(cell, kReported));
    return static_cast<Reported>(at - kReported.begin());
  }

  simulate::Patient animal(const std::string& group) {
    simulate::Patient p;
    p.supplement = false;
    p.age_days = number(group + "age_days");
    p.days_since_gonadectomy = number(group + "gonadectomy_days");
    const auto from = number(group + "unloaded_from"), until = number(group + "unloaded_until");
    if (from && until) p.unloading_days = std::pair{*from, *until};
    return p;
  }

  void problem(const std::string& message, const std::string& hint) { problems_.add({"study-012", message, {path_, table_.lines[row_], 0}, hint}); }

  const core::CsvTable& table_;
  std::size_t row_;
  const std::string& path_;
  core::Diagnostics& problems_;
};

}  // namespace

std::string designs_csv(const std::vector<AnimalRow>& rows, const std::string& data_root, const core::UnitSystem& units) {
  const model::Outcomes outcomes = model::load_outcomes(data_root);
  const AnimalImporter importer(data_root, units, outcomes);
  std::string text = core::csv_line(header());
  for (const AnimalRow& row : rows) {
    if (row.table == "preclinical") text += line_of(row, importer.design(row));
  }
  return text;
}

std::map<std::pair<std::string, std::string>, AnimalDesign> load_designs(const std::string& path) {
  const auto table = core::parse_csv(core::read_file(path), path);
  core::Diagnostics problems;
  for (const std::string& column : header()) {
    if (std::find(table.header.begin(), table.header.end(), column) == table.header.end())
      problems.add({"study-010", "column '" + column + "' is missing", {path, table.header_line, 0}, core::did_you_mean(column, table.header)});
  }
  problems.throw_if_any(core::ErrorKind::Input);
  std::map<std::pair<std::string, std::string>, AnimalDesign> designs;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    LineReader line(table, i, path, problems);
    designs[{line.text("study"), line.text("line")}] = line.design();
  }
  problems.throw_if_any(core::ErrorKind::Input);
  return designs;
}

}  // namespace osteosome::evidence
