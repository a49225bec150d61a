// SPDX-License-Identifier: Apache-2.0
// The report page and its charts: what they show, what they escape, what they never load.
#include "osteosome/report/report.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cohort_results.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::support {
namespace {

using Json = nlohmann::json;

/// Stands in for the Vega libraries.
const std::string kLibrary = "function vegaEmbed(id, spec, options) { return [id, spec, options]; }";

struct Page {
  std::vector<evidence::Comparison> comparisons;
  std::vector<report::Chart> charts;
  std::string html;
};
Page page_of(const HandMade& h, const std::string& library_text = "", const std::string& manifest = "{\"seed\": 1}") {
  Page p;
  p.comparisons = h.compare();
  const model::Outcomes outcomes = model::load_outcomes(library().root);
  const report::ReportInput input{h.scenario, h.models, h.result, p.comparisons, outcomes, manifest, library_text};
  p.charts = report::make_charts(input);
  p.html = report::make_report(input, p.charts);
  return p;
}
Json spec_of(const Page& p, const std::string& id) {
  for (const auto& c : p.charts) {
    if (c.id == id) return Json::parse(c.spec);
  }
  ADD_FAILURE() << "no chart " << id;
  return {};
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Rows of data of the layers with this mark.
std::vector<Json> data_of(const Json& spec, const std::string& mark) {
  std::vector<Json> rows;
  for (const auto& layer : spec.at("layer")) {
    if (layer["mark"]["type"] != mark) continue;
    for (const auto& row : layer["data"]["values"]) rows.push_back(row);
  }
  return rows;
}

// ---- page

TEST(Report, Page_has_all_sections) {
  HandMade h;
  h.measure("TH", 12, 3);
  const auto p = page_of(h);
  for (const char* section :
       {"Curves and trial data", "Simulated against observed", "What was simulated", "Failures", "Models, assumptions and sources", "Manifest"}) {
    EXPECT_TRUE(has(p.html, "<h2>" + std::string(section) + "</h2>")) << section;
  }
  EXPECT_TRUE(has(p.html, "<h1>test</h1>"));
  EXPECT_TRUE(has(p.html, "Does it work?"));
  EXPECT_TRUE(has(p.html, "denosumab 60 mg")) << "the regimen";
  EXPECT_TRUE(has(p.html, "dcentral/dt = ")) << "the equations";
}

TEST(Report, Page_says_research_use) { EXPECT_TRUE(has(page_of(HandMade()).html, "Research use, not for clinical decisions.")); }

TEST(Report, Page_is_a_whole_document) {
  const auto html = page_of(HandMade()).html;
  EXPECT_EQ(html.rfind("<!doctype html>", 0), 0u);
  EXPECT_TRUE(has(html, "</body></html>"));
  EXPECT_TRUE(has(html, "<meta charset=utf-8>"));
}

TEST(Report, Title_with_a_script_is_escaped) {
  const auto html = page_of(HandMade(1, "<script>alert(1)</script> & \"more\"")).html;
  EXPECT_FALSE(has(html, "<script>alert"));
  EXPECT_TRUE(has(html, "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;"));
}

TEST(Report, Label_question_and_manifest_are_escaped) {
  HandMade h(1, "test", "<b>bold</b>");
  h.scenario.question = "<i>why</i>";
  const auto html = page_of(h, "", "<u>manifest</u>").html;
  for (const char* tag : {"<b>bold", "<i>why", "<u>manifest"}) EXPECT_FALSE(has(html, tag)) << tag;
}

TEST(Report, Study_text_is_escaped) {
  HandMade h;
  h.study.title = "<img src=x>";
  h.measure("TH", 12, 3).provenance = "<s>seen</s>";
  const auto html = page_of(h).html;
  EXPECT_FALSE(has(html, "<img"));
  EXPECT_FALSE(has(html, "<s>seen"));
}

TEST(Report, Label_cannot_end_the_script_of_a_chart) {
  const auto html = page_of(HandMade(1, "test", "</script><p>out</p>"), kLibrary).html;
  EXPECT_FALSE(has(html, "</script><p>out"));
}

/// "<!--" and "<script" inside a script make its end tag be read as text (HTML standard, script data double escaped state).
TEST(Report, Label_cannot_open_a_comment_in_the_script_of_a_chart) {
  EXPECT_FALSE(has(page_of(HandMade(1, "test", "<!-- <script>"), kLibrary).html, "<!-- <script>"));
}

/// The values of an attribute wherever the page gives it, quoted or not.
std::vector<std::string> values_of(const std::string& attribute, const std::string& html) {
  constexpr const char* kSpace = " \t\n";
  const std::string lower = core::to_lower(html);
  std::vector<std::string> values;
  for (std::size_t at = lower.find(attribute); at != std::string::npos; at = lower.find(attribute, at + 1)) {
    const std::size_t equals = lower.find_first_not_of(kSpace, at + attribute.size());
    if (equals == std::string::npos || lower[equals] != '=') continue;
    const std::size_t begin = lower.find_first_not_of(" \t\n\"'", equals + 1);
    values.push_back(html.substr(begin, html.find_first_of("\"'> ", begin) - begin));
  }
  return values;
}

TEST(Report, Page_loads_nothing_and_links_only_to_dois) {
  HandMade h;
  h.measure("TH", 12, 3);
  const auto html = page_of(h, kLibrary).html;
  EXPECT_EQ(values_of("src", html), std::vector<std::string>{});
  const auto links = values_of("href", html);
  for (const auto& link : links) EXPECT_TRUE(link.starts_with("https://doi.org/")) << link;
  EXPECT_FALSE(links.empty()) << "the study is cited";
  for (const char* loader : {"<link", "@import", "url(", "<iframe", "<img", "fetch("}) EXPECT_FALSE(has(html, loader)) << loader;
}

TEST(Report, Doi_of_a_study_is_a_link) {
  HandMade h;
  h.measure("TH", 12, 3);
  EXPECT_TRUE(has(page_of(h).html, "<a href=\"https://doi.org/10.1000/trial\">"));
}

TEST(Report, Assumed_parameters_are_flagged_with_their_rationale) {
  HandMade h;
  const auto html = page_of(h).html;
  const auto parameters = h.models[0].model().parameters.size();
  std::size_t flagged = 0;
  for (std::size_t at = html.find("<tr class=assumed>"); at != std::string::npos; at = html.find("<tr class=assumed>", at + 1)) ++flagged;
  EXPECT_EQ(flagged, parameters) << "all parameters of the test model are assumed";
  EXPECT_TRUE(has(html, std::to_string(parameters) + " parameters with sources (" + std::to_string(parameters) + " assumed)"));
  EXPECT_TRUE(has(html, "assumed: test"));
}

TEST(Report, Reported_parameters_are_not_flagged) {
  const auto text = "[scenario]\ntitle = \"t\"\nuntil = \"1 month\"\nevery = \"1 month\"\n[models.joerg-2022]\n[arms.a]\nregimen = \"none\"\n";
  const auto s = cohort::read_scenario(text, "test.toml", library(), units());
  std::vector<simulate::CompiledModel> models;
  const auto r = run(s, {}, 1, {}, &models);
  const std::vector<evidence::Comparison> none;
  const auto html = report::make_report({s, models, r, none, model::load_outcomes(library().root), "", ""}, {});
  const auto& parameters = models[0].model().parameters;
  std::size_t flagged = 0;
  for (std::size_t at = html.find("<tr class=assumed>"); at != std::string::npos; at = html.find("<tr class=assumed>", at + 1)) ++flagged;
  EXPECT_EQ(flagged, static_cast<std::size_t>(std::count_if(parameters.begin(), parameters.end(), [](const auto& p) {
              return p.provenance.kind == "assumed";
            })));
  EXPECT_TRUE(has(html, "Known faults"));
}

TEST(Report, Comparison_shows_observed_simulated_and_difference) {
  HandMade h;
  h.measure("TH", 12, 3).error = 0.5;
  const auto html = page_of(h).html;
  // simulated 1.20, observed 3.00 +- 0.50, difference simulated - observed
  EXPECT_TRUE(has(html, "<td class=n>3.00</td><td class=n>2.50 to 3.50</td><td></td><td class=n>1.20</td><td class=n>-1.80</td>"));
}

TEST(Report, Summary_counts_points_error_bias_and_hits) {
  HandMade h;
  for (const auto& [month, mean] : {std::pair{12.0, 3.0}, {24.0, 2.0}}) {  // simulated 1.2: outside, difference -1.8; 2.4: inside, +0.4
    auto& m = h.measure("TH", month, mean);
    m.error = 0.5;
    m.interval = "SE";
  }
  h.measure("TH", 6, 0.6);              // simulated 0.6, no interval
  // root mean square sqrt((3.24 + 0.16)/3) = 1.06, mean -1.4/3 = -0.47
  EXPECT_TRUE(has(page_of(h).html, "<td class=n>3</td><td class=n>1.06</td><td class=n>-0.47</td><td class=n>1 of 2</td>"));
}

TEST(Report, Row_without_an_interval_says_none) {
  HandMade h;
  h.measure("TH", 12, 3);
  EXPECT_TRUE(has(page_of(h).html, "<td class=n>none</td>"));
}

TEST(Report, Comparison_with_a_failed_subject_says_missing) {
  HandMade h;
  h.measure("TH", 12, 3);
  h.result.arms[0].values[0].assign(10, std::nan(""));
  const auto html = page_of(h).html;
  EXPECT_TRUE(has(html, "<td class=n>missing</td>"));
  EXPECT_FALSE(has(html, "nan</td>")) << "no bare 'nan' in a cell";
}

TEST(Report, Scenario_without_evidence_says_so) { EXPECT_TRUE(has(page_of(HandMade()).html, "No trial reports an outcome that these models have.")); }

TEST(Report, Failed_subject_has_a_row_with_its_message) {
  HandMade h(2);
  h.result.arms[0].status[1] = solve::Status::StepSizeTooSmall;
  h.result.arms[0].message[1] = "x < y";
  const auto html = page_of(h).html;
  EXPECT_TRUE(has(html, "Values of these subjects are missing, not zero."));
  EXPECT_TRUE(has(html, "<td class=n>1</td><td>" + std::string(solve::name_of(solve::Status::StepSizeTooSmall)) + "</td><td>x &lt; y</td>"));
}

TEST(Report, Run_without_failures_says_so) { EXPECT_TRUE(has(page_of(HandMade()).html, "None: all 2 simulations completed.")); }

TEST(Report, Cancelled_run_says_so) {
  HandMade h;
  h.result.cancelled = true;
  EXPECT_TRUE(has(page_of(h).html, "The run was cancelled"));
}

TEST(Report, Missing_chart_library_is_said) {
  EXPECT_TRUE(has(page_of(HandMade()).html, "The chart library was not installed"));
  EXPECT_FALSE(has(page_of(HandMade(), kLibrary).html, "The chart library was not installed"));
}

TEST(Report, Same_input_gives_the_same_page) {
  const HandMade h(3);
  EXPECT_EQ(page_of(h, kLibrary).html, page_of(h, kLibrary).html);
}

// ---- charts

TEST(Charts, Every_spec_is_JSON_with_units_on_the_axes) {
  HandMade h(3);
  h.measure("TH", 12, 3);
  const auto p = page_of(h);
  ASSERT_EQ(p.charts.size(), 2u);
  for (const auto& c : p.charts) {
    const auto spec = Json::parse(c.spec);
    for (const auto& layer : spec.at("layer")) {
      const auto& e = layer.at("encoding");
      if (layer["mark"]["type"] != "line") continue;
      EXPECT_EQ(e.at("x").at("title"), "Months since start of treatment") << c.id;
      EXPECT_EQ(e.at("y").at("title"), "Change from baseline [%]") << c.id;
    }
  }
}

TEST(Charts, One_chart_an_outcome_in_the_order_asked) {
  HandMade h;
  h.scenario.outcomes = {"CTX", "FN", "TH"};
  const auto p = page_of(h);
  ASSERT_EQ(p.charts.size(), 2u) << "no model has FN";
  EXPECT_EQ(p.charts[0].id, "CTX");
  EXPECT_EQ(p.charts[1].id, "TH");
}

TEST(Charts, Curve_is_the_percent_change) {
  const auto rows = data_of(spec_of(page_of(HandMade()), "TH"), "line");
  ASSERT_EQ(rows.size(), 10u) << "two arms of five months";
  EXPECT_EQ(rows[2]["month"], 12.0);
  EXPECT_NEAR(rows[2]["change"].get<double>(), 1.2, 1e-6) << "charts keep six decimals";
  EXPECT_EQ(rows[2]["arm"], "drug");
  EXPECT_EQ(rows[2]["model"], "pk");
}

TEST(Charts, Single_subject_has_no_band) { EXPECT_TRUE(data_of(spec_of(page_of(HandMade()), "TH"), "area").empty()); }

TEST(Charts, Several_subjects_have_a_band_around_the_median) {
  const auto rows = data_of(spec_of(page_of(HandMade(3)), "TH"), "area");
  ASSERT_EQ(rows.size(), 10u);
  EXPECT_NEAR(rows[2]["change"].get<double>(), 2.4, 1e-6);
  EXPECT_NEAR(rows[2]["low"].get<double>(), 1.2 + 0.1 * 1.2, 1e-6);   // 5th percentile of 1.2, 2.4, 3.6: a tenth of the way to the second
  EXPECT_NEAR(rows[2]["high"].get<double>(), 3.6 - 0.1 * 1.2, 1e-6);
}

TEST(Charts, Error_bars_stand_only_where_there_are_intervals) {
  HandMade h;
  h.measure("TH", 6, 1);
  h.measure("TH", 12, 3).error = 0.5;
  const auto points = data_of(spec_of(page_of(h), "TH"), "point");
  ASSERT_EQ(points.size(), 2u);
  EXPECT_FALSE(points[0].contains("low"));
  EXPECT_FALSE(points[0].contains("high"));
  EXPECT_EQ(points[1]["low"], 2.5);
  EXPECT_EQ(points[1]["high"], 3.5);
}

TEST(Charts, Outcome_without_trial_points_has_none_and_says_so) {
  HandMade h;
  h.measure("TH", 6, 1);
  const auto p = page_of(h);
  EXPECT_TRUE(data_of(spec_of(p, "CTX"), "point").empty());
  for (const auto& c : p.charts) {
    EXPECT_TRUE(has(c.caption, c.id == "CTX" ? "No trial of this scenario reports this outcome." : "Trial (Author 2020)")) << c.caption;
  }
}

/// The axis counts months since the start of treatment, the visit from the arm's month 0.
TEST(Charts, Point_of_an_arm_with_a_later_month_0_stands_at_its_month_of_treatment) {
  HandMade h;
  h.measure("TH", 6, 3);
  h.study.arms[0].time_zero_month = 12;
  const auto points = data_of(spec_of(page_of(h), "TH"), "point");
  for (const auto& point : points) EXPECT_EQ(point["month"], 18.0);
}

TEST(Charts, Failed_subjects_leave_no_holes_in_the_JSON) {
  HandMade h(2);
  h.result.arms[0].values[0].assign(10, std::nan(""));
  for (const auto& row : data_of(spec_of(page_of(h), "TH"), "line")) EXPECT_TRUE(row["change"].is_number()) << row;
}

TEST(Charts, Nobody_left_gives_no_curve_of_that_arm) {
  HandMade h;
  h.result.arms[0].values[0].clear();
  for (const auto& row : data_of(spec_of(page_of(h), "TH"), "line")) EXPECT_EQ(row["arm"], "placebo");
}

TEST(Charts, Arms_differ_in_colour_and_models_in_dashes) {
  const auto spec = spec_of(page_of(HandMade()), "TH");
  for (const auto& layer : spec["layer"]) {
    if (layer["mark"]["type"] != "line") continue;
    EXPECT_EQ(layer["encoding"]["color"]["scale"]["domain"], (Json{"drug", "placebo"}));
    EXPECT_NE(layer["encoding"]["color"]["scale"]["range"][0], layer["encoding"]["color"]["scale"]["range"][1]);
    EXPECT_EQ(layer["encoding"]["strokeDash"]["field"], "model");
  }
}

}  // namespace
}  // namespace osteosome::support
