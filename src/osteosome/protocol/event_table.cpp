// SPDX-License-Identifier: Apache-2.0
#include "osteosome/protocol/event_table.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "osteosome/core/csv.hpp"
#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::protocol {
namespace {

const std::vector<std::string> kColumns = {"ID", "TIME", "EVID", "AMT", "CMT", "RATE", "DUR", "TINF", "II", "ADDL", "SS", "MDV", "EVENT"};
constexpr std::size_t kMostProblems = 50;
constexpr int kMostAdditional = 1'000'000;

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

class TableReader {
 public:
  TableReader(const core::CsvTable& csv, std::string file, const std::vector<std::string>& parameters, const std::vector<std::string>& compartments)
      : csv_(csv), file_(std::move(file)), parameters_(parameters), compartments_(compartments) {}

  EventTable run(const std::string& time_unit, const core::UnitSystem& units) {
    classify();
    table_.file = file_;
    find_time_unit(time_unit, units);
    problems_.throw_if_any(core::ErrorKind::Dosing);
    for (std::size_t i = 0; i < csv_.rows.size() && problems_.all().size() < kMostProblems; ++i) row(i);
    if (csv_.rows.empty()) problem(0, "event-002", "the table has no rows", "");
    problems_.throw_if_any(core::ErrorKind::Dosing);
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
      std::string name = csv_.header[c];
      if (const auto bracket = name.find('['); bracket != std::string::npos && upper(core::trim(name.substr(0, bracket))) == "TIME") {
        header_unit_ = std::string(core::trim(name.substr(bracket + 1, name.find(']', bracket) - bracket - 1)));
        name = std::string(core::trim(name.substr(0, bracket)));
      }
      const bool twice = !seen.insert(name).second;
      if (twice) problem(1, "event-003", "column '" + name + "' stands twice", "");
      const auto known = std::find(kColumns.begin(), kColumns.end(), upper(name));
      const bool is_parameter = std::find(parameters_.begin(), parameters_.end(), name) != parameters_.end();
      if (known != kColumns.end() && !is_parameter) {
        const std::string this_family = name == upper(name) ? "upper" : name == core::to_lower(name) ? "lower" : "mixed";
        if (family.empty()) family = this_family, family_column = name;
        if (this_family == "mixed" || this_family != family) {
          problem(1, "event-004", "column '" + name + "' is not of the family of '" + family_column + "'",
                  "Event columns are all upper case or all lower case in one file.");
        }
        const auto index = static_cast<std::size_t>(known - kColumns.begin());
        if (column_[index] >= 0 && !twice) problem(1, "event-003", "column '" + name + "' stands twice", "");
        column_[index] = static_cast<int>(c);
      } else if (is_parameter) {
        parameter_column_.push_back(c);
        table_.parameter_columns.push_back(name);
      } else {
        carried_column_.push_back(c);
        table_.carried_columns.push_back(name);
      }
    }
    for (const char* required : {"ID", "TIME"}) {
      if (column(required) < 0)
        problem(1, "event-005", std::string("column '") + required + "' is missing", core::did_you_mean(required, csv_.header));
    }
  }

  [[nodiscard]] int column(const std::string& name) const {
    return column_[static_cast<std::size_t>(std::find(kColumns.begin(), kColumns.end(), name) - kColumns.begin())];
  }

  void find_time_unit(const std::string& given, const core::UnitSystem& units) {
    if (!given.empty() && !header_unit_.empty() && given != header_unit_) {
      problem(1, "event-006", "TIME is headed [" + header_unit_ + "], but --time-unit says " + given, "");
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
      problem(0, "event-006", "the unit of TIME is not known",
              "Give --time-unit h, head the column 'TIME [h]', or begin the file with '# time-unit: h'.");
      return;
    }
    try {
      table_.time_unit = units.parse(text);
      table_.time_unit_text = text;
      if (!table_.time_unit.same_dimension(units.parse("s"))) problem(0, "event-006", "'" + text + "' is no unit of time", "");
    } catch (const core::Error& error) {
      problem(0, "event-006", error.diagnostics().front().message, "");
    }
  }

  [[nodiscard]] static bool missing(const std::string& cell) { return cell.empty() || cell == "."; }

  double number(std::size_t i, const std::string& name, double fallback = 0) {
    const int c = column(name);
    if (c < 0) return fallback;
    const std::string& cell = csv_.rows[i][static_cast<std::size_t>(c)];
    if (missing(cell)) return fallback;
    const auto value = core::parse_double(cell);
    if (!value || !std::isfinite(*value)) {
      problem(csv_.lines[i], "event-007", name + " is '" + cell + "', not a finite number", "");
      return fallback;
    }
    return *value;
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
    const bool doses = r.amount != 0 || r.rate != 0 || r.steady_state != 0 || !r.action.empty();
    const int implied = doses ? 1 : number(i, "MDV") == 1 ? 2 : 0;
    r.evid = text(i, "EVID").empty() ? implied : whole(i, "EVID", 0, 4);
    r.compartment = compartment(i);
    check(r);
    for (const std::size_t c : parameter_column_) {
      const std::string& cell = csv_.rows[i][c];
      const auto value = core::parse_double(cell);
      if (!missing(cell) && (!value || !std::isfinite(*value)))
        problem(r.line, "event-007", csv_.header[c] + " is '" + cell + "', not a finite number", "");
      r.parameters.push_back(missing(cell) ? std::nan("") : value.value_or(0));
    }
    for (const std::size_t c : carried_column_) r.carried.push_back(csv_.rows[i][c]);
    append(id, std::move(r));
  }

  std::string compartment(std::size_t i) {
    std::string name = text(i, "CMT");
    if (name.empty()) return "";
    if (const auto index = core::parse_double(name)) {
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

  void append(const std::string& id, EventRow&& r) {
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
  core::Diagnostics problems_;
  EventTable table_;
  std::vector<int> column_;
  std::vector<std::size_t> parameter_column_, carried_column_;
  std::string header_unit_;
  std::set<std::string> ids_;
};

}  // namespace

EventTable parse_event_table(std::string_view text, const std::string& file, const std::string& time_unit, const std::vector<std::string>& parameters,
                             const std::vector<std::string>& compartments, const core::UnitSystem& units) {
  const core::CsvTable csv = core::parse_csv(text, file);
  return TableReader(csv, file, parameters, compartments).run(time_unit, units);
}

EventTable read_event_table(const std::string& path, const std::string& time_unit, const std::vector<std::string>& parameters,
                            const std::vector<std::string>& compartments, const core::UnitSystem& units) {
  return parse_event_table(core::read_file(path), path, time_unit, parameters, compartments, units);
}

}  // namespace osteosome::protocol
