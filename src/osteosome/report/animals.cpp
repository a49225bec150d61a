// SPDX-License-Identifier: Apache-2.0
// Sections of a report that scenarios with exosomes, cells or animals have.
#include "osteosome/report/animals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "osteosome/evidence/products.hpp"
#include "page.hpp"

namespace osteosome::report {
namespace {

using Json = nlohmann::ordered_json;

std::string cell(const std::string& text) { return "<td>" + escape(text) + "</td>"; }
std::string figure(const std::string& text) { return "<td class=n>" + escape(text) + "</td>"; }
std::string band_text(const evidence::Band& b, const char* unit) {
  if (!std::isfinite(b.median)) return "missing";
  return b.low == b.high ? fmt::format("{:+.1f}{}", b.median, unit) : fmt::format("{:+.1f}{} ({:+.1f} to {:+.1f})", b.median, unit, b.low, b.high);
}

std::string arm_label(const ReportInput& in, const std::string& name) {
  for (const auto& arm : in.scenario.arms) {
    if (arm.name == name) return arm.label;
  }
  return name;
}

Json power_chart(const ReportInput& in, const std::string& endpoint, double day) {
  Json rows = Json::array();
  for (const auto& r : in.power) {
    if (r.endpoint != endpoint || r.day != day) continue;
    for (std::size_t k = 0; k < r.power.size(); ++k)
      rows.push_back({{"animals", k + 3}, {"power", std::round(r.power[k] * 1e4) / 1e4}, {"arm", r.label}});
  }
  const Json x = {{"field", "animals"}, {"type", "quantitative"}, {"title", "Animals a group"}};
  const Json y = {{"field", "power"}, {"type", "quantitative"}, {"title", "Power"}, {"scale", {{"domain", Json::array({0, 1})}}}};
  const Json colour = {
      {"field", "arm"}, {"type", "nominal"}, {"title", "Arm"}, {"legend", {{"orient", "bottom"}, {"columns", 2}, {"labelLimit", 320}}}};
  return {
      {"$schema", "https://vega.github.io/schema/vega-lite/v6.json"},
      {"title", {{"text", fmt::format("Power for {}, week {:.0f}", endpoint, day / 7)}, {"anchor", "start"}}},
      {"width", "container"},
      {"height", 260},
      {"background", "white"},
      {"layer",
       {{{"mark", {{"type", "rule"}, {"color", "#999"}}},
         {"data", {{"values", Json::array({Json{{"power", in.scenario.power->wished}}})}}},
         {"encoding", {{"y", y}}}},
        {{"mark", {{"type", "line"}, {"strokeWidth", 2}}},
         {"data", {{"values", rows}}},
         {"encoding", {{"x", x}, {"y", y}, {"color", colour}, {"tooltip", {{{"field", "arm"}}, {{"field", "animals"}}, {{"field", "power"}}}}}}}}},
      {"config", {{"font", "system-ui, sans-serif"}}}};
}

/// Simulated effect with its band and, where reported, the pooled effect with its interval.
Json effects_chart(const ReportInput& in) {
  Json simulated = Json::array(), reported = Json::array();
  for (const auto& c : in.animals) {
    const auto effect = c.trial.row->number("effect");
    if (!effect || c.trial.row->text("effect_type") != "SMD") continue;
    const std::string name = c.trial.row->text("outcome") + " (" + c.trial.row->study + ")";
    simulated.push_back({{"row", name}, {"smd", c.effect.median}, {"low", c.effect.low}, {"high", c.effect.high}, {"arm", arm_label(in, c.arm)}});
    Json r = {{"row", name}, {"smd", *effect}};
    const auto low = c.trial.row->number("ci_low"), high = c.trial.row->number("ci_high");
    if (low && high) r["low"] = *low, r["high"] = *high;
    reported.push_back(r);
  }
  if (simulated.empty()) return nullptr;
  const auto y = [](double offset) {
    return Json{{"field", "row"}, {"type", "nominal"}, {"title", nullptr}, {"axis", {{"labelLimit", 320}}}, {"band", 0.5 + offset}};
  };
  const auto x = [](const char* field) { return Json{{"field", field}, {"type", "quantitative"}, {"title", "Standardised mean difference"}}; };
  const auto layer = [&](const Json& values, const char* colour, const char* shape, double offset) {
    return Json::array(
        {Json{{"mark", {{"type", "rule"}, {"color", colour}, {"strokeWidth", 3}, {"yOffset", offset}}},
              {"data", {{"values", values}}},
              {"transform", Json::array({Json{{"filter", "isValid(datum.low)"}}})},
              {"encoding", {{"y", y(0)}, {"x", x("low")}, {"x2", {{"field", "high"}}}}}},
         Json{{"mark", {{"type", "point"}, {"filled", true}, {"size", 90}, {"color", colour}, {"shape", shape}, {"yOffset", offset}}},
              {"data", {{"values", values}}},
              {"encoding",
               {{"y", y(0)}, {"x", x("smd")}, {"tooltip", {{{"field", "row"}}, {{"field", "smd"}}, {{"field", "low"}}, {{"field", "high"}}}}}}}});
  };
  Json layers = Json::array();
  for (const auto& l : layer(simulated, "#0072B2", "circle", -5)) layers.push_back(l);
  for (const auto& l : layer(reported, "#D55E00", "diamond", 5)) layers.push_back(l);
  return {{"$schema", "https://vega.github.io/schema/vega-lite/v6.json"},
          {"title", {{"text", "Effect sizes, simulated (circles) and reported (diamonds)"}, {"anchor", "start"}}},
          {"width", "container"},
          {"height", {{"step", 34}}},
          {"background", "white"},
          {"layer", layers},
          {"config", {{"font", "system-ui, sans-serif"}}}};
}

std::string cargo_rows(const std::string& label, const std::vector<evidence::CargoInCell>& cargo) {
  std::string out;
  for (const auto& r : cargo) {
    out += "<tr>" + cell(label) + cell(r.names) + cell(r.kind) +
           figure(fmt::format("{:.3g} ({:.2g} to {:.2g})", r.copies.median, r.copies.low, r.copies.high)) +
           figure(fmt::format("{:.2g} %", 100 * r.share.median)) + cell(r.verdict) + "</tr>\n";
  }
  return out;
}

std::string cell_rows(const std::string& label, const std::vector<evidence::ProductValue>& values) {
  std::string out;
  for (const auto& v : values) {
    out += "<tr>" + cell(label) + cell(v.label) + figure(fmt::format("{:.3g}", v.value.median)) +
           figure(v.value.low == v.value.high ? "" : fmt::format("{:.2g} to {:.2g}", v.value.low, v.value.high)) + "</tr>\n";
  }
  return out;
}

}  // namespace

std::string differences_section(const ReportInput& in) {
  if (in.scenario.control.empty()) return "";
  std::string out = fmt::format(
      "<h2>Against {} at the end</h2>\n<p>The value at the end over that of the control, in percent; each draw against the same draw of the control, "
      "so that "
      "this is neither a difference of changes nor the ratio of the medians in the charts. Median of the draws and 5th to 95th percentile. A row "
      "marked <span class=assumed>assumed</span> rests on "
      "constants that nobody measured; their number stands beside it, their names below and their priors in the table of parameters.</p>\n",
      escape(arm_label(in, in.scenario.control)));
  for (std::size_t m = 0; m < in.models.size(); ++m) {
    const auto& model = in.models[m].model();
    const auto codes = evidence::own_outcomes(model, in.scenario.outcomes);
    const auto* control = evidence::arm_result(in.scenario, in.result, in.scenario.control, m);
    if (control == nullptr || codes.empty()) continue;
    out += "<div class=scroll><table><tr><th>Arm</th><th>Rests on</th>";
    for (const auto& code : codes) out += "<th class=n>" + escape(code) + "</th>";
    out += "</tr>\n";
    std::set<std::string> names;
    for (const auto& arm : in.result.arms) {
      if (arm.model != m || &arm == control) continue;
      const auto assumed = evidence::assumed_constants(model, in.scenario.arms[arm.arm].regimen);
      names.insert(assumed.begin(), assumed.end());
      out += std::string("<tr") + (assumed.empty() ? "" : " class=assumed") + ">" + cell(in.scenario.arms[arm.arm].label) +
             cell(assumed.empty() ? "" : fmt::format("assumed: {} constants", assumed.size()));
      for (const auto& band : evidence::differences(model, in.result, arm, *control, codes, in.scenario.until_days()))
        out += figure(band_text(band, " %"));
      out += "</tr>\n";
    }
    out += "</table></div>\n";
    if (names.empty()) continue;
    out += "<details><summary>The assumed constants</summary><p>";
    for (const auto& name : names) out += escape(name) + " ";
    out += "</p></details>\n";
  }
  return out;
}

std::string animals_section(const ReportInput& in) {
  if (in.animals.empty()) return "";
  std::string out =
      "<h2>Beside what animal studies report</h2>\n<p>This scenario's arms against its control arm, at the time nearest to the study's. Studies "
      "differ from the scenario in animal, dose and time; what they report is laid beside, not fitted here. Pooled effects of exosomes mix bone "
      "defects with osteoporosis.</p>\n";
  for (const Chart& c : animal_charts(in)) {
    if (c.id == "effects") out += figure_of(c);
  }
  out +=
      "<div class=scroll><table><tr><th>Study</th><th>Arm here</th><th>Outcome</th><th>Reported</th><th class=n>Week</th><th "
      "class=n>Simulated, %</th><th class=n>Simulated SMD</th><th>Spread between animals</th><th>Direction</th><th>Role</th></tr>\n";
  for (const auto& c : in.animals) {
    std::string reported = c.trial.row->text("direction");
    if (!c.trial.row->text("effect").empty()) {
      reported += ", SMD " + c.trial.row->text("effect");
      if (!c.trial.row->text("ci_low").empty()) reported += " (" + c.trial.row->text("ci_low") + " to " + c.trial.row->text("ci_high") + ")";
    }
    const std::string doi = c.trial.row->text("doi");
    out +=
        "<tr><td>" + link_doi(c.trial.row->text("study") + (doi.empty() ? "" : ", doi:" + doi)) + "</td>" + cell(arm_label(in, c.arm)) +
        cell(c.trial.row->text("outcome")) + cell(reported) + figure(fmt::format("{:.0f}", c.day / 7)) + figure(band_text(c.percent, "")) +
        figure(band_text(c.effect, "")) + cell(fmt::format("{:.0f} %{}", 100 * c.trial.variation.cv, c.trial.variation.assumed ? ", assumed" : "")) +
        cell(!c.right   ? ""
             : *c.right ? "right"
                        : "wrong") +
        cell(c.trial.row->role) + "</tr>\n";
  }
  return out + "</table></div>\n";
}

std::string power_section(const ReportInput& in) {
  if (in.power.empty()) return "";
  const std::size_t comparisons = in.power.front().comparisons;
  std::string out = fmt::format(
      "<h2>Power for the next study</h2>\n<p>Animals a group for power {:.2f} against {}: {}, averaged over {} draw{} of the constants, so that what "
      "the model does not know costs animals. Effects and bands are the model's{}. {}</p>\n<div "
      "class=scroll><table><tr><th>Arm</th><th>Endpoint</th><th class=n>Week</th><th "
      "class=n>Effect</th><th>Spread between animals</th><th class=n>Animals a group</th></tr>\n",
      in.scenario.power->wished, escape(arm_label(in, in.scenario.power->control)),
      comparisons == 1 ? "two-sided t test at 5 %" : fmt::format("Dunnett's two-sided test of {} arms at 5 %", comparisons), in.scenario.population.n,
      in.scenario.population.n == 1 ? "" : "s", in.scenario.own_tables.empty() ? "" : ": own data are not used",
      escape(cohort::uncertainty_text(in.scenario, in.models)));
  for (const auto& r : in.power) {
    out += "<tr>" + cell(r.label) + cell(r.endpoint) + figure(fmt::format("{:.0f}", r.day / 7)) + figure(band_text(r.effect, " %")) +
           cell(evidence::spread_text(r.spread)) +
           figure(r.animals ? std::to_string(*r.animals) : "more than " + std::to_string(in.scenario.power->most)) + "</tr>\n";
  }
  out += "</table></div>\n<div class=charts>\n";
  for (const Chart& c : animal_charts(in)) {
    if (c.id != "effects") out += figure_of(c);
  }
  return out + "</div>\n";
}

std::string products_section(const ReportInput& in) {
  std::string cargo, cells;
  for (const auto& arm : in.result.arms) {
    const auto& model = in.models[arm.model].model();
    const std::string& label = in.scenario.arms[arm.arm].label;
    cargo += cargo_rows(label, evidence::cargo_in_cells(model, arm, in.result.days.size()));
    cells += cell_rows(label, evidence::product_values(model, arm));
  }
  std::string out;
  if (!cargo.empty()) {
    out +=
        "<h2>Cargo in the cell</h2>\n<p>Highest over the run. A native miRNA has hundredths of a copy a vesicle: whether one cargo can act is "
        "counted, "
        "not taken for granted. Lumped cargo stands for what hundreds of proteins and miRNA of a vesicle do together; one unit is one vesicle that "
        "released.</p>\n<div class=scroll><table><tr><th>Arm</th><th>Cargo</th><th>Class</th><th class=n>Copies a cell</th><th class=n>Share of its "
        "greatest effect</th><th>Verdict</th></tr>\n" +
        cargo + "</table></div>\n";
  }
  if (!cells.empty()) {
    out +=
        "<h2>Cells: culture, genetics, acute effects</h2>\n<p>The two-stage model is an illustration of what doublings do; its constants are "
        "assumed. "
        "It is no estimate of a tumour risk: trials bound that, in the last rows.</p>\n<div class=scroll><table><tr><th>Arm</th><th>Quantity</th><th "
        "class=n>Value</th><th class=n>5th to 95th percentile</th></tr>\n" +
        cells + "</table></div>\n";
  }
  return out;
}

std::vector<Chart> animal_charts(const ReportInput& in) {
  std::vector<Chart> charts;
  const Json effects = effects_chart(in);
  if (!effects.is_null()) {
    charts.push_back(
        {"effects", "Effect sizes, simulated and reported",
         "Circles: this scenario, median and 5th to 95th percentile of the draws. Diamonds: pooled effects as reported, with their 95 % interval.",
         effects.dump(1)});
  }
  std::set<std::pair<std::string, double>> seen;
  for (const auto& r : in.power) {
    if (!seen.insert({r.endpoint, r.day}).second) continue;
    const std::string title = fmt::format("Power for {} at week {:.0f}", r.endpoint, r.day / 7);
    charts.push_back({fmt::format("power-{}-{:.0f}", r.endpoint, r.day), title, title + ". Grey: the wished power.",
                      power_chart(in, r.endpoint, r.day).dump(1)});
  }
  return charts;
}

std::string make_power_report(const ReportInput& in) {
  return page_start("Power: " + in.scenario.title) + "<h1>Power: " + escape(in.scenario.title) + "</h1>\n" + power_section(in) +
         page_end(in.chart_library, animal_charts(in));
}

}  // namespace osteosome::report
