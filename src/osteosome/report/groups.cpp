// SPDX-License-Identifier: Apache-2.0
// Own data group by group: means with SD and n, each group against the control.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "osteosome/evidence/group_test.hpp"
#include "osteosome/report/animals.hpp"
#include "page.hpp"

namespace osteosome::report {
namespace {

using evidence::GroupTest;
using evidence::TestedGroup;
using Json = nlohmann::ordered_json;

std::string label_of(const ReportInput& in, const std::string& arm) {
  const auto found = std::find_if(in.scenario.arms.begin(), in.scenario.arms.end(), [&](const auto& a) { return a.name == arm; });
  return found->label;
}

std::string time_of(const ReportInput& in, double month) {
  return fmt::format("{} {:.4g}", in.scenario.time_unit.name, core::Time(month, core::kSecondsPerMonth).in(in.scenario.time_unit.seconds));
}

std::string outcome_of(const ReportInput& in, const GroupTest& t) {
  const model::Outcome* outcome = in.outcomes.find(t.outcome);
  return outcome == nullptr ? t.outcome : outcome->title;
}

bool tested(const GroupTest& t) {
  return std::any_of(t.groups.begin(), t.groups.end(), [](const TestedGroup& g) { return !std::isnan(g.p); });
}

/// What the stars are of.
std::string test_text(const ReportInput& in, const GroupTest& t) {
  if (!tested(t)) return fmt::format("No test: {:.0f} degrees of freedom, or no spread", t.degrees);
  return fmt::format("{} against {}: * p < 0.05, ** < 0.01, *** < 0.001",
                     t.groups.size() == 2 ? "Student's two-sided t test" : "Dunnett's two-sided test", label_of(in, t.control));
}

bool has_animals(const GroupTest& t) {
  return std::any_of(t.groups.begin(), t.groups.end(), [](const TestedGroup& g) { return !g.data.values.empty(); });
}

std::string p_text(double p) { return std::isnan(p) ? "" : p < 0.0001 ? "< 0.0001" : fmt::format("{:.4f}", p); }

Json layer(Json mark, const Json& values, Json encoding) {
  return {{"mark", std::move(mark)}, {"data", {{"values", values}}}, {"encoding", std::move(encoding)}};
}

/// Groups below one another, whose names have room; key and test inside the figure.
Json spec_of(const ReportInput& in, const GroupTest& t, const std::string& title) {
  Json groups = Json::array(), values = Json::array(), order = Json::array();
  for (const TestedGroup& g : t.groups) {
    const std::string name = label_of(in, g.arm) + fmt::format(" (n = {:.0f})", g.data.n);
    order.push_back(name);
    double top = std::max(g.mean + g.data.sd, g.simulated);
    for (const double v : g.data.values) {
      values.push_back({{"group", name}, {"value", v}});
      top = std::max(top, v);
    }
    groups.push_back({{"group", name},
                      {"value", g.mean},
                      {"low", g.mean - g.data.sd},
                      {"high", g.mean + g.data.sd},
                      {"top", top},
                      {"simulated", g.simulated},
                      {"mark", evidence::stars(g.p)},
                      {"p", p_text(g.p)}});
  }
  const Json y = {{"field", "group"}, {"type", "nominal"}, {"title", nullptr}, {"sort", order}, {"axis", {{"labelLimit", 260}}}};
  const std::string unit = t.unit == "1" ? "relative to rest" : t.unit == evidence::kPercentChange ? "% change" : t.unit == "percent" ? "%" : t.unit;
  const auto x = [&](const char* field) {
    return Json{{"field", field}, {"type", "quantitative"}, {"title", outcome_of(in, t) + " [" + unit + "]"}};
  };
  Json layers = Json::array();
  if (!values.empty())
    layers.push_back(layer({{"type", "point"}, {"filled", true}, {"size", 35}, {"color", "#999"}, {"opacity", 0.8}, {"yOffset", 9}}, values,
                           {{"y", y}, {"x", x("value")}}));
  layers.push_back(layer({{"type", "rule"}, {"strokeWidth", 2}}, groups, {{"y", y}, {"x", x("low")}, {"x2", {{"field", "high"}}}}));
  layers.push_back(layer({{"type", "tick"}, {"thickness", 3}, {"size", 20}, {"color", "black"}, {"orient", "vertical"}}, groups,
                         {{"y", y}, {"x", x("value")}}));
  layers.push_back(layer({{"type", "point"}, {"shape", "diamond"}, {"size", 90}, {"color", "#D55E00"}, {"strokeWidth", 2}, {"yOffset", -9}}, groups,
                         {{"y", y}, {"x", x("simulated")}}));
  layers.push_back(layer({{"type", "text"}, {"dx", 12}, {"align", "left"}, {"fontSize", 14}}, groups,
                         {{"y", y}, {"x", x("top")}, {"text", {{"field", "mark"}}}}));
  const std::string key = fmt::format("Mean and SD{}; diamonds: {}", has_animals(t) ? ", grey each animal" : "", t.model);
  return {{"$schema", "https://vega.github.io/schema/vega-lite/v6.json"},
          {"title", {{"text", title}, {"subtitle", Json::array({key, test_text(in, t)})}, {"anchor", "start"}, {"frame", "group"}}},
          {"width", "container"},
          {"height", {{"step", 46}}},
          {"background", "white"},
          {"autosize", {{"type", "fit-x"}, {"contains", "padding"}}},
          {"layer", layers},
          {"config", {{"font", "system-ui, sans-serif"}, {"axis", {{"labelFontSize", 12}, {"titleFontSize", 12}, {"grid", false}}}}}};
}

}  // namespace

std::vector<Chart> group_charts(const ReportInput& in) {
  std::vector<Chart> charts;
  std::set<std::string> taken;
  for (const GroupTest& t : evidence::test_groups(in.scenario, in.comparisons)) {
    const std::string title = outcome_of(in, t) + ", " + time_of(in, t.month);
    const std::string caption = fmt::format("{}: mean and SD of {}{}. {}; SD pooled, {:.0f} degrees of freedom. Diamonds: {}.", title, t.study,
                                            has_animals(t) ? "; grey: each animal" : "", test_text(in, t), t.degrees, t.model);
    const double days = core::Time(t.month, core::kSecondsPerMonth).in(core::kSecondsPerDay);
    charts.push_back({unique_id(fmt::format("groups-{}-{}-{:.4g}", t.study, t.outcome, days), taken), title, caption, spec_of(in, t, title).dump(1)});
  }
  return charts;
}

std::string groups_section(const ReportInput& in) {
  const auto tests = evidence::test_groups(in.scenario, in.comparisons);
  if (tests.empty()) return "";
  std::string out = "<h2>Own data, group by group</h2>\n<div class=charts>\n";
  for (const Chart& c : group_charts(in)) out += figure_of(c);
  out +=
      "</div>\n<div class=scroll><table><tr><th>Outcome</th><th>Time</th><th>Group</th><th class=n>n</th><th class=n>Mean</th><th class=n>SD</th><th "
      "class=n>p against the control</th><th class=n>Model</th></tr>\n";
  for (const GroupTest& t : tests) {
    for (const TestedGroup& g : t.groups) {
      out += fmt::format(
          "<tr><td>{}</td><td>{}</td><td>{}</td><td class=n>{:.0f}</td><td class=n>{:.4g}</td><td class=n>{:.3g}</td><td "
          "class=n>{}</td><td class=n>{:.4g}</td></tr>\n",
          escape(t.outcome), time_of(in, t.month), escape(label_of(in, g.arm)), g.data.n, g.mean, g.data.sd,
          g.arm == t.control ? "control" : p_text(g.p), g.simulated);
    }
  }
  return out + "</table></div>\n";
}

}  // namespace osteosome::report
