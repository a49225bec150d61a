// SPDX-License-Identifier: Apache-2.0
// Studies from arms.csv and measurements.csv.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/evidence/study.hpp"

namespace osteosome::evidence {
namespace {

std::string with_hint(const std::string& message, const std::string& hint) { return hint.empty() ? message : message + "; " + hint; }

/// The cells of one row by the name of their column. Keeps the first thing that is wrong with it.
class Row {
 public:
  Row(const core::CsvTable& table, std::size_t index, const std::string& name) : table_(table), index_(index), name_(name) {}

  [[nodiscard]] std::string text(const std::string& column) const {
    for (std::size_t c = 0; c < table_.header.size(); ++c) {
      if (table_.header[c] == column) return table_.rows[index_][c];
    }
    return "";
  }
  [[nodiscard]] std::optional<double> number(const std::string& column) {
    const std::string cell = text(column);
    if (core::csv_missing(cell)) return std::nullopt;
    const auto value = core::csv_number(table_, cell);
    if (!value || !std::isfinite(*value)) problem(with_hint("'" + cell + "' in column '" + column + "' is no number", core::csv_number_hint(cell)));
    return value;
  }
  void problem(const std::string& message) {
    if (problem_.empty()) problem_ = name_ + ":" + std::to_string(table_.lines[index_]) + ": " + message;
  }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  const core::CsvTable& table_;
  std::size_t index_;
  std::string name_, problem_;
};

StudyArm read_arm(Row& row, const StudyVocabulary& vocabulary) {
  StudyArm arm;
  arm.id = row.text("arm_id");
  arm.label = row.text("arm");
  arm.trial_class = row.text("class");
  arm.regimen = row.text("regimen");
  arm.comparator_regimen = row.text("comparator_regimen");
  arm.time_zero_month = row.number("time_zero_month").value_or(0);
  arm.age_y = row.number("age_y");
  arm.years_since_menopause = row.number("years_since_menopause");
  for (const model::Site& site : vocabulary.outcomes.sites()) {
    if (!site.t_score) continue;
    if (const auto score = row.number(site.t_score_key())) arm.t_scores.emplace_back(site.code, *score);
  }
  arm.population = vocabulary.populations.of(row.text("sex_or_disease"));
  arm.runnable = row.text("runnable");
  arm.role = row.text("role");
  arm.remark = row.text("remark");
  return arm;
}

Measurement read_measurement(Row& row, const StudyVocabulary& vocabulary) {
  Measurement m;
  m.outcome = row.text("site_or_marker");
  m.marker = is_marker(m.outcome, vocabulary.outcomes);
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
  if (m.error && *m.error < 0) row.problem("sd_or_se is negative");
  if (m.low && m.high && *m.low > *m.high) row.problem("ci_low lies above ci_high");
  if (m.mean && m.low && m.high && (*m.mean < *m.low || *m.mean > *m.high)) row.problem("the mean lies outside of ci_low to ci_high");
  return m;
}

const std::string kArms = "arms.csv", kRows = "measurements.csv";
const std::vector<std::string> kArmColumns = {
    "arm_id",         "study",    "doi",  "arm",   "class", "regimen", "comparator_regimen", "time_zero_month", "age_y", "years_since_menopause",
    "sex_or_disease", "runnable", "role", "remark"};
const std::vector<std::string> kRowColumns = {
    "arm_id", "site_or_marker", "unit", "month", "mean", "ci_low", "ci_high", "sd_or_se", "which", "count", "provenance", "note"};

class TableReader {
 public:
  TableReader(const std::string& folder, const StudyVocabulary& vocabulary) : folder_(folder), vocabulary_(vocabulary) {
    for (const model::Site& site : vocabulary.outcomes.sites()) {
      if (site.t_score) arm_columns_.push_back(site.t_score_key());
    }
  }

  StudyTables run() {
    const auto arms = load(kArms, {"arm_id", "study", "regimen", "time_zero_month", "runnable", "role"});
    const auto rows = load(kRows, {"arm_id", "site_or_marker", "unit", "month", "mean", "count"});
    for (std::size_t i = 0; i < arms.rows.size(); ++i) ++named_[Row(arms, i, kArms).text("arm_id")];
    for (const auto& [id, n] : named_) known_.push_back(id);
    for (std::size_t i = 0; i < arms.rows.size(); ++i) take_arm(Row(arms, i, kArms));
    for (std::size_t i = 0; i < rows.rows.size(); ++i) take_row(Row(rows, i, kRows));
    return std::move(tables_);
  }

 private:
  core::CsvTable load(const std::string& name, const std::vector<std::string>& columns) {
    const std::string file = (std::filesystem::path(folder_) / name).string();
    core::Diagnostics ragged, problems;
    core::CsvTable table = core::parse_csv(core::read_file(file), file, ragged);
    for (const std::string& column : columns) {
      if (std::find(table.header.begin(), table.header.end(), column) != table.header.end()) continue;
      problems.add({"table-001", "column '" + column + "' is missing", {file, 1, 0}, core::did_you_mean(column, table.header)});
    }
    for (const std::string& column : table.header) {
      const auto& known = name == kArms ? arm_columns_ : kRowColumns;
      std::vector<std::string> absent;
      const auto has = [](const std::vector<std::string>& list, const std::string& k) {
        return std::find(list.begin(), list.end(), k) != list.end();
      };
      std::copy_if(known.begin(), known.end(), std::back_inserter(absent),
                   [&](const std::string& k) { return !has(table.header, k) && !has(columns, k); });
      const bool used = has(known, column);
      const std::string hint = used ? "" : core::did_you_mean(column, absent);
      if (!hint.empty()) problems.add({"table-002", "column '" + column + "' is not used", {file, table.header_line, 0}, hint});
    }
    problems.throw_if_any(core::ErrorKind::Input);
    for (const auto& x : ragged.all()) {
      tables_.left_out.push_back({"", "", name == kRows ? "?" : "", name + ":" + std::to_string(x.where.line) + ": " + x.message});
    }
    return table;
  }

  void take_arm(Row row) {
    StudyArm arm = read_arm(row, vocabulary_);
    const std::string title = row.text("study");
    auto& studies = tables_.studies;
    auto study = std::find_if(studies.begin(), studies.end(), [&](const Study& s) { return s.title == title; });
    if (study == studies.end()) study = studies.insert(studies.end(), Study{title, title, "clinical", row.text("doi"), {}});
    if (named_[arm.id] > 1) row.problem("arm '" + arm.id + "' stands twice");
    if (!row.problem().empty()) {
      tables_.left_out.push_back({title, arm.id, "", row.problem()});
      return;
    }
    place_[arm.id] = {static_cast<std::size_t>(study - studies.begin()), study->arms.size()};
    study->arms.push_back(std::move(arm));
  }

  /// A row of an arm that is left out goes with it.
  void take_row(Row row) {
    const std::string id = row.text("arm_id"), outcome = row.text("site_or_marker");
    Measurement m = read_measurement(row, vocabulary_);
    if (!visits_.insert({id, outcome, m.unit, m.month}).second) row.problem("this arm has a row of this outcome, unit and month already");
    if (!named_.contains(id)) row.problem(with_hint("no arm '" + id + "' in arms.csv", core::did_you_mean(id, known_)));
    const auto at = place_.find(id);
    if (!row.problem().empty()) {
      tables_.left_out.push_back({at == place_.end() ? "" : tables_.studies[at->second.first].id, id, outcome.empty() ? "?" : outcome,
                                  row.problem()});
    } else if (at != place_.end()) {
      tables_.studies[at->second.first].arms[at->second.second].measurements.push_back(std::move(m));
    }
  }

  std::string folder_;
  const StudyVocabulary& vocabulary_;
  std::vector<std::string> arm_columns_ = kArmColumns;
  StudyTables tables_;
  std::set<std::tuple<std::string, std::string, std::string, double>> visits_;
  std::map<std::string, std::size_t> named_;  ///< how often an arm stands in arms.csv
  std::vector<std::string> known_;
  std::map<std::string, std::pair<std::size_t, std::size_t>> place_;  ///< arm -> study, arm within it
};

}  // namespace

StudyTables load_study_tables(const std::string& folder, const StudyVocabulary& vocabulary) { return TableReader(folder, vocabulary).run(); }

}  // namespace osteosome::evidence
