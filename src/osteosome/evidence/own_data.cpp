// SPDX-License-Identifier: Apache-2.0
// Tables of the user's own means, or of single animals, laid over a scenario.
#include "osteosome/evidence/own_data.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>

#include "osteosome/core/csv.hpp"
#include "osteosome/core/output_file.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::evidence {
namespace {

/// One table, row by row.
class Reader {
 public:
  Reader(const cohort::OwnTable& table, const cohort::Scenario& scenario, const model::Outcomes& outcomes, const core::UnitSystem& units,
         core::Diagnostics& problems)
      : table_(table), scenario_(scenario), outcomes_(outcomes), units_(units), problems_(problems) {}

  [[nodiscard]] OwnData read() {
    csv_ = core::parse_csv(core::read_file(table_.path), table_.path);
    data_.file = table_.path;
    data_.title = std::filesystem::path(table_.path).stem().string();
    if (!read_header()) return data_;
    if (csv_.rows.empty()) data_.remarks.push_back(table_.path + ": has no rows");
    for (std::size_t i = 0; i < csv_.rows.size(); ++i) read_row(i);
    if (column("value")) add_means();
    remark_fractions();
    return std::move(data_);
  }

 private:
  void problem(const std::string& code, int line, const std::string& message, const std::string& hint) {
    problems_.add({code, message, {table_.path, line, 0}, hint});
  }

  [[nodiscard]] std::optional<std::size_t> column(const std::string& name) const {
    const auto found = columns_.find(name);
    return found == columns_.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] std::string cell(std::size_t row, const std::string& name) const {
    const auto c = column(name);
    return !c || core::csv_missing(csv_.rows[row][*c]) ? "" : std::string(core::trim(csv_.rows[row][*c]));
  }

  bool read_header() {
    static const std::vector<std::string> known = {"arm", "outcome", "time", "unit", "mean", "sd", "se", "n", "value"};
    for (std::size_t c = 0; c < csv_.header.size(); ++c) {
      const std::string& text = csv_.header[c];
      const auto bracket = text.find_first_of("[(");
      const std::string name = core::to_lower(core::trim(std::string_view(text).substr(0, bracket)));
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        data_.remarks.push_back(table_.path + ": column '" + text + "' is not used. " + core::did_you_mean(name, known));
        continue;
      }
      if (!columns_.emplace(name, c).second) problem("own-001", csv_.header_line, "there are two columns '" + name + "'", "Leave one out.");
      const std::string unit = bracket == std::string::npos ? "" : text.substr(bracket + 1, text.find_first_of("])", bracket) - bracket - 1);
      if (name == "time") {
        read_time_unit(unit);
      } else if (!unit.empty()) {
        problem("own-001", csv_.header_line, "column '" + text + "': only the time has its unit in the header", "Give a column 'unit'.");
      }
    }
    std::vector<std::string> missing;
    for (const char* name : {"outcome", "time"}) {
      if (!column(name)) missing.emplace_back(name);
    }
    if (!column("arm") && table_.arm.empty()) missing.emplace_back("arm");
    if (!column("mean") && !column("value")) missing.emplace_back("mean' or 'value");
    for (const std::string& name : missing)
      problem("own-001", csv_.header_line, "column '" + name + "' is missing", "E.g. arm,outcome,time [week],mean,sd,n.");
    for (const char* name : {"mean", "sd", "se", "n"}) {
      if (column("value") && column(name))
        problem("own-001", csv_.header_line, "column '" + std::string(name) + "' does not go with 'value'",
                "'value' is of one animal or woman; means, spreads and numbers are made from them.");
    }
    return missing.empty() && time_unit_ > 0;
  }

  void read_time_unit(const std::string& unit) {
    try {
      if (unit.empty()) throw core::Error(core::ErrorKind::Unit, {"unit-002", "the time has no unit", {}, "E.g. 'time [week]'."});
      time_unit_ = core::time_unit(units_, unit).seconds;
    } catch (const core::Error& error) {
      problem("own-001", csv_.header_line, "column 'time': " + error.diagnostics().at(0).message, "Head it 'time [week]' or 'time [month]'.");
    }
  }

  std::optional<double> number(std::size_t row, const std::string& name, bool required) {
    const std::string text = cell(row, name);
    if (text.empty() && !required) return std::nullopt;
    const auto value = core::csv_number(csv_, text);
    if (value && std::isfinite(*value)) return value;
    problem("own-002", csv_.lines[row], text.empty() ? "column '" + name + "' is empty" : "'" + text + "' in column '" + name + "' is no number",
            core::csv_number_hint(text));
    return std::nullopt;
  }

  /// Name of the arm that a cell names by name or label, or "".
  std::string arm_of(std::size_t row) {
    if (!column("arm")) return table_.arm;
    const std::string text = cell(row, "arm");
    std::vector<std::string> names;
    for (const auto& arm : scenario_.arms) {
      if (core::to_lower(arm.name) == core::to_lower(text) || core::to_lower(arm.label) == core::to_lower(text)) return arm.name;
      names.push_back(arm.name);
    }
    problem("own-003", csv_.lines[row], "the scenario has no arm '" + text + "'", core::did_you_mean(text, names));
    return "";
  }

  void read_row(std::size_t row) {
    OwnPoint point;
    point.arm = arm_of(row);
    if (!table_.arm.empty() && point.arm != table_.arm && !point.arm.empty()) return;  // the scenario lays the table over that arm only
    point.outcome = cell(row, "outcome");
    const model::Outcome* outcome = outcomes_.find(point.outcome);
    if (outcome == nullptr)
      problem("own-003", csv_.lines[row], "there is no outcome '" + point.outcome + "'",
              "osteosome list outcomes. " + core::did_you_mean(point.outcome, outcomes_.codes()));
    point.unit = cell(row, "unit");
    if (point.unit.empty() && outcome != nullptr) point.unit = outcome->unit;
    if (point.unit == "%") point.unit = "percent";
    if (point.unit == "percent" && outcome != nullptr && outcome->unit != "percent")
      problem("own-003", csv_.lines[row], "'percent' is no unit of " + point.outcome,
              "Write percent_change for changes from the start of treatment.");
    if (column("value") && cell(row, "value").empty()) {
      data_.remarks.push_back(table_.path + ":" + std::to_string(csv_.lines[row]) + ": has no value and is left out");
      return;
    }
    const auto time = number(row, "time", true), mean = number(row, column("mean") ? "mean" : "value", true);
    point.sd = number(row, "sd", false);
    point.se = number(row, "se", false);
    point.n = number(row, "n", false).value_or(0);
    if (column("n") && !cell(row, "n").empty() && !(point.n >= 1 && point.n == std::floor(point.n)))
      problem("own-002", csv_.lines[row], "'" + cell(row, "n") + "' in column 'n' is no number of animals", "A whole number from 1.");
    if (point.sd && point.se) problem("own-002", csv_.lines[row], "both sd and se are given", "Leave one out.");
    for (const auto& spread : {point.sd, point.se}) {
      if (spread && *spread < 0) problem("own-002", csv_.lines[row], "a spread is negative", "");
    }
    if (!time || !mean || outcome == nullptr || point.arm.empty()) return;
    point.time = core::Time(*time, time_unit_);
    point.mean = *mean;
    if (point.time < core::Time()) problem("own-002", csv_.lines[row], "a time lies before the start of treatment", "");
    if (point.time > scenario_.until) {
      data_.remarks.push_back(table_.path + ":" + std::to_string(csv_.lines[row]) + ": lies after the end of the scenario and is left out");
      return;
    }
    const bool twice = std::any_of(data_.points.begin(), data_.points.end(), [&](const OwnPoint& p) {
      return p.arm == point.arm && p.outcome == point.outcome && p.time == point.time && p.unit == point.unit;
    });
    if (twice && !column("value"))
      problem("own-003", csv_.lines[row], "this group has a mean at this time already", "Values of single animals go into 'value'.");
    data_.points.push_back(std::move(point));
  }

  /// Shares where percent are meant: no group reaches 1 %.
  void remark_fractions() {
    std::map<std::string, double> largest;
    for (const OwnPoint& p : data_.points) {
      if (p.unit == "percent") largest[p.outcome] = std::max(largest[p.outcome], std::abs(p.mean));
    }
    for (const auto& [outcome, value] : largest) {
      if (value > 0 && value < 1)
        data_.remarks.push_back(table_.path + ": every value of " + outcome + " is below 1; they are taken as percent, 12.5 and not 0.125");
    }
  }

  /// Single values of one group become their mean, standard deviation and number.
  void add_means() {
    std::map<std::tuple<std::string, std::string, core::Time, std::string>, std::vector<double>> groups;
    for (const OwnPoint& p : data_.points) groups[{p.arm, p.outcome, p.time, p.unit}].push_back(p.mean);
    data_.points.clear();
    for (const auto& [key, values] : groups) {
      OwnPoint p;
      std::tie(p.arm, p.outcome, p.time, p.unit) = key;
      p.n = static_cast<double>(values.size());
      p.values = values;
      for (const double v : values) p.mean += v / p.n;
      double squares = 0;
      for (const double v : values) squares += (v - p.mean) * (v - p.mean);
      if (values.size() > 1) p.sd = std::sqrt(squares / (p.n - 1));
      data_.points.push_back(std::move(p));
    }
  }

  const cohort::OwnTable& table_;
  const cohort::Scenario& scenario_;
  const model::Outcomes& outcomes_;
  const core::UnitSystem& units_;
  core::Diagnostics& problems_;
  core::CsvTable csv_;
  std::map<std::string, std::size_t> columns_;
  double time_unit_ = 0;  ///< seconds; 0: not known
  OwnData data_;
};

/// Own values in percent of the group's own value at time 0.
std::optional<OwnPoint> as_change(const OwnPoint& point, const OwnData& data) {
  if (point.unit == kPercentChange) return point;
  const auto zero = std::find_if(data.points.begin(), data.points.end(), [&](const OwnPoint& p) {
    return p.arm == point.arm && p.outcome == point.outcome && p.unit == point.unit && p.time == core::Time();
  });
  if (zero == data.points.end() || zero->mean == 0) return std::nullopt;
  OwnPoint change = point;
  change.unit = kPercentChange;
  change.n = 0;  // the spread of changes is not that of values: no test on it
  change.mean = 100 * (point.mean / zero->mean - 1);
  for (auto* spread : {&change.sd, &change.se}) {
    if (*spread) **spread *= 100 / std::abs(zero->mean);
  }
  return change;
}

/// The point as the report shows it.
std::optional<OwnPoint> as_shown(const OwnPoint& point, const OwnData& data, const cohort::Scenario& scenario) {
  return scenario.absolute ? std::optional(point) : as_change(point, data);
}

/// The output of a model that is this outcome, or null.
const model::Output* output_for(const simulate::CompiledModel& model, const std::string& outcome) {
  const auto& outputs = model.model().outputs;
  const auto found = std::find_if(outputs.begin(), outputs.end(), [&](const model::Output& o) { return o.observable == outcome; });
  return found == outputs.end() ? nullptr : &*found;
}

/// Whether values of the point and of the output can stand beside each other.
bool fits(const model::Output& output, const OwnPoint& point, const cohort::Scenario& scenario) {
  return !scenario.absolute || output.unit.text == point.unit;
}

/// Median over the subjects at one look, as a value or as change from the first look.
double simulated(const cohort::ArmResult& arm, std::size_t output, std::size_t look, bool absolute) {
  std::vector<std::vector<double>> values;
  for (const auto& row : arm.values) {
    if (row.empty()) continue;
    const double value = row[look * arm.outputs.size() + output];
    values.push_back({absolute ? value : 100 * (value / row[output] - 1)});
  }
  return quantile(values, 0.5, 1)[0];
}

/// Standard error of a mean, as far as it is known.
std::optional<double> standard_error(const OwnPoint& p) {
  if (p.se) return p.se;
  return p.sd && p.n > 1 ? std::optional(*p.sd / std::sqrt(p.n)) : std::nullopt;
}

Comparison comparison_of(const OwnPoint& point, const OwnData& data, double value) {
  Comparison c;
  c.study = data.title;
  c.study_arm = data.title + ": " + point.arm;
  c.arm = point.arm;
  c.outcome = point.outcome;
  c.unit = point.unit;
  c.role = "own";
  if (point.n > 1 && (point.sd || point.se)) c.group = {point.n, point.sd ? *point.sd : *point.se * std::sqrt(point.n), point.values, data.file};
  c.provenance = "own data";
  c.month = point.time.in(core::kSecondsPerMonth);
  c.observed = point.mean;
  c.simulated = value;
  if (const auto spread = point.sd ? point.sd : point.se) {
    c.interval = point.sd ? "SD" : "SE";
    c.low = point.mean - *spread;
    c.high = point.mean + *spread;
  }
  Measurement mean;
  mean.mean = point.mean;
  mean.error = standard_error(point);
  mean.interval = "SE";
  c.within = within(mean, value);
  return c;
}

}  // namespace

std::vector<cohort::OwnTable> own_tables_at(const std::string& path) {
  std::vector<cohort::OwnTable> tables;
  std::error_code ec;
  if (!std::filesystem::is_directory(path, ec)) return {{path}};
  for (const auto& entry : std::filesystem::directory_iterator(path, ec)) {
    if (entry.path().extension() == ".csv") tables.push_back({entry.path().string()});
  }
  std::sort(tables.begin(), tables.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  if (tables.empty()) throw core::Error(core::ErrorKind::Io, {"io-001", "there is no .csv in '" + path + "'", {}, ""});
  return tables;
}

std::vector<OwnData> attach_own_data(cohort::Scenario& scenario, const model::Outcomes& outcomes, const core::UnitSystem& units) {
  std::vector<OwnData> all;
  core::Diagnostics problems;
  for (const cohort::OwnTable& table : scenario.own_tables) {
    try {
      all.push_back(Reader(table, scenario, outcomes, units, problems).read());
    } catch (const core::Error& error) {
      problems.add(error);
      if (error.kind() == core::ErrorKind::Io) problems.throw_if_any(core::ErrorKind::Io);
    }
  }
  problems.throw_if_any(core::ErrorKind::Input);
  for (const OwnData& data : all) {
    for (const OwnPoint& point : data.points) scenario.extra_times.push_back(point.time);
  }
  return all;
}

namespace {

/// Why groups that could be tested against a control are not.
void remark_untested(const cohort::Scenario& scenario, const OwnData& table, std::vector<std::string>& remarks) {
  const std::string& control = scenario.control.empty() && scenario.power ? scenario.power->control : scenario.control;
  std::map<std::pair<std::string, std::string>, std::vector<const OwnPoint*>> sets;
  for (const OwnPoint& p : table.points) {
    if (p.time > core::Time()) sets[{p.outcome, core::format_double(p.time.in(1))}].push_back(&p);
  }
  std::vector<std::string> said;
  for (const auto& [key, points] : sets) {
    const auto known = [](const OwnPoint* p) { return p->n >= 2 && (p->sd || p->se); };
    const bool changed = !scenario.absolute && std::any_of(points.begin(), points.end(), [](const OwnPoint* p) { return p->unit != kPercentChange; });
    const auto tested = std::count_if(points.begin(), points.end(), known);
    const bool has_control = std::any_of(points.begin(), points.end(), [&](const OwnPoint* p) { return p->arm == control && known(p); });
    std::string why;
    if (points.size() < 2) continue;
    if (tested < 2) {
      why = "fewer than two groups have n (2 at least) and sd or se";
    } else if (control.empty()) {
      why = "no arm is the control; name it with [report] control";
    } else if (changed) {
      why = "changes are made from the groups' means; [report] values = \"absolute\" compares the values";
    } else if (!has_control) {
      why = "the control '" + control + "' has no value with n and spread there";
    } else {
      continue;
    }
    const std::string text = table.file + ": groups of " + key.first + " are not tested against each other: " + why;
    if (std::find(said.begin(), said.end(), text) == said.end()) said.push_back(text);
  }
  remarks.insert(remarks.end(), said.begin(), said.end());
}

}  // namespace

std::vector<std::string> own_data_remarks(const cohort::Scenario& scenario, const std::vector<simulate::CompiledModel>& models,
                                          const std::vector<OwnData>& data) {
  std::vector<std::string> remarks;
  const auto remark = [&](const OwnData& table, const std::string& text) {
    const std::string whole = table.file + ": " + text;
    if (std::find(remarks.begin(), remarks.end(), whole) == remarks.end()) remarks.push_back(whole);
  };
  for (const OwnData& table : data) {
    remarks.insert(remarks.end(), table.remarks.begin(), table.remarks.end());
    remark_untested(scenario, table, remarks);
    for (const OwnPoint& given : table.points) {
      const auto point = as_shown(given, table, scenario);
      if (!point) {
        remark(
            table,
            given.outcome + " of arm '" + given.arm + "' has no value but 0 at time 0 in '" + given.unit +
                "', so that its change is not known and it is not shown; [report] values = \"absolute\" shows values, and unit percent_change says "
                "that they are changes already");
        continue;
      }
      const auto& chosen = scenario.outcomes;
      if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), point->outcome) == chosen.end())
        remark(table, point->outcome + " is not among the outcomes of [report], so that no chart shows it");
      const std::size_t before = remarks.size();
      bool found = false, shown = false;
      for (const simulate::CompiledModel& model : models) {
        const model::Output* output = output_for(model, point->outcome);
        found = found || output != nullptr;
        shown = shown || (output != nullptr && fits(*output, *point, scenario));
        if (output != nullptr && !fits(*output, *point, scenario))
          remark(table,
                 point->outcome + " is in '" + point->unit + "', and that of model '" + model.name() + "' in '" + output->unit.text + "': not shown");
      }
      if (shown) remarks.resize(before);
      if (!found) remark(table, "no model has the outcome '" + point->outcome + "': not shown");
    }
  }
  return remarks;
}

std::vector<Comparison> compare_own_data(const cohort::Scenario& scenario, const std::vector<simulate::CompiledModel>& models,
                                         const cohort::ScenarioResult& result, const std::vector<OwnData>& data) {
  std::vector<Comparison> rows;
  for (const OwnData& table : data) {
    for (const OwnPoint& given : table.points) {
      const auto point = as_shown(given, table, scenario);
      if (point && point->unit != given.unit && given.time == core::Time()) continue;  // what the others are changes from
      for (const auto& arm : result.arms) {
        if (!point || scenario.arms[arm.arm].name != point->arm) continue;
        const model::Output* output = output_for(models[arm.model], point->outcome);
        if (output == nullptr || !fits(*output, *point, scenario)) continue;
        const auto o = std::find(arm.outputs.begin(), arm.outputs.end(), output->id);
        const double day = point->time.in(core::kSecondsPerDay);
        const auto look = std::find_if(result.days.begin(), result.days.end(), [&](double d) { return core::same_instant(d, day); });
        if (o == arm.outputs.end() || look == result.days.end()) continue;
        const double value = simulated(arm, static_cast<std::size_t>(o - arm.outputs.begin()), static_cast<std::size_t>(look - result.days.begin()),
                                       scenario.absolute);
        rows.push_back(comparison_of(*point, table, value));
        rows.back().model = scenario.models[arm.model].name;
      }
    }
  }
  return rows;
}

}  // namespace osteosome::evidence
