// SPDX-License-Identifier: Apache-2.0
#include "osteosome/evidence/prepare.hpp"

#include <algorithm>

#include "osteosome/evidence/power.hpp"

namespace osteosome::evidence {
namespace {

bool has_outcome(const std::vector<simulate::CompiledModel>& models, const std::string& code) {
  return std::any_of(models.begin(), models.end(), [&](const simulate::CompiledModel& m) {
    const auto& outputs = m.model().outputs;
    return std::any_of(outputs.begin(), outputs.end(), [&](const model::Output& x) { return x.observable == code; });
  });
}

/// What of the patients means a woman and nothing in an animal.
void remark_animals(const PreparedScenario& p, std::vector<std::string>& remarks) {
  for (const simulate::CompiledModel& m : p.models) {
    const model::Model& model = m.model();
    if (model.species_name == "human" || model.species_name == "dish") continue;
    for (const auto& arm : p.scenario.arms) {
      const simulate::Patient& patient = arm.patient;
      if (patient.years_since_menopause || (patient.surgical && !patient.days_since_gonadectomy))
        remarks.push_back("arm '" + arm.name + "': a " + model.species_name +
                          " has no menopause; write ovariectomy = \"12 weeks\", the time since the operation");
      if (!patient.t_scores.empty() && model.patient.densities.empty())
        remarks.push_back("arm '" + arm.name + "': a " + model.species_name + " has no T-scores; they are not used");
    }
  }
}

/// Arms that are laid over what women were given other drugs in.
void remark_other_drugs(const PreparedScenario& p, const cohort::Workspace& workspace, std::vector<std::string>& remarks) {
  for (const auto& arm : p.scenario.arms) {
    for (const Study& study : p.studies) {
      for (const StudyArm& a : study.arms) {
        if (std::find(arm.evidence.begin(), arm.evidence.end(), a.id) == arm.evidence.end()) continue;
        const auto theirs = protocol::parse_regimen(a.regimen, workspace.drugs(), workspace.units()).drugs();
        const bool same_kind = theirs.empty() == arm.regimen.drugs().empty();  // the arm may go on with further drugs
        if (!same_kind || !std::all_of(theirs.begin(), theirs.end(), [&](const std::string& drug) { return arm.regimen.contains(drug); }))
          remarks.push_back("arm '" + arm.name + "', given '" + arm.regimen.text + "', is laid over '" + a.id + "', which was given '" + a.regimen +
                            "'");
      }
    }
  }
}

std::vector<std::string> remarks_of(const PreparedScenario& p, const cohort::Workspace& workspace) {
  std::vector<std::string> remarks;
  for (const auto& arm : p.scenario.arms) {
    for (const std::string& remark : arm.regimen.remarks) remarks.push_back("arm '" + arm.name + "': " + remark);
  }
  remark_animals(p, remarks);
  remark_other_drugs(p, workspace, remarks);
  for (const auto& [m, a] : p.scenario.left_out)
    remarks.push_back("arm '" + p.scenario.arms[a].name + "' is left out of model '" + p.models[m].name() + "', which has not its drug");
  for (const std::string& code : p.scenario.outcomes) {
    if (!has_outcome(p.models, code)) remarks.push_back("no model has the outcome '" + code + "' of [report]");
  }
  for (const auto& [code, threshold] : p.scenario.responders) {
    if (!has_outcome(p.models, code)) remarks.push_back("no model has the outcome '" + code + "' of [report] responders");
  }
  if (!p.scenario.responders.empty() && p.scenario.population.n == 1)
    remarks.emplace_back("[report] responders has no effect: there is one subject an arm, and no [population]");
  for (const std::string& remark : own_data_remarks(p.scenario, p.models, p.own)) remarks.push_back(remark);
  for (const auto& remark : cohort::population_remarks(p.scenario, p.models)) remarks.push_back(core::to_text(remark));
  return remarks;
}

/// Models, population and arms. Where the scenario's own values are refused, the arms are checked without them, so that nothing waits for the next
/// try.
void compile(const cohort::Workspace& workspace, const simulate::SolverSettings& settings, PreparedScenario& p, core::Diagnostics& problems) {
  const auto& library = workspace.library();
  const auto& units = workspace.units();
  try {
    p.models = cohort::compile_models(p.scenario, settings, library, units);
    cohort::add_uncertain_constants(p.scenario, p.models);
    cohort::check_arms(p.scenario, p.models, units, problems);
    check_power(p.scenario, p.models, problems);
  } catch (const core::Error& error) {
    problems.add(error);
    if (error.kind() != core::ErrorKind::Input) problems.throw_if_any(error.kind());
    cohort::Scenario bare = p.scenario;
    for (auto& m : bare.models) m.set.clear();
    bare.population.table_columns.clear();
    try {
      cohort::check_arms(bare, cohort::compile_models(bare, settings, library, units), units, problems);
    } catch (const core::Error& again) {
      problems.add(again);
    }
  }
}

}  // namespace

PreparedScenario prepare(const cohort::Workspace& workspace, cohort::Scenario scenario, const simulate::SolverSettings& settings) {
  PreparedScenario p{std::move(scenario), {}, load_evidence(workspace.root()), {}, {}, {}};
  const bool laid_over = std::any_of(p.scenario.arms.begin(), p.scenario.arms.end(), [](const auto& arm) { return !arm.evidence.empty(); });
  if (laid_over) p.animals = load_animal_studies(workspace.root() + "/evidence/preclinical");
  std::vector<std::string> animal_studies;
  for (const auto& row : p.animals) animal_studies.push_back(row.study);
  core::Diagnostics problems;
  try {
    attach(p.scenario, p.studies, animal_studies);
  } catch (const core::Error& error) {
    problems.add(error);
  }
  try {
    p.own = attach_own_data(p.scenario, model::load_outcomes(workspace.root()), workspace.units());
  } catch (const core::Error& error) {
    problems.add(error);
    if (error.kind() == core::ErrorKind::Io) problems.throw_if_any(error.kind());
  }
  compile(workspace, settings, p, problems);
  problems.throw_if_any(core::ErrorKind::Input);
  if (!simulate::has_observables(p.models)) p.scenario.absolute = true;  // imported quantities are shown as they are
  p.remarks = remarks_of(p, workspace);
  return p;
}

void require_cultures(const PreparedScenario& prepared) {
  core::Diagnostics problems;
  for (std::size_t m = 0; m < prepared.models.size(); ++m) {
    if (prepared.models[m].model().species_name == "dish") continue;
    problems.add({"culture-001", "model '" + prepared.models[m].name() + "' is no culture", prepared.scenario.models[m].where,
                  "Use [models.culture], or osteosome run."});
  }
  problems.throw_if_any(core::ErrorKind::Input);
}

}  // namespace osteosome::evidence
