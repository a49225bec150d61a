// SPDX-License-Identifier: Apache-2.0
#include "osteosome/report/validation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "osteosome/core/text.hpp"
#include "page.hpp"

namespace osteosome::report {
namespace {

using Json = nlohmann::ordered_json;
using evidence::GradedPoint;

const std::vector<std::string> kModelColours = {"#0072B2", "#D55E00", "#009E73", "#CC79A7"};

std::string plain(double x) { return std::isfinite(x) ? fmt::format("{:.2f}", x) : "missing"; }
std::string signed_text(double x) { return std::isfinite(x) ? fmt::format("{:+.2f}", x) : "missing"; }

std::string spread_table(const ValidationInput& in) {
  std::string out =
      "<h2>How far trials of the same thing differ</h2>\n<p>Rows with the same outcome, month and doses until then, one mean a study: the root mean "
      "square of the studies about their mean. A model that ignores age, density and turnover at baseline cannot do better.</p>\n<div "
      "class=scroll><table><tr><th>Outcome</th><th class=n>Spread</th><th class=n>Means</th><th class=n>Groups</th></tr>\n";
  for (const auto& s : in.spread)
    out += fmt::format("<tr><td>{}</td><td class=n>{:.2f}</td><td class=n>{}</td><td class=n>{}</td></tr>\n", s.outcome, s.rms, s.means, s.groups);
  return out + "</table></div>\n";
}

std::string totals_table(const ValidationInput& in) {
  std::string out =
      "<h2>Totals</h2>\n<p>Root mean square error pooled over points, in percentage points; markers in log ratio. Calibration rows were fitted, "
      "validation rows were not.</p>\n<div class=scroll><table><tr><th>Model</th><th>Role</th><th>Outcome</th><th class=n>RMSE</th><th "
      "class=n>Bias</th><th class=n>Points</th></tr>\n";
  for (const std::string& model : in.models) {
    for (const auto& g : evidence::pool(in.points, model, false)) {
      out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td></tr>\n", escape(model),
                         escape(g.role), escape(g.outcome), plain(g.rmse), signed_text(g.bias), g.n);
    }
  }
  return out + "</table></div>\n";
}

/// Over all classes (class "all"), then by class, on the rows that `other` has too.
std::vector<evidence::PooledGrade> total_and_classes(const ValidationInput& in, const std::string& model, const std::string& other) {
  auto grades = evidence::pool(in.points, model, false, other);
  for (auto& g : grades) g.trial_class = "all";
  const auto classes = evidence::pool(in.points, model, true, other);
  grades.insert(grades.end(), classes.begin(), classes.end());
  return grades;
}

/// The graded model beside each other model, on the rows that both have.
std::string class_table(const ValidationInput& in) {
  std::string out = "<h2>On identical rows, in total and by class</h2>\n";
  for (std::size_t m = 1; m < in.models.size(); ++m) {
    const auto other = total_and_classes(in, in.models[m], in.models[0]), mine = total_and_classes(in, in.models[0], in.models[m]);
    if (other.empty()) continue;
    out += "<h3>Beside " + escape(in.models[m]) +
           "</h3>\n<div class=scroll><table><tr><th>Role</th><th>Class</th><th>Outcome</th><th class=n>Points</th><th class=n>" +
           escape(in.models[0]) + "</th><th class=n>" + escape(in.models[m]) + "</th></tr>\n";
    for (std::size_t k = 0; k < mine.size() && k < other.size(); ++k) {
      const bool worse = mine[k].rmse > other[k].rmse;
      out += fmt::format("<tr{}><td>{}</td><td>{}</td><td>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td></tr>\n",
                         worse ? " class=assumed" : "", escape(mine[k].role), escape(mine[k].trial_class), escape(mine[k].outcome), mine[k].n,
                         plain(mine[k].rmse), plain(other[k].rmse));
    }
    out += "</table></div>\n";
  }
  return out;
}

std::string arms_table(const ValidationInput& in) {
  std::string out =
      "<h2>Every arm and outcome, worst first</h2>\n<details open><summary>" + std::to_string(in.grades.size()) +
      " grades</summary><div class=scroll><table><tr><th>Model</th><th>Study</th><th>Arm</th><th>Class</th><th>Role</th><th>Outcome</th><th "
      "class=n>Points</th><th class=n>RMSE</th><th class=n>Bias</th><th class=n>Inside the interval</th></tr>\n";
  for (const auto& g : in.grades) {
    out += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td><td "
        "class=n>{}</td></tr>\n",
        escape(g.model), escape(g.study), escape(g.arm), escape(g.trial_class), escape(g.role), escape(g.outcome), g.n, g.n > 0 ? plain(g.rmse) : "",
        g.n > 0 ? signed_text(g.bias) : "", g.with_interval == 0 ? "none reported" : fmt::format("{} of {}", g.within, g.with_interval));
  }
  return out + "</table></div></details>\n";
}

std::string left_out_table(const ValidationInput& in) {
  std::string out = "<h2>Left out</h2>\n<p>Counted rows and arms a model cannot be graded on, with the reason.</p>\n<details><summary>" +
                    std::to_string(in.left_out.size()) +
                    " entries</summary><div class=scroll><table><tr><th>Model</th><th>Study</th><th>Arm</th><th>Outcome</th><th>Reason</th></tr>\n";
  for (const auto& [model, x] : in.left_out) {
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", escape(model), escape(x.study), escape(x.arm),
                       escape(x.outcome.empty() ? "all" : x.outcome), escape(x.reason));
  }
  return out + "</table></div></details>\n";
}

double rounded(double x) { return std::round(x * 1e4) / 1e4; }

Json axis(const char* field, const char* title) { return {{"field", field}, {"type", "quantitative"}, {"title", title}}; }

/// Curves of all models over the points of one arm and outcome.
Json chart_spec(const ValidationInput& in, const evidence::StudyArm* arm, const std::string& outcome, const std::string& title) {
  Json curves = Json::array(), points = Json::array(), names = Json::array(), colours = Json::array();
  for (const auto& [model, curve] : in.curves) {
    if (curve.arm != arm || curve.outcome != outcome) continue;
    names.push_back(model);
    colours.push_back(
        kModelColours[static_cast<std::size_t>(std::find(in.models.begin(), in.models.end(), model) - in.models.begin()) % kModelColours.size()]);
    for (std::size_t k = 0; k < curve.months.size(); ++k) {
      if (std::isfinite(curve.change[k]))
        curves.push_back({{"month", rounded(curve.months[k])}, {"change", rounded(curve.change[k])}, {"model", model}});
    }
  }
  std::set<double> seen;
  for (const GradedPoint& p : in.points) {
    const auto& m = *p.row.measurement;
    if (p.row.arm != arm || m.outcome != outcome || m.unit != "percent_change" || !seen.insert(m.month).second) continue;
    Json row = {{"month", m.month}, {"change", *m.mean}};
    if (m.low && m.high) row["low"] = *m.low, row["high"] = *m.high;
    points.push_back(std::move(row));
  }
  const Json x = axis("month", "Months"), y = axis("change", "Change [%]");
  const Json colour = {
      {"field", "model"},
      {"type", "nominal"},
      {"title", nullptr},
      {"legend", {{"orient", "bottom"}}},
      {"scale", {{"domain", names}, {"range", colours}}}};
  Json layers = Json::array();
  layers.push_back({{"mark", {{"type", "line"}, {"strokeWidth", 2}}},
                    {"data", {{"values", curves}}},
                    {"encoding", {{"x", x}, {"y", y}, {"color", colour}}}});
  layers.push_back({{"mark", {{"type", "rule"}}},
                    {"data", {{"values", points}}},
                    {"transform", Json::array({Json{{"filter", "isValid(datum.low)"}}})},
                    {"encoding", {{"x", x}, {"y", axis("low", "Change [%]")}, {"y2", {{"field", "high"}}}}}});
  layers.push_back({{"mark", {{"type", "point"}, {"filled", true}, {"size", 50}, {"color", "black"}, {"opacity", 1}}},
                    {"data", {{"values", points}}},
                    {"encoding", {{"x", x}, {"y", y}}}});
  return {{"$schema", "https://vega.github.io/schema/vega-lite/v6.json"},
          {"title", {{"text", title}, {"anchor", "start"}, {"fontSize", 12}}},
          {"width", "container"},
          {"height", 200},
          {"background", "white"},
          {"autosize", {{"type", "fit-x"}, {"contains", "padding"}}},
          {"layer", layers},
          {"config", {{"font", "system-ui, sans-serif"}}}};
}

/// One chart an arm and outcome of the graded model with at least two visits, worst first.
std::vector<Chart> make_validation_charts(const ValidationInput& in) {
  std::vector<Chart> charts;
  for (const auto& g : in.grades) {
    if (g.model != in.models.front() || g.n < 2) continue;
    const auto curve =
        std::find_if(in.curves.begin(), in.curves.end(), [&](const auto& c) { return c.second.arm->id == g.arm && c.second.outcome == g.outcome; });
    if (curve == in.curves.end()) continue;
    const std::string title = g.outcome + ", " + g.arm + " (" + g.role + ")";
    const std::string caption = fmt::format("{}: {}. RMSE {} over {} points.", g.study, g.trial_class, plain(g.rmse), g.n);
    charts.push_back({std::to_string(charts.size() + 1), title, caption, chart_spec(in, curve->second.arm, g.outcome, title).dump()});
  }
  return charts;
}

std::string charts_section(const ValidationInput& in, const std::vector<Chart>& charts) {
  std::string out = "<h2>Curves over data, worst first</h2>\n";
  if (in.chart_library.empty()) out += "<p class=notice>The chart library was not installed when this report was made.</p>\n";
  out += "<div class=charts>\n";
  for (const Chart& c : charts) {
    out += "<figure><div class=chart id=\"chart-" + escape(c.id) + "\" role=img aria-label=\"" + escape(c.title) + "\"></div><figcaption>" +
           escape(c.caption) + "</figcaption></figure>\n";
  }
  return out + "</div>\n";
}

}  // namespace

std::string make_validation_report(const ValidationInput& in) {
  const auto charts = make_validation_charts(in);
  std::string out = page_start("Validation of " + in.models.front());
  out += "<h1>Validation of " + escape(in.models.front()) +
         "</h1>\n<p>Published trials, simulated and compared value by value; published models run through the same engine on the same rows.</p>\n";
  out += spread_table(in) + totals_table(in) + class_table(in) + charts_section(in, charts) + arms_table(in) + left_out_table(in);
  return out + page_end(in.chart_library, charts);
}

}  // namespace osteosome::report
