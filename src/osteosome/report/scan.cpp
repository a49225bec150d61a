// SPDX-License-Identifier: Apache-2.0
// The page of a scan.
#include "osteosome/report/scan.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "page.hpp"

namespace osteosome::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostLines = 7;

std::string with_unit(const std::string& name, const std::string& unit) { return unit.empty() || unit == "1" ? name : name + " [" + unit + "]"; }

Json rows_of(const ScanInput& in, std::size_t quantity) {
  Json rows = Json::array();
  const std::size_t second = in.axes.size() == 2 ? in.axes[1].values.size() : 1, n = in.quantities.size();
  for (std::size_t p = 0; p * n < in.values.size(); ++p) {
    const double value = in.values[p * n + quantity];
    if (!std::isfinite(value)) continue;
    Json row = {{"x", in.axes[0].values[p / second]}, {"value", value}};
    if (in.axes.size() == 2) row["second"] = in.axes[1].values[p % second];
    rows.push_back(std::move(row));
  }
  return rows;
}

Json spec_of(const ScanInput& in, std::size_t quantity, const std::string& title) {
  const auto& q = in.quantities[quantity];
  const std::string value = with_unit(q.name, q.unit), first = with_unit(in.axes[0].name, in.axes[0].unit);
  const bool two = in.axes.size() == 2, map = two && in.axes[1].values.size() > kMostLines;
  const std::string second = two ? with_unit(in.axes[1].name, in.axes[1].unit) : "";
  Json encoding;
  if (map) {
    encoding = {{"x", {{"field", "x"}, {"type", "ordinal"}, {"title", first}, {"axis", {{"format", ".3~g"}}}}},
                {"y", {{"field", "second"}, {"type", "ordinal"}, {"title", second}, {"sort", "descending"}, {"axis", {{"format", ".3~g"}}}}},
                {"color", {{"field", "value"}, {"type", "quantitative"}, {"title", value}, {"scale", {{"scheme", "viridis"}}}}}};
  } else {
    Json x = {{"field", "x"}, {"type", "quantitative"}, {"title", first}, {"scale", {{"zero", false}}}};
    if (in.axes[0].logarithmic) x["scale"] = {{"type", "log"}};
    encoding = {{"x", x}, {"y", {{"field", "value"}, {"type", "quantitative"}, {"title", value}, {"scale", {{"zero", false}}}}}};
    if (two) encoding["color"] = {{"field", "second"}, {"type", "ordinal"}, {"title", second}, {"scale", {{"scheme", "viridis"}}}};
  }
  encoding["tooltip"] = Json::array({Json{{"field", "x"}, {"title", first}}, Json{{"field", "value"}, {"title", value}}});
  if (two) encoding["tooltip"].push_back({{"field", "second"}, {"title", second}});
  const Json mark = map ? Json{{"type", "rect"}} : Json{{"type", "line"}, {"point", true}};
  return {{"$schema", "https://vega.github.io/schema/vega-lite/v6.json"},
          {"title", {{"text", title}, {"anchor", "start"}}},
          {"width", "container"},
          {"height", 300},
          {"background", "white"},
          {"autosize", {{"type", "fit-x"}, {"contains", "padding"}}},
          {"data", {{"values", rows_of(in, quantity)}}},
          {"mark", mark},
          {"encoding", encoding},
          {"config", {{"font", "system-ui, sans-serif"}, {"axis", {{"labelFontSize", 12}, {"titleFontSize", 12}}}}}};
}

}  // namespace

std::string make_scan_report(const ScanInput& in) {
  std::string out = page_start(in.title) + "<h1>" + escape(in.title) + "</h1>\n<p class=mute>Osteosome scan: " + escape(in.measure) + "</p>\n";
  for (const std::string& note : in.notes) out += "<p>" + escape(note) + "</p>\n";
  if (in.chart_library.empty()) out += "<p class=notice>The chart library was not installed when this report was made.</p>\n";
  out += "<div class=charts>\n";
  std::vector<Chart> charts;
  for (std::size_t k = 0; k < in.quantities.size(); ++k) {
    const auto& q = in.quantities[k];
    const std::string title = q.label.empty() ? q.name : q.label;
    charts.push_back({"scan-" + std::to_string(k), title, title + ", " + in.measure + ".", spec_of(in, k, title).dump()});
    out += figure_of(charts.back());
  }
  return out + "</div>\n" + page_end(in.chart_library, charts);
}

}  // namespace osteosome::report
