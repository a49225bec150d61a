// SPDX-License-Identifier: Apache-2.0
// How many animals the next study needs (docs/reference/power.md).
#include "osteosome/tasks/power.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "osteosome/core/text.hpp"
#include "osteosome/report/animals.hpp"

namespace osteosome::tasks {
namespace {

void take_spreads(const std::vector<std::string>& words, cohort::PowerPlan& plan) {
  core::Diagnostics problems;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const std::string endpoint = word.substr(0, equals);
    const double cv = core::parse_double(equals == std::string::npos ? "" : word.substr(equals + 1)).value_or(0);
    if (std::find(plan.endpoints.begin(), plan.endpoints.end(), endpoint) == plan.endpoints.end())
      problems
          .add({"power-004", "--cv " + word + ": '" + endpoint + "' is no endpoint of [power]", {}, core::did_you_mean(endpoint, plan.endpoints)});
    if (!(cv > 0 && cv <= 2))
      problems.add({"power-004", "--cv " + word + ": a coefficient of variation is above 0 and up to 2", {}, "E.g. --cv BVTV_tibia=0.2 for 20 %."});
    plan.cv[endpoint] = cv;
  }
  problems.throw_if_any(core::ErrorKind::Input);
}

std::string test_text(std::size_t comparisons) {
  return comparisons == 1 ? "two-sided t test at 5 %" : fmt::format("Dunnett's two-sided test of {} arms at 5 %", comparisons);
}

/// By endpoint.
std::map<std::string, evidence::Spread> spreads_of(const Power& power) {
  std::map<std::string, evidence::Spread> spreads;
  for (const auto& row : power.rows) spreads[row.endpoint] = row.spread;
  return spreads;
}

}  // namespace

Power power(const cohort::Workspace& workspace, cohort::Scenario scenario, const PowerRequest& request, const cohort::Job& job) {
  if (!scenario.power) {
    throw core::Error(core::ErrorKind::Input,
                      {"power-002", "the scenario has no [power]", {scenario.file, 1, 0}, "Give it control, endpoints and times."});
  }
  if (request.wished > 0) scenario.power->wished = request.wished;
  take_spreads(request.spreads, *scenario.power);
  for (auto& arm : scenario.arms) arm.evidence.clear();
  Power out{evidence::prepare(workspace, std::move(scenario), request.solver), {}, {}};
  cohort::RunHooks hooks;
  hooks.progress = job.progress;
  out.result = cohort::run_scenario(out.prepared.scenario, out.prepared.models, workspace.units(), hooks, job.stop);
  if (!out.result.cancelled) out.rows = evidence::power_of(out.prepared.scenario, out.prepared.models, out.result, workspace.root());
  return out;
}

std::vector<std::string> power_remarks(const Power& power) {
  std::vector<std::string> remarks;
  for (const auto& [endpoint, spread] : spreads_of(power)) {
    const std::string cure = "; give --cv " + endpoint + "=...";
    if (spread.origin == evidence::Spread::Origin::Evidence && spread.studies == 1)
      remarks.push_back("the spread of " + endpoint + " between animals rests on one study, and may be larger elsewhere" + cure);
    if (spread.origin == evidence::Spread::Origin::Assumed)
      remarks.push_back("the spread of " + endpoint + " between animals is assumed, so is every number of animals for it" + cure);
  }
  return remarks;
}

std::string power_text(const Power& power) {
  const cohort::Scenario& scenario = power.prepared.scenario;
  const cohort::PowerPlan& plan = *scenario.power;
  const std::size_t draws = scenario.population.n;
  std::string text = fmt::format("Animals a group for power {:.2f} against '{}', {}, averaged over {} draw{} of the constants:\n", plan.wished,
                                 plan.control, test_text(scenario.arms.size() - 1), draws, draws == 1 ? " (none is varied)" : "s");
  for (const auto& r : power.rows) {
    text += fmt::format("  {:<14} {:<14} day {:>4.0f}  effect {:>+7.1f} % ({:+.1f} to {:+.1f})  spread {:.0f} %{}  {}\n", r.arm, r.endpoint, r.day,
                        r.effect.median, r.effect.low, r.effect.high, 100 * r.spread.cv,
                        r.spread.origin == evidence::Spread::Origin::Assumed ? " assumed" : "",
                        r.animals ? std::to_string(*r.animals) : "more than " + std::to_string(plan.most));
  }
  text += "Spread between animals, with sources in evidence/control-arms.csv:\n";
  for (const auto& [endpoint, spread] : spreads_of(power)) text += fmt::format("  {:<14} {}\n", endpoint, evidence::spread_text(spread));
  const std::string uncertainty = cohort::uncertainty_text(scenario, power.prepared.models);
  return text + (uncertainty.empty() ? "" : uncertainty + "\n");
}

std::string power_page(const Power& power, const cohort::Workspace& workspace) {
  return report::make_power_report({power.prepared.scenario,
                                    power.prepared.models,
                                    power.result,
                                    {},
                                    model::load_outcomes(workspace.root()),
                                    "",
                                    report::chart_library(workspace.root()),
                                    {},
                                    power.rows});
}

core::Table power_table(const std::vector<evidence::PowerRow>& rows) {
  core::Table table{"power",
                    {"arm", "endpoint", "day", "effect_percent", "effect_low", "effect_high", "cv", "cv_assumed", "animals_a_group", "n", "power",
                     "cv_source", "comparisons"},
                    {}};
  for (const auto& r : rows) {
    for (std::size_t k = 0; k < r.power.size(); ++k) {
      table.rows.push_back({r.arm, r.endpoint, core::format_double(r.day), fmt::format("{:.4g}", r.effect.median),
                            fmt::format("{:.4g}", r.effect.low), fmt::format("{:.4g}", r.effect.high), fmt::format("{:.4g}", r.spread.cv),
                            r.spread.origin == evidence::Spread::Origin::Assumed ? "yes" : "no", r.animals ? std::to_string(*r.animals) : "",
                            std::to_string(k + 3), fmt::format("{:.4f}", r.power[k]), evidence::spread_text(r.spread),
                            std::to_string(r.comparisons)});
    }
  }
  return table;
}

}  // namespace osteosome::tasks
