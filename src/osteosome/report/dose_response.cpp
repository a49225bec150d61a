// SPDX-License-Identifier: Apache-2.0
// Arms that differ by their dose alone, with the dose on the axis.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "osteosome/core/text.hpp"
#include "osteosome/report/animals.hpp"
#include "page.hpp"

namespace osteosome::report {
namespace {

using Json = nlohmann::ordered_json;

/// The only course of an arm, or null.
const protocol::Course* only_course(const cohort::ScenarioArm& arm) {
  const auto& phases = arm.regimen.phases;
  return phases.size() == 1 && phases.front().courses.size() == 1 ? &phases.front().courses.front() : nullptr;
}

/// All but the amount, in words.
std::string course_key(const cohort::ScenarioArm& arm, const protocol::Course& c) {
  return fmt::format("{} {}{} {} {} {} {} {} {}", c.drug, c.unit, c.per_kg ? "/kg" : "", c.route, c.over, c.interval, c.length, c.doses,
                     arm.regimen.phases.front().after);
}

struct Series {
  std::string drug, unit;
  std::vector<std::pair<double, std::size_t>> arms;  ///< dose and arm, ascending
};

/// Sets of arms that are alike but for the amount of one drug: at least three doses.
std::vector<Series> series_of(const cohort::Scenario& scenario) {
  std::vector<std::pair<std::string, Series>> all;
  for (std::size_t a = 0; a < scenario.arms.size(); ++a) {
    const auto& arm = scenario.arms[a];
    const protocol::Course* course = only_course(arm);
    if (course == nullptr || !(course->amount > 0)) continue;
    const std::string key = course_key(arm, *course);
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& s) {
      return s.first == key && scenario.arms[s.second.arms.front().second].patient == arm.patient;
    });
    auto& series = found == all.end() ? all.emplace_back(key, Series{course->drug, course->unit + (course->per_kg ? "/kg" : ""), {}}) : *found;
    series.second.arms.emplace_back(course->amount, a);
  }
  std::vector<Series> out;
  for (auto& [key, series] : all) {
    std::sort(series.arms.begin(), series.arms.end());
    std::set<double> doses;
    for (const auto& [dose, arm] : series.arms) doses.insert(dose);
    if (doses.size() >= 3) out.push_back(std::move(series));
  }
  return out;
}

/// An untreated arm of the same patients, to compare with: the control, else the first without a drug.
const cohort::ScenarioArm* untreated(const cohort::Scenario& scenario, const Series& series) {
  const auto& patient = scenario.arms[series.arms.front().second].patient;
  const cohort::ScenarioArm* found = nullptr;
  for (const auto& arm : scenario.arms) {
    if (arm.regimen.drugs().empty() && arm.patient == patient && (found == nullptr || arm.name == scenario.control)) found = &arm;
  }
  return found;
}

struct Values {
  double low, median, high;
};

/// At the end: the value, or its change from the start.
std::optional<Values> at_end(const ReportInput& in, std::size_t model, const std::string& arm, const std::string& output) {
  const cohort::ArmResult* result = evidence::arm_result(in.scenario, in.result, arm, model);
  if (result == nullptr) return std::nullopt;
  const auto o = std::find(result->outputs.begin(), result->outputs.end(), output);
  if (o == result->outputs.end()) return std::nullopt;
  const auto column = static_cast<std::size_t>(o - result->outputs.begin());
  std::vector<double> values;
  for (const auto& row : result->values) {
    if (row.empty()) continue;
    const double end = row[(in.result.days.size() - 1) * result->outputs.size() + column];
    values.push_back(in.scenario.absolute ? end : 100 * (end / row[column] - 1));
  }
  const cohort::Band band = evidence::band_of(values);
  return std::isfinite(band.median) ? std::optional(Values{band.low, band.median, band.high}) : std::nullopt;
}

Json spec_of(const Series& series, const std::string& title, const std::string& values, const Json& rows, const std::optional<double>& base,
             bool band) {
  const double ratio = series.arms.back().first / series.arms.front().first;
  Json x = {{"field", "dose"}, {"type", "quantitative"}, {"title", series.drug + " [" + series.unit + "]"}};
  if (ratio >= 10) x["scale"] = {{"type", "log"}, {"nice", false}, {"padding", 12}};
  if (series.arms.back().first >= 1e6) x["axis"] = {{"format", ".0e"}};
  const auto y = [&](const char* field) { return Json{{"field", field}, {"type", "quantitative"}, {"title", values}, {"scale", {{"zero", false}}}}; };
  Json layers = Json::array();
  if (base)
    layers.push_back({{"mark", {{"type", "rule"}, {"color", "#999"}, {"strokeDash", Json::array({6, 4})}}},
                      {"data", {{"values", Json::array({Json{{"base", significant(*base)}}})}}},
                      {"encoding", {{"y", y("base")}}}});
  if (band)
    layers.push_back({{"mark", {{"type", "area"}, {"opacity", 0.15}, {"color", "#0072B2"}}},
                      {"data", {{"values", rows}}},
                      {"encoding", {{"x", x}, {"y", y("low")}, {"y2", {{"field", "high"}}}}}});
  layers.push_back({{"mark", {{"type", "line"}, {"point", {{"size", 50}}}, {"color", "#0072B2"}}},
                    {"data", {{"values", rows}}},
                    {"encoding", {{"x", x}, {"y", y("value")}, {"tooltip", {{{"field", "arm"}}, {{"field", "dose"}}, {{"field", "value"}}}}}}});
  return {{"$schema", "https://vega.github.io/schema/vega-lite/v6.json"},
          {"title", {{"text", title}, {"anchor", "start"}}},
          {"width", "container"},
          {"height", 260},
          {"background", "white"},
          {"autosize", {{"type", "fit-x"}, {"contains", "padding"}}},
          {"layer", layers},
          {"config", {{"font", "system-ui, sans-serif"}, {"axis", {{"labelFontSize", 12}, {"titleFontSize", 12}}}}}};
}

/// The dose response of one output of one model.
std::optional<Chart> chart_of(const ReportInput& in, const Series& series, std::size_t model, const model::Output& output,
                              std::set<std::string>& taken) {
  Json rows = Json::array();
  for (const auto& [dose, arm] : series.arms) {
    const auto value = at_end(in, model, in.scenario.arms[arm].name, output.id);
    if (!value) continue;
    rows.push_back({{"dose", dose},
                    {"value", significant(value->median)},
                    {"low", significant(value->low)},
                    {"high", significant(value->high)},
                    {"arm", in.scenario.arms[arm].label}});
  }
  if (rows.size() < 3) return std::nullopt;
  const cohort::ScenarioArm* none = untreated(in.scenario, series);
  const auto base = none == nullptr ? std::nullopt : at_end(in, model, none->name, output.id);
  const bool band = in.scenario.population.n > 1;
  const std::string code = output.observable.empty() ? output.id : output.observable;
  const std::string title = fmt::format("{} by dose of {}", code, series.drug);
  const std::string caption =
      fmt::format("{}, at the end, of {}{}{}.", title, in.scenario.models[model].name,
                  band ? " (median of the subjects; band: 5th to 95th percentile)" : "", base ? "; dashed: " + none->label : "");
  const std::string unit = output.unit.text == "1" ? "relative to rest" : output.unit.text;
  const std::string id = unique_id(fmt::format("dose-{}-{}-{}", series.drug, in.scenario.models[model].name, code), taken);
  return Chart{
      id, title, caption,
      spec_of(series, title, in.scenario.absolute ? unit : "Change from baseline [%]", rows, base ? std::optional(base->median) : std::nullopt, band)
          .dump(1)};
}

}  // namespace

std::vector<Chart> dose_charts(const ReportInput& in, const std::vector<std::string>& codes) {
  std::vector<Chart> charts;
  std::set<std::string> taken;
  for (const Series& series : series_of(in.scenario)) {
    for (std::size_t m = 0; m < in.models.size(); ++m) {
      for (const model::Output& output : in.models[m].model().outputs) {
        const std::string& code = simulate::has_observables(in.models) ? output.observable : output.id;
        if (std::find(codes.begin(), codes.end(), code) == codes.end()) continue;
        if (auto chart = chart_of(in, series, m, output, taken)) charts.push_back(std::move(*chart));
      }
    }
  }
  return charts;
}

}  // namespace osteosome::report
