// SPDX-License-Identifier: Apache-2.0
// The page of a fit to a table of observations.
#include "osteosome/report/fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "osteosome/core/text.hpp"
#include "page.hpp"

namespace osteosome::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostColours = 7;  // subjects told apart by colour

Json axis(const char* field, const std::string& title, bool logarithmic = false) {
  Json q = {{"field", field}, {"type", "quantitative"}, {"title", title}};
  if (logarithmic) q["scale"] = {{"type", "log"}};
  return q;
}

Json layer(Json mark, Json x, Json y, const Json& values, bool coloured) {
  Json encoding = {{"x", std::move(x)}, {"y", std::move(y)}, {"detail", {{"field", "ID"}}}};
  if (coloured) encoding["color"] = {{"field", "ID"}, {"type", "nominal"}};
  encoding["tooltip"] = Json::array();
  for (const char* field : {"ID", "time", "observed", "predicted", "weighted"}) encoding["tooltip"].push_back({{"field", field}});
  return {{"mark", std::move(mark)}, {"data", {{"values", values}}}, {"encoding", std::move(encoding)}};
}

Json spec_of(const std::string& title, Json layers) {
  return {{"$schema", "https://vega.github.io/schema/vega-lite/v6.json"},
          {"title", {{"text", title}, {"anchor", "start"}}},
          {"width", "container"},
          {"height", 260},
          {"background", "white"},
          {"autosize", {{"type", "fit-x"}, {"contains", "padding"}}},
          {"layer", std::move(layers)},
          {"config", {{"font", "system-ui, sans-serif"}, {"axis", {{"labelFontSize", 12}, {"titleFontSize", 12}, {"grid", false}}}}}};
}

const Json kPoint = {{"type", "point"}, {"filled", true}, {"size", 40}, {"opacity", 0.8}};
const Json kLine = {{"type", "line"}, {"strokeWidth", 1.5}, {"opacity", 0.7}};
const Json kGrey = {{"type", "line"}, {"color", "#999"}};

/// The four charts of one quantity.
std::vector<Chart> charts_of(const FitInput& in, std::size_t quantity) {
  const FitQuantity& q = in.quantities[quantity];
  Json rows = Json::array();
  std::set<std::string> subjects;
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const FitPoint& p : in.points) {
    if (p.quantity != quantity) continue;
    rows.push_back({{"ID", p.subject}, {"time", p.time}, {"observed", p.observed}, {"predicted", p.predicted}, {"weighted", p.weighted}});
    subjects.insert(p.subject);
    low = std::min({low, p.observed, p.predicted});
    high = std::max({high, p.observed, p.predicted});
  }
  const bool coloured = subjects.size() <= kMostColours;
  const std::string with_unit = q.name + (q.unit.empty() ? "" : " [" + q.unit + "]"), time = "Time [" + in.time_unit + "]";
  const std::string residual = "Weighted residual";
  const Json identity = Json::array({Json{{"observed", low}, {"predicted", low}}, Json{{"observed", high}, {"predicted", high}}});
  const Json zero = {{"mark", {{"type", "rule"}, {"color", "#999"}}},
                     {"data", {{"values", Json::array({Json{{"zero", 0}}})}}},
                     {"encoding", {{"y", axis("zero", residual)}}}};
  const Json x_time = axis("time", time), predicted = axis("predicted", "Predicted " + with_unit, q.logarithmic);
  const Json observed = axis("observed", "Observed " + with_unit, q.logarithmic), weighted = axis("weighted", residual);
  const std::string id = "fit-" + std::to_string(quantity);
  Json line = {{"mark", kGrey}, {"data", {{"values", identity}}}, {"encoding", {{"x", predicted}, {"y", observed}}}};
  const auto chart = [&](const char* what, const std::string& title, const std::string& caption, Json layers) {
    return Chart{id + what, title, caption, spec_of(title, std::move(layers)).dump()};
  };
  return {
      chart("-course", q.name + " by time", "Points: observed. Lines: predicted at the times of observation, one a subject.",
            Json::array({layer(kLine, x_time, axis("predicted", with_unit, q.logarithmic), rows, coloured),
                         layer(kPoint, x_time, axis("observed", with_unit, q.logarithmic), rows, coloured)})),
      chart("-observed", "Observed against predicted", "On the grey line both are equal.",
            Json::array({line, layer(kPoint, predicted, observed, rows, coloured)})),
      chart("-by-time", "Weighted residuals by time", "Observed less predicted over its standard deviation: about 95 % within 2, without a trend.",
            Json::array({zero, layer(kPoint, x_time, weighted, rows, coloured)})),
      chart("-by-prediction", "Weighted residuals by prediction", "A spread that grows or shrinks says that the error is of another kind.",
            Json::array({zero, layer(kPoint, predicted, weighted, rows, coloured)}))};
}

/// Columns that have something in them, numbers to five digits.
std::string table_of(const core::Table& table) {
  std::vector<std::size_t> shown;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (std::any_of(table.rows.begin(), table.rows.end(), [&](const auto& row) { return !row[c].empty(); })) shown.push_back(c);
  }
  std::string out = "<div class=scroll><table><tr>";
  for (const std::size_t c : shown) out += "<th>" + escape(table.columns[c]) + "</th>";
  out += "</tr>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (const std::size_t c : shown) {
      const auto number = c > 1 ? core::parse_double(row[c]) : std::nullopt;  // ID and parameter are names
      out += "<td>" + (number ? fmt::format("{:.5g}", *number) : escape(row[c])) + "</td>";
    }
    out += "</tr>\n";
  }
  return out + "</table></div>\n";
}

}  // namespace

std::string make_fit_report(const FitInput& in) {
  std::string out = page_start(in.title) + "<h1>" + escape(in.title) + "</h1>\n<p class=mute>Osteosome calibration of " + escape(in.file) + "</p>\n";
  for (const std::string& line : in.summary) out += "<p>" + escape(line) + ".</p>\n";
  for (const FitQuantity& q : in.quantities) out += "<p>Error of " + escape(q.name) + ": " + escape(q.error) + ".</p>\n";
  for (const std::string& note : in.notes) out += "<p class=notice>" + escape(note) + "</p>\n";
  out += "<h2>Estimates</h2>\n" + table_of(in.parameters);
  std::vector<Chart> all;
  for (std::size_t q = 0; q < in.quantities.size(); ++q) {
    out += "<h2>" + escape(in.quantities[q].name) + "</h2>\n<div class=charts>\n";
    for (Chart& c : charts_of(in, q)) {
      out += figure_of(c);
      all.push_back(std::move(c));
    }
    out += "</div>\n";
  }
  if (in.chart_library.empty()) out += "<p class=notice>The chart library was not installed when this report was made.</p>\n";
  return out + page_end(in.chart_library, all);
}

}  // namespace osteosome::report
