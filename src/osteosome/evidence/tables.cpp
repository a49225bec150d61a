// SPDX-License-Identifier: Apache-2.0
// Studies from arms.csv and measurements.csv.
#include <cmath>
#include <filesystem>
#include <map>

#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/evidence/study.hpp"

namespace osteosome::evidence {
namespace {

/// The cells of one row by the name of their column.
class Row {
 public:
  Row(const core::CsvTable& table, std::size_t index, const std::string& file, core::Diagnostics& problems)
      : table_(table), index_(index), file_(file), problems_(problems) {}

  [[nodiscard]] std::string text(const std::string& column) const {
    for (std::size_t c = 0; c < table_.header.size(); ++c) {
      if (table_.header[c] == column) return table_.rows[index_][c];
    }
    return "";
  }
  [[nodiscard]] std::optional<double> number(const std::string& column) const {
    const std::string cell = text(column);
    if (cell.empty()) return std::nullopt;
    const auto value = core::parse_double(cell);
    if (!value || !std::isfinite(*value))
      problem("table-002", "'" + cell + "' in column '" + column + "' is no number", "Leave the cell empty if the value is not known.");
    return value;
  }
  void problem(const std::string& code, const std::string& message, const std::string& hint) const {
    problems_.add({code, message, {file_, table_.lines[index_], 0}, hint});
  }

 private:
  const core::CsvTable& table_;
  std::size_t index_;
  const std::string& file_;
  core::Diagnostics& problems_;
};

core::CsvTable load_table(const std::string& file, const std::vector<std::string>& columns, core::Diagnostics& problems) {
  core::CsvTable table = core::parse_csv(core::read_file(file), file);
  for (const std::string& column : columns) {
    if (std::find(table.header.begin(), table.header.end(), column) != table.header.end()) continue;
    problems.add({"table-001", "column '" + column + "' is missing", {file, 1, 0}, core::did_you_mean(column, table.header)});
  }
  problems.throw_if_any(core::ErrorKind::Input);
  return table;
}

StudyArm read_arm(const Row& row) {
  StudyArm arm;
  arm.id = row.text("arm_id");
  arm.label = row.text("arm");
  arm.trial_class = row.text("class");
  arm.regimen = row.text("regimen");
  arm.comparator_regimen = row.text("comparator_regimen");
  arm.time_zero_month = row.number("time_zero_month").value_or(0);
  arm.age_y = row.number("age_y");
  arm.years_since_menopause = row.number("years_since_menopause");
  arm.t_ls = row.number("t_ls");
  arm.t_th = row.number("t_th");
  arm.t_fn = row.number("t_fn");
  arm.population = row.text("sex_or_disease");
  arm.runnable = row.text("runnable");
  arm.role = row.text("role");
  arm.remark = row.text("remark");
  return arm;
}

Measurement read_measurement(const Row& row) {
  Measurement m;
  m.outcome = row.text("site_or_marker");
  m.unit = row.text("unit");
  m.month = row.number("month").value_or(std::nan(""));
  m.mean = row.number("mean");
  m.low = row.number("ci_low");
  m.high = row.number("ci_high");
  m.error = row.number("sd_or_se");
  m.interval = row.text("which");
  m.count = row.text("count");
  m.provenance = row.text("provenance");
  m.note = row.text("note");
  return m;
}

}  // namespace

std::vector<Study> load_study_tables(const std::string& folder) {
  const std::string arms_file = (std::filesystem::path(folder) / "arms.csv").string();
  const std::string rows_file = (std::filesystem::path(folder) / "measurements.csv").string();
  core::Diagnostics problems;
  const auto arms = load_table(arms_file, {"arm_id", "study", "regimen", "time_zero_month", "runnable", "role"}, problems);
  const auto rows = load_table(rows_file, {"arm_id", "site_or_marker", "unit", "month", "mean", "count"}, problems);
  std::vector<Study> studies;
  std::map<std::string, std::pair<std::size_t, std::size_t>> place;  // arm -> study, arm within it
  for (std::size_t i = 0; i < arms.rows.size(); ++i) {
    const Row row(arms, i, arms_file, problems);
    const std::string title = row.text("study");
    auto study = std::find_if(studies.begin(), studies.end(), [&](const Study& s) { return s.title == title; });
    if (study == studies.end()) study = studies.insert(studies.end(), Study{title, title, "clinical", row.text("doi"), {}});
    StudyArm arm = read_arm(row);
    if (!place.emplace(arm.id, std::pair{static_cast<std::size_t>(study - studies.begin()), study->arms.size()}).second) {
      row.problem("table-003", "arm '" + arm.id + "' stands twice", "");
    }
    study->arms.push_back(std::move(arm));
  }
  std::vector<std::string> known;
  for (const auto& [id, at] : place) known.push_back(id);
  for (std::size_t i = 0; i < rows.rows.size(); ++i) {
    const Row row(rows, i, rows_file, problems);
    const auto at = place.find(row.text("arm_id"));
    if (at == place.end()) {
      row.problem("table-004", "no arm '" + row.text("arm_id") + "' in arms.csv", core::did_you_mean(row.text("arm_id"), known));
    } else {
      studies[at->second.first].arms[at->second.second].measurements.push_back(read_measurement(row));
    }
  }
  problems.throw_if_any(core::ErrorKind::Input);
  return studies;
}

}  // namespace osteosome::evidence
