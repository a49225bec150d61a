// SPDX-License-Identifier: Apache-2.0
// How good the model is on published studies of the drugs that a scenario gives.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "osteosome/report/animals.hpp"
#include "page.hpp"

namespace osteosome::report {
namespace {

using evidence::KnownGrade;

/// The drugs of an arm as grades name them.
std::string drugs_of(const cohort::ScenarioArm& arm) {
  auto drugs = arm.regimen.drugs();
  std::sort(drugs.begin(), drugs.end());
  return drugs.empty() ? "none" : fmt::format("{}", fmt::join(drugs, " + "));
}

std::string role_words(const KnownGrade& g) { return g.role == "calibration" ? "fitted" : "not fitted"; }

std::string row_of(const KnownGrade& g) {
  const bool animals = g.domain != "clinical";
  const std::string sizes = g.sizes == 0 ? "none has an interval" : fmt::format("{} of {} in the interval", g.sizes_right, g.sizes);
  return fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td></tr>\n",
                     escape(g.drugs), escape(g.outcome), role_words(g), g.studies, g.rows,
                     animals ? fmt::format("{} of {}", g.right, g.rows) : fmt::format("{:.2f}", g.rmse),
                     animals ? sizes : fmt::format("{:+.2f}", g.bias));
}

/// What the scenario shows: the outcomes it names, else the usual ones of women, else (of animals) all.
bool shown(const ReportInput& in, const std::string& outcome) {
  const auto has = [&](const std::vector<std::string>& list) { return std::find(list.begin(), list.end(), outcome) != list.end(); };
  return in.scenario.outcomes.empty() || has(in.scenario.outcomes);
}

/// What nothing is known of: drugs and outcomes without any row, or without one that was not fitted.
std::string gaps(const ReportInput& in, const std::string& domain, const std::set<std::string>& given) {
  std::string out;
  const std::vector<std::string> wanted = in.scenario.outcomes.empty() ? std::vector<std::string>{} : in.scenario.outcomes;
  for (const std::string& drugs : given) {
    std::set<std::string> missing(wanted.begin(), wanted.end());
    bool any = false, predicted = false;
    for (const KnownGrade& g : in.grades) {
      if (g.domain != domain || g.drugs != drugs || !shown(in, g.outcome)) continue;
      missing.erase(g.outcome);
      any = true;
      predicted = predicted || g.role != "calibration";
    }
    const std::string what = escape(drugs != "none" ? drugs : domain == "clinical" ? "untreated women" : "untreated animals");
    if (!any) {
      out += "<p><strong>No published study of " + what +
             " with these outcomes is in the evidence: nothing here says how good the model is there.</strong></p>\n";
      continue;
    }
    if (!missing.empty())
      out += fmt::format("<p>Of {} nothing published is in the evidence for: {}.</p>\n", what, escape(fmt::format("{}", fmt::join(missing, ", "))));
    if (!predicted) out += "<p>Every row of " + what + " was fitted: no prediction of it has been tested.</p>\n";
  }
  return out;
}

/// Whether the scenario takes the model as it was graded.
bool as_shipped(const cohort::ScenarioModel& model) { return model.set.empty() && model.overlays.empty() && model.document == "osteosome"; }

}  // namespace

std::string quality_section(const ReportInput& in) {
  std::string out;
  for (std::size_t m = 0; m < in.models.size(); ++m) {
    const auto& entry = in.scenario.models[m];
    if (in.models[m].model().id != "osteosome" || in.grades.empty()) continue;
    const std::string domain = entry.species.empty() ? "clinical" : entry.species;
    std::set<std::string> given;
    for (const auto& arm : in.scenario.arms) given.insert(drugs_of(arm));
    std::string rows;
    for (const KnownGrade& g : in.grades) {
      if (g.domain == domain && given.contains(g.drugs) && shown(in, g.outcome)) rows += row_of(g);
    }
    out += fmt::format(
        "<h2>How good {} is on studies like these</h2>\n<p>On published studies in which {} were given the same drugs, whatever the dose, order and "
        "time: the model as "
        "shipped beside what was reported{}. Rows that were fitted say how well it can describe them, the others how well it predicts.{}</p>\n",
        escape(entry.name), domain == "clinical" ? "women" : "animals (" + escape(domain) + ")",
        domain == "clinical" ? "; error in percentage points, of turnover markers in ln of the ratio"
                             : "; whether it has the direction of an effect, and its size within the study's interval",
        as_shipped(entry) ? "" : " <strong>This scenario changes values of the model: the grades are of the model without them.</strong>");
    if (!rows.empty())
      out += std::string("<div class=scroll><table><tr><th>Given</th><th>Outcome</th><th>Rows</th><th class=n>Studies</th><th class=n>Values</th>") +
             (domain == "clinical" ? "<th class=n>RMSE</th><th class=n>Bias</th>" : "<th class=n>Directions right</th><th class=n>Sizes</th>") +
             "</tr>\n" + rows + "</table></div>\n";
    out += gaps(in, domain, given);
  }
  return out;
}

}  // namespace osteosome::report
