// SPDX-License-Identifier: Apache-2.0
#include "osteosome/protocol/event_table.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "osteosome/core/csv.hpp"
#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::protocol {
namespace {

const std::vector<std::string> kColumns = {
    "ID", "TIME", "EVID", "AMT", "CMT", "RATE", "DUR", "TINF", "II", "ADDL", "SS", "MDV", "EVENT", "DRUG", "UNIT", "ROUTE"};
constexpr std::size_t kMostProblems = 50;
constexpr int kMostAdditional = 1'000'000;

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

/// "TIME [h]" or "TIME (h)": the name, and the unit it is headed with or "".
std::pair<std::string, std::string> name_and_unit(const std::string& header) {
  const auto open = header.find_first_of("[(");
  if (open == std::string::npos || open == 0) return {header, ""};
  const auto close = header.find(header[open] == '[' ? ']' : ')', open);
  const std::string unit(core::trim(header.substr(open + 1, close == std::string::npos ? close : close - open - 1)));
  return {std::string(core::trim(header.substr(0, open))), unit};
}

/// True if `word` is `name` in another case, or spells out what `name` abbreviates: WEIGHT for WT.
bool like(const std::string& word, const std::string& name) {
  const std::string longer = core::to_lower(word), shorter = core::to_lower(name);
  if (longer == shorter) return true;
  if (shorter.size() < 2 || longer.size() <= shorter.size() || longer.front() != shorter.front() || longer.back() != shorter.back()) return false;
  std::size_t at = 0;
  for (const char c : longer) at += at < shorter.size() && shorter[at] == c ? 1 : 0;
  return at == shorter.size();
}

class TableReader {
 public:
  TableReader(const core::CsvTable& csv, std::string file, const std::vector<std::string>& parameters, const std::vector<std::string>& compartments,
              const std::vector<std::string>& used)
      : csv_(csv), file_(std::move(file)), parameters_(parameters), compartments_(compartments), used_(used) {}

  EventTable run(const std::string& time_unit, const core::UnitSystem& units) {
    classify();
    table_.file = file_;
    find_time_unit(time_unit, units);
    problems_.throw_if_any(core::ErrorKind::Dosing);
    for (std::size_t i = 0; i < csv_.rows.size() && problems_.all().size() < kMostProblems; ++i) row(i);
    if (table_.subjects.empty() && problems_.empty()) problem(0, "event-002", "the table has no rows", "");
    problems_.throw_if_any(core::ErrorKind::Dosing);
    if (commented_ > 0) table_.remarks.push_back(std::to_string(commented_) + " rows marked C are left out");
    return std::move(table_);
  }

 private:
  void problem(int line, const std::string& code, const std::string& message, const std::string& hint) {
    problems_.add({code, message, {file_, line, 0}, hint});
  }

  /// Sorts the columns into known ones (one case family a file), parameters of the model, and carried ones.
  void classify() {
    std::set<std::string> seen;
    std::string family, family_column;
    column_.assign(kColumns.size(), -1);
    for (std::size_t c = 0; c < csv_.header.size(); ++c) {
      auto [name, unit] = name_and_unit(csv_.header[c]);
      if (upper(name) == "TIME") {
        header_unit_ = unit;
      } else if (upper(name) == "AMT") {
        amount_unit_ = unit;
      } else {
        name = csv_.header[c];
      }
      if (name.empty()) {
        table_.remarks.push_back("column " + std::to_string(c + 1) + " has no name and is left out");
        continue;
      }
      const bool twice = !seen.insert(name).second;
      if (twice) problem(csv_.header_line, "event-003", "column '" + name + "' stands twice", "");
      const auto known = std::find(kColumns.begin(), kColumns.end(), upper(name));
      const bool is_parameter = std::find(parameters_.begin(), parameters_.end(), name) != parameters_.end();
      if (known != kColumns.end() && !is_parameter) {
        const std::string this_family = name == upper(name) ? "upper" : name == core::to_lower(name) ? "lower" : "mixed";
        if (family.empty()) family = this_family, family_column = name;
        if (this_family == "mixed" || this_family != family) {
          problem(csv_.header_line, "event-004", "column '" + name + "' is not of the family of '" + family_column + "'",
                  "Event columns are all upper case or all lower case in one file.");
        }
        const auto index = static_cast<std::size_t>(known - kColumns.begin());
        if (column_[index] >= 0 && !twice) problem(csv_.header_line, "event-003", "column '" + name + "' stands twice", "");
        column_[index] = static_cast<int>(c);
      } else if (is_parameter) {
        parameter_column_.push_back(c);
        table_.parameter_columns.push_back(name);
      } else if (marks_comments(c)) {
        comment_column_ = c;
      } else {
        carried_column_.push_back(c);
        table_.carried_columns.push_back(name);
      }
    }
    name_unused();
    for (const char* required : {"ID", "TIME"}) {
      if (column(required) < 0)
        problem(csv_.header_line, "event-005", std::string("column '") + required + "' is missing", core::did_you_mean(required, csv_.header));
    }
  }

  /// NONMEM's column C, in which C marks the rows to ignore.
  [[nodiscard]] bool marks_comments(std::size_t c) const {
    if (upper(csv_.header[c]) != "C") return false;
    const auto is = [&](const std::vector<std::string>& row, const char* mark) { return upper(row[c]) == mark; };
    return std::any_of(csv_.rows.begin(), csv_.rows.end(), [&](const auto& row) { return is(row, "C"); }) &&
           std::all_of(csv_.rows.begin(), csv_.rows.end(), [&](const auto& row) { return is(row, "C") || is(row, "0") || missing(row[c]); });
  }

  /// Columns that only go through to the output, and what each was perhaps meant to be.
  void name_unused() {
    std::string list;
    for (const std::string& name : table_.carried_columns) {
      if (std::find(used_.begin(), used_.end(), upper(name)) != used_.end()) continue;
      const std::string bare = name_and_unit(name).first;
      std::vector<std::string> wanted = parameters_;
      for (std::size_t k = 0; k < kColumns.size(); ++k) {
        if (column_[k] < 0) wanted.push_back(kColumns[k]);
      }
      const auto near = std::find_if(wanted.begin(), wanted.end(), [&](const std::string& x) { return like(bare, x); });
      const auto guess = near != wanted.end() ? std::optional(*near) : bare.size() > 3 ? core::near_match(bare, parameters_) : std::nullopt;
      list += (list.empty() ? "'" : ", '") + name + "'" + (guess ? " (did you mean '" + *guess + "'?)" : "");
    }
    if (!list.empty()) table_.remarks.push_back("columns without effect, only carried to the output: " + list);
  }

  [[nodiscard]] int column(const std::string& name) const {
    return column_[static_cast<std::size_t>(std::find(kColumns.begin(), kColumns.end(), name) - kColumns.begin())];
  }

  void find_time_unit(const std::string& given, const core::UnitSystem& units) {
    if (!given.empty() && !header_unit_.empty() && given != header_unit_) {
      problem(csv_.header_line, "event-006", "TIME is headed [" + header_unit_ + "], but --time-unit says " + given, "");
      return;
    }
    std::string text = given.empty() ? header_unit_ : given;
    for (const std::string& comment : csv_.comments) {
      for (const char* key : {"time-unit:", "time_unit:", "time-unit =", "time_unit ="}) {
        if (text.empty() && core::to_lower(comment).rfind(key, 0) == 0)
          text = std::string(core::trim(std::string_view(comment).substr(std::string_view(key).size())));
      }
    }
    if (text.empty()) {
      problem(
          0, "event-006", "the unit of TIME is not known",
          "Head the column 'TIME [h]', begin the file with '# time-unit: h', or give --time-unit h (in a calibration file: time_unit in [data]).");
      return;
    }
    try {
      table_.time_unit = units.parse(text);
      table_.time_unit_text = text;
      if (!table_.time_unit.same_dimension(units.parse("s"))) problem(0, "event-006", "'" + text + "' is no unit of time", "");
    } catch (const core::Error& error) {
      problems_.add(core::retold(error, "", {file_, 0, 0}));
    }
  }

  [[nodiscard]] static bool missing(const std::string& cell) { return core::csv_missing(cell); }

  double number(std::size_t i, const std::string& name, double fallback = 0) {
    const int c = column(name);
    if (c < 0) return fallback;
    const std::string& cell = csv_.rows[i][static_cast<std::size_t>(c)];
    if (missing(cell)) return fallback;
    return number_in(i, name, cell).value_or(fallback);
  }

  std::optional<double> number_in(std::size_t i, const std::string& name, const std::string& cell) {
    const auto value = core::csv_number(csv_, cell);
    if (value && std::isfinite(*value)) return value;
    problem(csv_.lines[i], "event-007", name + " is '" + cell + "', not a finite number", core::csv_number_hint(cell));
    return std::nullopt;
  }

  int whole(std::size_t i, const std::string& name, int low, int high) {
    const double value = number(i, name);
    if (value != std::floor(value) || value < low || value > high) {
      problem(csv_.lines[i], "event-008", name + " is " + core::format_double(value),
              "Allowed are whole numbers from " + std::to_string(low) + " to " + std::to_string(high) + ".");
      return low > 0 ? low : 0;
    }
    return static_cast<int>(value);
  }

  std::string text(std::size_t i, const std::string& name) {
    const int c = column(name);
    if (c < 0 || missing(csv_.rows[i][static_cast<std::size_t>(c)])) return "";
    return csv_.rows[i][static_cast<std::size_t>(c)];
  }

  void row(std::size_t i) {
    if (comment_column_ && upper(csv_.rows[i][*comment_column_]) == "C") {
      ++commented_;
      return;
    }
    EventRow r;
    r.line = csv_.lines[i];
    const std::string id = text(i, "ID");
    if (id.empty()) problem(r.line, "event-009", "ID is missing", "");
    if (text(i, "TIME").empty()) problem(r.line, "event-009", "TIME is missing", "");
    r.time = number(i, "TIME");
    r.amount = number(i, "AMT");
    r.rate = number(i, "RATE");
    const double dur = number(i, "DUR"), tinf = number(i, "TINF");
    if (dur != 0 && tinf != 0) problem(r.line, "event-011", "DUR and TINF are both given", "One of them says all.");
    r.duration = dur != 0 ? dur : tinf;
    r.interval = number(i, "II");
    r.additional = whole(i, "ADDL", 0, kMostAdditional);
    r.steady_state = whole(i, "SS", 0, 3);
    if (r.steady_state == 3) r.steady_state = 1;
    r.action = core::to_lower(text(i, "EVENT"));
    r.drug = text(i, "DRUG");
    r.route = core::to_lower(text(i, "ROUTE"));
    r.unit = text(i, "UNIT").empty() ? amount_unit_ : text(i, "UNIT");
    const bool doses = r.amount != 0 || r.rate != 0 || r.steady_state != 0 || !r.action.empty();
    r.missing = number(i, "MDV") == 1;
    const int implied = doses ? 1 : r.missing ? 2 : 0;
    r.evid = text(i, "EVID").empty() ? implied : whole(i, "EVID", 0, 4);
    r.compartment = compartment(i);
    check(r);
    for (const std::size_t c : parameter_column_) {
      const std::string& cell = csv_.rows[i][c];
      r.parameters.push_back(missing(cell) ? std::nan("") : number_in(i, csv_.header[c], cell).value_or(0));
    }
    for (const std::size_t c : carried_column_) r.carried.push_back(csv_.rows[i][c]);
    append(id, std::move(r));
  }

  std::string compartment(std::size_t i) {
    std::string name = text(i, "CMT");
    if (name.empty()) return "";
    if (const auto index = core::csv_number(csv_, name)) {
      if (*index == 0) return "";
      if (*index < 0) {
        problem(csv_.lines[i], "event-010", "CMT is " + name,
                "Switching a compartment off (a negative CMT) is not supported; use EVENT = replace with AMT 0.");
        return "";
      }
      if (*index != std::floor(*index) || *index > static_cast<double>(compartments_.size())) {
        problem(csv_.lines[i], "event-010", "CMT is " + name + ", but the model has " + std::to_string(compartments_.size()) + " species", "");
        return "";
      }
      return compartments_[static_cast<std::size_t>(*index) - 1];
    }
    if (std::find(compartments_.begin(), compartments_.end(), name) == compartments_.end()) {
      problem(csv_.lines[i], "event-010", "CMT is '" + name + "', which is no species of the model", core::did_you_mean(name, compartments_));
    }
    return name;
  }

  void check(const EventRow& r) {
    const auto bad = [&](const std::string& message, const std::string& hint) { problem(r.line, "event-011", message, hint); };
    const bool dose = r.evid == 1 || r.evid == 4;
    if (r.amount < 0) bad("AMT is negative: " + core::format_double(r.amount), "");
    if (r.rate < 0 && r.rate != -1 && r.rate != -2)
      bad("RATE is " + core::format_double(r.rate), "Allowed are 0, a positive rate, -1 (rate from the model) and -2 (duration from the model).");
    if (r.duration < 0) bad("the infusion duration is negative", "");
    if (r.rate != 0 && r.duration != 0) bad("RATE and DUR are both given", "One of them says all.");
    if (r.interval < 0) bad("II is negative", "");
    if (!r.action.empty() && r.action != "replace" && r.action != "multiply") {
      bad("EVENT is '" + r.action + "'",
          "Allowed are 'replace' and 'multiply'. " + core::did_you_mean(r.action, std::vector<std::string>{"replace", "multiply"}));
    }
    if (!dose && (r.amount != 0 || r.rate != 0 || r.steady_state != 0)) {
      bad("a row with EVID " + std::to_string(r.evid) + " has AMT, RATE or SS", "Doses have EVID 1, or 4 with a reset.");
    }
    if (!dose || !r.action.empty()) return;
    if (r.additional > 0 && !(r.interval > 0)) bad("ADDL is " + std::to_string(r.additional) + " without an interval II", "");
    if (r.steady_state > 0 && r.amount > 0 && !(r.interval > 0)) bad("SS needs an interval II", "");
    if (r.amount == 0 && r.steady_state == 0) bad("AMT is 0 in a dose row", "A dose of 0 is allowed only with SS.");
    if (r.amount == 0 && r.steady_state > 0 && r.additional > 0) bad("a constant infusion at steady state takes no ADDL", "");
    if (r.rate < 0 && r.amount == 0 && !(r.rate == -1 && r.steady_state > 0)) bad("RATE -1 or -2 needs an AMT", "");
  }

  /// One number spelt in two ways, as 1 and 1.0, is one subject to some programs and two to others.
  void check_spelling(const std::string& id, int line) {
    const auto value = core::csv_number(csv_, id);
    if (!value) return;
    const auto [it, fresh] = spelt_.emplace(*value, id);
    if (!fresh && it->second != id)
      problem(line, "event-014", "ID is '" + id + "', and '" + it->second + "' in another row", "Spell the ID of a subject in one way.");
  }

  void append(const std::string& id, EventRow&& r) {
    if (table_.subjects.empty() || table_.subjects.back().id != id) check_spelling(id, r.line);
    auto& subjects = table_.subjects;
    if (subjects.empty() || subjects.back().id != id) {
      if (!ids_.insert(id).second) {
        problem(r.line, "event-012", "the rows of subject '" + id + "' are not together", "Sort the table by ID.");
      }
      subjects.push_back({id, {}});
    } else if (r.evid < 3 && r.time < subjects.back().rows.back().time) {
      problem(r.line, "event-013",
              "TIME goes back from " + core::format_double(subjects.back().rows.back().time) + " to " + core::format_double(r.time),
              "Times of a subject ascend, except at a reset (EVID 3 or 4).");
    }
    subjects.back().rows.push_back(std::move(r));
  }

  const core::CsvTable& csv_;
  std::string file_;
  const std::vector<std::string>& parameters_;
  const std::vector<std::string>& compartments_;
  const std::vector<std::string>& used_;
  core::Diagnostics problems_;
  EventTable table_;
  std::vector<int> column_;
  std::vector<std::size_t> parameter_column_, carried_column_;
  std::string header_unit_, amount_unit_;
  std::set<std::string> ids_;
  std::map<double, std::string> spelt_;
  std::optional<std::size_t> comment_column_;
  std::size_t commented_ = 0;
};

}  // namespace

EventTable parse_event_table(std::string_view text, const std::string& file, const std::string& time_unit, const std::vector<std::string>& parameters,
                             const std::vector<std::string>& compartments, const core::UnitSystem& units, const std::vector<std::string>& used) {
  const core::CsvTable csv = core::parse_csv(text, file);
  return TableReader(csv, file, parameters, compartments, used).run(time_unit, units);
}

std::vector<std::string> drugs_in_table(const std::string& path) {
  const core::CsvTable csv = core::parse_csv(core::read_file(path), path);
  std::vector<std::string> drugs;
  const auto column = std::find_if(csv.header.begin(), csv.header.end(), [](const std::string& name) { return upper(name) == "DRUG"; });
  for (const auto& row : csv.rows) {
    if (column == csv.header.end()) break;
    const std::string& drug = row[static_cast<std::size_t>(column - csv.header.begin())];
    if (!core::csv_missing(drug) && std::find(drugs.begin(), drugs.end(), drug) == drugs.end()) drugs.push_back(drug);
  }
  return drugs;
}

EventTable read_event_table(const std::string& path, const std::string& time_unit, const std::vector<std::string>& parameters,
                            const std::vector<std::string>& compartments, const core::UnitSystem& units, const std::vector<std::string>& used) {
  return parse_event_table(core::read_file(path), path, time_unit, parameters, compartments, units, used);
}

}  // namespace osteosome::protocol
