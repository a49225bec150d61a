// SPDX-License-Identifier: Apache-2.0
// What decisions cost: the 2010 model under denosumab for 60 months with 20 visits at which nothing is changed, beside the run without them; and with
// a state taken at every visit. Runs take turns, the least of their processor times counts.
#include <fmt/format.h>

#include <algorithm>

#include "osteosome/cohort/workspace.hpp"
#include "problems.hpp"

namespace {

using namespace osteosome;

constexpr int kVisits = 20, kTurns = 7;
constexpr std::size_t kSubjects = 400, kReferenceSubjects = 4;

enum class Asked { Nothing, Visits, States };

double cpu_ms(const compile::Program& program, solve::LaneCode* lanes, std::size_t count, Asked asked) {
  const auto plans = [&](std::size_t s) {
    auto plan = bench::make_plan(program, bench::Problem::Denosumab, s);
    // Three months apart and off the monthly outputs, so that none is free.
    for (int k = 0; asked != Asked::Nothing && k < kVisits; ++k) plan.decisions.push_back((3 * k + 1.4) * 730.5);
    return plan;
  };
  std::size_t bytes = 0;
  const solve::Decide decide = [&](const solve::Snapshot& at) -> std::optional<solve::Change> {
    if (asked == Asked::States) bytes += at.state().result.states.size();
    return std::nullopt;
  };
  const auto sink = [](std::size_t, const solve::SubjectPlan&, solve::SubjectResult&&) {};
  const double begin = bench::cpu_seconds();
  if (lanes != nullptr) {
    solve::run_lanes(program, *lanes, count, plans, sink, {}, 1, {}, asked == Asked::Nothing ? solve::Decide{} : decide);
  } else {
    solve::run_reference_ensemble(program, count, plans, sink, {}, 1, {}, asked == Asked::Nothing ? solve::Decide{} : decide);
  }
  return (bench::cpu_seconds() - begin) * 1e3 / static_cast<double>(count);
}

void compare(const char* engine, const compile::Program& program, solve::LaneCode* lanes, std::size_t count) {
  double best[3] = {HUGE_VAL, HUGE_VAL, HUGE_VAL};
  for (int turn = 0; turn < kTurns; ++turn) {
    for (int k = 0; k < 3; ++k) best[k] = std::min(best[k], cpu_ms(program, lanes, count, static_cast<Asked>(k)));
  }
  fmt::print("{},{:.3f},{:.3f},{:.3f},{:.1f},{:.1f}\n", engine, best[0], best[1], best[2], 100 * (best[1] / best[0] - 1),
             100 * (best[2] / best[0] - 1));
}

/// The same through the door: women on denosumab, a rule that looks at two outputs and changes nothing.
double door_ms(const cohort::Workspace& workspace, const simulate::CompiledModel& model, bool asked) {
  cohort::Population women;
  women.n = 100;
  cohort::Rule rule;
  for (int k = 1; asked && k <= kVisits; ++k) rule.visits.push_back(workspace.time("87 d") * k);
  if (asked) rule.decide = [](const cohort::Visit&) { return std::nullopt; };
  const auto looks = cohort::Observation::regular(workspace.time("60 months"), workspace.time("1 month")).of({"TH", "CTX"});
  const cohort::PopulationSubjects subjects(model, workspace.units(), women, 1, {}, workspace.treatment("denosumab 60 mg sc every 6 months x 10"));
  const double begin = bench::cpu_seconds();
  (void)cohort::simulate(workspace, model, subjects, looks, {}, rule);
  return (bench::cpu_seconds() - begin) * 1e3 / static_cast<double>(women.n);
}

void compare_door() {
  const auto workspace = cohort::Workspace::open(OSTEOSOME_ROOT);
  const auto model = workspace->compile({"osteosome"});
  double best[2] = {HUGE_VAL, HUGE_VAL};
  for (int turn = 0; turn < kTurns; ++turn) {
    for (const int k : {0, 1}) best[k] = std::min(best[k], door_ms(*workspace, *model, k == 1));
  }
  fmt::print("door,{:.3f},{:.3f},,{:.1f},\n", best[0], best[1], 100 * (best[1] / best[0] - 1));
}

}  // namespace

int main() {
  const auto program = bench::load_bone().program;
  fmt::print("engine,ms_plain,ms_visits,ms_states,percent_visits,percent_states\n");
  solve::LaneCode lanes(program, {});
  compare(lanes.current()->tier(), program, &lanes, kSubjects);
  compare("reference", program, nullptr, kReferenceSubjects);
  compare_door();
}
