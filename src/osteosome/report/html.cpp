// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "osteosome/core/text.hpp"
#include "osteosome/report/animals.hpp"
#include "osteosome/report/report.hpp"
#include "page.hpp"

namespace osteosome::report {
namespace {

std::string number(double x) { return std::isfinite(x) ? fmt::format("{:.2f}", x) : "missing"; }

std::string header(const ReportInput& in) {
  std::string out = "<h1>" + escape(in.scenario.title) + "</h1>\n<p class=mute>Osteosome report</p>\n";
  if (!in.scenario.question.empty()) out += "<p>" + escape(in.scenario.question) + "</p>\n";
  out += "<p>Curves are predictions of models; trial points are laid over identical outcomes only.</p>\n";
  if (in.result.cancelled) out += "<p class=notice><strong>The run was cancelled; subjects that were not run are missing.</strong></p>\n";
  return out;
}

std::string adherence_text(const protocol::Adherence& a) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  const auto days = [](protocol::Microseconds t) { return fmt::format("{:.4g} d", static_cast<double>(t) / protocol::kMicrosecondsPerDay); };
  if (a.miss_probability > 0) add(fmt::format("each dose missed with probability {}", core::format_double(a.miss_probability)));
  if (!a.skip.empty()) add(fmt::format("{} doses skipped", a.skip.size()));
  if (a.delay > 0) add("every dose " + days(a.delay) + " late");
  if (a.delay_sd > 0) add("half-normal delay of scale " + days(a.delay_sd));
  if (a.stop_after < protocol::kForever) add("no dose after " + days(a.stop_after));
  return text.empty() ? "full" : text;
}

/// Where a model starts, and what the scenario changed in it.
std::string start_text(const ReportInput& in, std::size_t m) {
  const auto& entry = in.scenario.models[m];
  std::string text = "starts at model time 0";
  if (!in.models[m].model().age_at_zero.empty() && in.scenario.patient.age_days && !entry.from_rest) {
    text = fmt::format("untreated up to age {:.1f} years, then treated", *in.scenario.patient.age_days / 365.25);
  } else if (in.scenario.patient.age_days) {
    text += ", whatever the patient's age";
  }
  for (const auto& [name, value] : entry.set) text += "; " + name + " = " + core::format_double(value);
  return text;
}

std::string population_text(const cohort::Scenario& scenario) {
  if (!scenario.population.table.empty()) return " Subjects from a table.";
  std::string text;
  for (const auto& q : scenario.population.quantities) {
    const auto& d = q.distribution;
    const std::string spread =
        d.kind == "uniform" ? fmt::format("{} to {}", *d.low, *d.high)
        : d.sd < 0          ? fmt::format("cv {:.4g}", -d.sd)
                            : fmt::format("{} {:.4g}", d.kind == "lognormal" ? "sd of the logarithm" : "sd", d.sd);
    text += fmt::format("{}{}.{} {} ({})", text.empty() ? " Varied: " : ", ", q.model, q.name, d.kind, spread);
  }
  return text.empty() ? text : text + (scenario.population.cholesky.empty() ? "." : ", correlated.");
}

std::string setup(const ReportInput& in) {
  std::string out =
      "<h2>What was simulated</h2>\n<div class=scroll><table><tr><th>Arm</th><th>Regimen</th><th>Adherence</th><th>Laid over</th></tr>\n";
  for (const auto& arm : in.scenario.arms) {
    std::string evidence;
    for (const std::string& id : arm.evidence) evidence += (evidence.empty() ? "" : ", ") + id;
    for (const auto& own : in.scenario.own_tables) {
      if (own.arm.empty() || own.arm == arm.name) evidence += (evidence.empty() ? "" : ", ") + own.path;
    }
    std::string remarks;
    for (const std::string& remark : arm.regimen.remarks) remarks += "<br><strong>" + escape(remark) + "</strong>";
    out += "<tr><td>" + escape(arm.label) + "</td><td>" + escape(arm.regimen.text) + remarks + "</td><td>" + escape(adherence_text(arm.adherence)) +
           "</td><td>" + escape(evidence.empty() ? "nothing" : evidence) + "</td></tr>\n";
  }
  out +=
      "</table></div>\n<div class=scroll><table><tr><th>Model</th><th>Start and settings</th><th>Engine</th><th class=n>Steps</th><th "
      "class=n>Rejected</th><th "
      "class=n>Crossings located</th></tr>\n";
  for (std::size_t m = 0; m < in.models.size(); ++m) {
    solve::Statistics sum;
    for (const auto& arm : in.result.arms) {
      if (arm.model != m) continue;
      const solve::Statistics mine = arm.total();
      sum.steps += mine.steps;
      sum.rejected += mine.rejected;
      sum.switches += mine.switches;
    }
    out += fmt::format(
        "<tr><td>{}<br><span class=mute>{}</span></td><td>{}</td><td>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td></tr>\n",
        escape(in.scenario.models[m].name), escape(in.models[m].model().title), escape(start_text(in, m)), escape(in.result.engines[m]), sum.steps,
        sum.rejected, sum.switches);
  }
  out += "</table></div>\n";
  out +=
      fmt::format("<p class=mute>{} subject{} an arm, seed {}; relative tolerance {}; output every {} days; 1 month = 30.4375 d.{}</p>\n",
                  in.scenario.population.n, in.scenario.population.n == 1 ? "" : "s", in.scenario.seed,
                  core::format_double(in.scenario.relative_tolerance), core::format_double(in.scenario.every_days()), population_text(in.scenario));
  if (const std::string text = cohort::uncertainty_text(in.scenario, in.models); !text.empty()) out += "<p>" + escape(text) + "</p>\n";
  for (const std::string& remark : in.remarks) out += "<p>Warning: " + escape(remark) + "</p>\n";
  return out;
}

std::string failures(const ReportInput& in) {
  std::string rows;
  for (const auto& arm : in.result.arms) {
    for (std::size_t s = 0; s < arm.status.size(); ++s) {
      if (arm.status[s] == solve::Status::Completed) continue;
      rows += fmt::format("<tr><td>{}</td><td>{}</td><td class=n>{}</td><td>{}</td><td>{}</td></tr>\n", escape(in.scenario.models[arm.model].name),
                          escape(in.scenario.arms[arm.arm].name), s, solve::name_of(arm.status[s]), escape(arm.message[s]));
    }
  }
  if (rows.empty()) return fmt::format("<h2>Failures</h2><p>None: all {} simulations completed.</p>\n", in.result.total());
  return "<h2>Failures</h2><p>Values of these subjects are missing, not zero.</p><div class=scroll><table><tr><th>Model</th><th>Arm</th><th "
         "class=n>Subject</th><th>Status</th><th>Message</th></tr>" +
         rows + "</table></div>\n";
}

/// One legend for all charts of the page: a line an arm, and where there are several models how each is dashed.
std::string legend(const ReportInput& in) {
  const auto line = [](const std::string& colour, const std::string& dash, const std::string& text) {
    return fmt::format(
        "<li><svg width=34 height=10 aria-hidden=true><line x1=0 y1=5 x2=34 y2=5 stroke=\"{}\" stroke-width=3 stroke-dasharray=\"{}\"/></svg>{}</li>",
        colour, dash, escape(text));
  };
  std::string out = "<ul class=legend>";
  for (std::size_t a = 0; a < in.scenario.arms.size(); ++a) out += line(arm_colour(a), "", in.scenario.arms[a].label);
  for (std::size_t m = 0; m < in.scenario.models.size() && in.scenario.models.size() > 1; ++m)
    out += line("#5a6673", model_dash(m), in.scenario.models[m].name);
  return out + "</ul>\n";
}

std::string charts_section(const ReportInput& in, const std::vector<Chart>& charts) {
  std::string out = "<h2>Curves and trial data</h2>\n";
  if (in.chart_library.empty())
    out += "<p class=notice>The chart library was not installed when this report was made; the charts are in <code>charts/*.vl.json</code>.</p>\n";
  out += legend(in) + "<div class=charts>\n";
  for (const Chart& c : charts) out += figure_of(c);
  return out + "</div>\n";
}

std::string summary_table(const ReportInput& in) {
  std::string out =
      "<div class=scroll><table><tr><th>Outcome</th><th>Arm</th><th>Model</th><th class=n>Points</th><th class=n>RMSE [points]</th><th class=n>Bias "
      "[points]</th><th class=n>Inside the interval</th></tr>\n";
  for (const auto& s : evidence::summarise(in.comparisons)) {
    out += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td class=n>{}</td><td class=n>{:.2f}</td><td class=n>{:+.2f}</td><td class=n>{}</td></tr>\n",
        escape(s.outcome), escape(s.arm), escape(s.model), s.n, s.rmse, s.bias,
        s.with_interval > 0 ? fmt::format("{} of {}", s.within, s.with_interval) : "none reported");
  }
  return out + "</table></div>\n";
}

/// In the unit that the scenario counts in, to four digits.
std::string rounded_time(double month, const core::TimeUnit& unit) {
  return fmt::format("{:.4g}", core::Time(month, core::kSecondsPerMonth).in(unit.seconds));
}

std::string comparison(const ReportInput& in) {
  std::string out = "<h2>Simulated against observed</h2>\n";
  if (in.comparisons.empty()) return out + "<p>No trial reports an outcome that these models have.</p>\n";
  const bool changes = !evidence::summarise(in.comparisons).empty();
  if (changes)
    out +=
        "<p>Percent change from the start of treatment, in percentage points. A model is compared only with rows of an outcome it has. Inside: "
        "within the reported "
        "interval of the mean, or within 1.96 standard errors.</p>\n" +
        summary_table(in);
  out += std::string(changes ? "<details>" : "<details open>") + "<summary>All " + std::to_string(in.comparisons.size()) +
         " comparisons</summary><div class=scroll><table class=wide><tr><th>Model</th><th>Study</th><th>Arm</th><th>Outcome</th><th>Unit</th><th "
         "class=n>" +
         escape(in.scenario.time_unit.name) +
         "</th>"
         "<th class=n>Observed</th><th class=n>Reported interval</th><th>Its kind</th><th class=n>Simulated</th><th "
         "class=n>Difference</th><th>Inside</th><th>Provenance</th><th>Role</th></tr>\n";
  for (const auto& c : in.comparisons) {
    out += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td><td>{}</td><td "
        "class=n>{}</td><td class=n>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        escape(c.model), link_doi(c.study + (c.doi.empty() ? "" : ", doi:" + c.doi)), escape(c.study_arm), c.outcome, escape(c.unit),
        rounded_time(c.month, in.scenario.time_unit), number(c.observed), c.low && c.high ? number(*c.low) + " to " + number(*c.high) : "none",
        escape(c.interval), number(c.simulated), std::isfinite(c.simulated) ? fmt::format("{:+.2f}", c.simulated - c.observed) : "missing",
        c.within ? (*c.within ? "yes" : "no") : "", escape(c.provenance), escape(c.role));
  }
  return out + "</table></div></details>\n";
}

/// What gives each subject a value of its own in the place of the model's, or "".
std::string overridden_by(const cohort::Scenario& scenario, const std::string& model, const std::string& parameter) {
  const auto& population = scenario.population;
  if (std::find(population.table_columns.begin(), population.table_columns.end(), parameter) != population.table_columns.end())
    return "the subject table " + population.table;
  const auto drawn = [&](const cohort::RandomQuantity& q) { return q.model == model && q.name == parameter; };
  return std::any_of(population.quantities.begin(), population.quantities.end(), drawn) ? "drawn for each subject ([population])" : "";
}

std::string model_section(const ReportInput& in, std::size_t m) {
  const auto& model = in.models[m].model();
  std::string out = "<h3>" + escape(in.scenario.models[m].name) + ": " + escape(model.title) + "</h3>\n<p>" + escape(model.about) +
                    "</p>\n<p>Source: " + link_doi(model.source) + "</p>\n";
  if (!model.faults.empty()) {
    out += "<p><strong>Known faults</strong></p><ul>\n";
    for (const std::string& fault : model.faults) out += "<li>" + escape(fault) + "</li>\n";
    out += "</ul>\n";
  }
  const auto assumed = std::count_if(model.parameters.begin(), model.parameters.end(), [](const auto& p) { return p.provenance.kind == "assumed"; });
  out += fmt::format(
      "<details><summary>{} parameters with sources ({} assumed)</summary><div class=scroll><table><tr><th>Parameter</th><th "
      "class=n>Value</th><th>Unit</th><th>Kind</th><th>Source</th><th>Meaning</th></tr>\n",
      model.parameters.size(), assumed);
  for (const auto& p : model.parameters) {
    const std::string by = overridden_by(in.scenario, in.scenario.models[m].name, p.id);
    const bool is_assumed = p.provenance.kind == "assumed" || !by.empty();
    const std::string kind = !by.empty() ? "overridden" : p.provenance.kind + (is_assumed ? ": " + p.provenance.rationale : "");
    out += fmt::format("<tr{}><td>{}</td><td class=n>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", is_assumed ? " class=assumed" : "",
                       escape(p.id), by.empty() ? core::format_double(p.value) : "varies", escape(p.unit.text), escape(kind),
                       by.empty() ? link_doi(p.provenance.source) : escape(by), escape(p.meaning));
  }
  out += "</table></div></details>\n<details><summary>Equations</summary><pre>";
  for (const auto& s : model.species) {
    if (s.rate) out += escape("d" + s.id + "/dt = " + expr::to_text(*s.rate)) + "\n";
  }
  for (const auto& r : model.rules) out += escape(r.id + " = " + expr::to_text(r.formula)) + "\n";
  return out + "</pre></details>\n";
}

}  // namespace

std::string make_report(const ReportInput& in, const std::vector<Chart>& charts) {
  std::string out = page_start(in.scenario.title);
  out += header(in) + charts_section(in, charts) + groups_section(in) + differences_section(in) + animals_section(in);
  if (!in.scenario.absolute || !in.comparisons.empty()) out += comparison(in);
  out += quality_section(in) + power_section(in) + products_section(in) + setup(in) + failures(in);
  out += "<h2>Models, assumptions and sources</h2>\n";
  for (std::size_t m = 0; m < in.models.size(); ++m) out += model_section(in, m);
  out += "<h2>Manifest</h2>\n<details><summary>What exactly ran</summary><pre>" + escape(in.manifest) + "</pre></details>\n";
  std::vector<Chart> all;
  for (const Chart& c : charts) all.push_back(without_legend(c));
  for (Chart& c : animal_charts(in)) all.push_back(std::move(c));
  for (Chart& c : group_charts(in)) all.push_back(std::move(c));
  return out + page_end(in.chart_library, all);
}

}  // namespace osteosome::report
