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
  const bool animals = g.outcome == "direction";
  return fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td></tr>\n",
                     escape(g.drugs), escape(g.outcome), role_words(g), g.studies, g.rows,
                     animals ? fmt::format("{} of {} right", g.right, g.rows) : fmt::format("{:.2f}", g.rmse),
                     animals ? "" : fmt::format("{:+.2f}", g.bias));
}

/// Whether the scenario takes the model as it was graded.
bool as_shipped(const cohort::ScenarioModel& model) { return model.set.empty() && model.overlays.empty(); }

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
    std::set<std::string> unknown = given;
    for (const KnownGrade& g : in.grades) {
      const auto& chosen = in.scenario.outcomes;
      const bool shown = g.outcome == "direction" || chosen.empty() || std::find(chosen.begin(), chosen.end(), g.outcome) != chosen.end();
      if (g.domain != domain || !given.contains(g.drugs) || !shown) continue;
      rows += row_of(g);
      unknown.erase(g.drugs);
    }
    out += fmt::format(
        "<h2>How good {} is on studies like these</h2>\n<p>On published studies in which {} were given the same drugs, whatever the dose, order and "
        "time: the model as "
        "shipped beside what was reported{}. Rows that were fitted say how well it can describe them, the others how well it predicts.{}</p>\n",
        escape(entry.name), domain == "clinical" ? "women" : escape(domain) + "s",
        domain == "clinical" ? "; error in percentage points, of turnover markers in ln of the ratio" : "; whether it has the direction of an effect",
        as_shipped(entry) ? "" : " <strong>This scenario changes values of the model: the grades are of the model without them.</strong>");
    if (!rows.empty())
      out +=
          "<div class=scroll><table><tr><th>Given</th><th>Outcome</th><th>Rows</th><th class=n>Studies</th><th class=n>Values</th><th class=n>RMSE, "
          "or "
          "directions</th><th class=n>Bias</th></tr>\n" +
          rows + "</table></div>\n";
    for (const std::string& drugs : unknown)
      out += "<p><strong>No published study of " + escape(drugs == "none" ? "untreated " + (domain == "clinical" ? "women" : domain + "s") : drugs) +
             " with these outcomes is in the evidence: nothing here says how good the model is there.</strong></p>\n";
  }
  return out;
}

}  // namespace osteosome::report
