// SPDX-License-Identifier: Apache-2.0
#include "osteosome/evidence/study.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "osteosome/core/text.hpp"
#include "osteosome/core/toml.hpp"

namespace osteosome::evidence {
namespace {

using core::TomlReader;
using core::TomlValue;

Measurement read_measurement(const TomlValue& value, const std::string& arm, const StudyVocabulary& vocabulary, core::Diagnostics& problems) {
  TomlReader in(value, "measurement of arm '" + arm + "'", problems);
  Measurement m;
  m.outcome = in.required_text("outcome");
  m.marker = is_marker(m.outcome, vocabulary.outcomes);
  m.unit = in.required_text("unit");
  m.month = in.required_number("month");
  m.mean = in.number("mean");
  m.low = in.number("ci_low");
  m.high = in.number("ci_high");
  m.error = in.number("error");
  (void)in.number("n");
  for (const auto& x : {std::optional(m.month), m.mean, m.low, m.high, m.error}) {
    if (x && !std::isfinite(*x)) in.problem("study-002", "a number is not finite");
  }
  if (m.mean && ((m.low && *m.low > *m.mean) || (m.high && *m.high < *m.mean)))
    in.problem("study-003", "'mean' lies outside ci_low to ci_high", "", "mean");
  m.interval = in.text("interval").value_or("");
  m.count = in.required_text("count");
  m.provenance = in.required_text("provenance");
  m.note = in.text("note").value_or("");
  m.verified = in.text("verified").value_or("");
  in.finish();
  return m;
}

StudyArm read_arm(const std::string& id, const TomlValue& value, const StudyVocabulary& vocabulary, core::Diagnostics& problems) {
  TomlReader in(value, "arm '" + id + "'", problems);
  StudyArm arm;
  arm.id = id;
  arm.label = in.text("label").value_or(id);
  arm.trial_class = in.text("class").value_or("");
  arm.regimen = in.text("regimen").value_or("");
  arm.comparator_regimen = in.text("comparator_regimen").value_or("");
  arm.time_zero_month = in.number("time_zero_month").value_or(0);
  (void)in.number("n_randomised");
  (void)in.text("population_source");
  arm.age_y = in.number("age_y");
  arm.years_since_menopause = in.number("years_since_menopause");
  for (const model::Site& site : vocabulary.outcomes.sites()) {
    if (!site.t_score) continue;
    if (const auto score = in.number(site.t_score_key())) arm.t_scores.emplace_back(site.code, *score);
  }
  arm.population = vocabulary.populations.of(in.text("sex_or_disease").value_or(""));
  arm.role = in.text("role").value_or("");
  arm.runnable = in.required_text("runnable");
  arm.remark = in.text("remark").value_or("");
  if (const TomlValue* rows = in.array("measurements")) {
    for (const TomlValue& row : rows->items) arm.measurements.push_back(read_measurement(row, id, vocabulary, problems));
  }
  in.finish();
  return arm;
}

}  // namespace

bool is_marker(const std::string& outcome, const model::Outcomes& outcomes) {
  const model::Outcome* known = outcomes.find(outcome);
  return known != nullptr && known->kind == model::OutcomeKind::Marker;
}

StudyVocabulary load_study_vocabulary(const std::string& data_root) {
  model::Outcomes outcomes = model::load_outcomes(data_root);
  Populations populations = load_populations(data_root, outcomes);
  return {std::move(outcomes), std::move(populations)};
}

Study load_study(const std::string& path, const StudyVocabulary& vocabulary) {
  core::Diagnostics problems;
  const TomlValue root = core::load_toml(path);
  TomlReader top(root, "study document", problems);
  Study study;
  if (const TomlValue* header = top.table("study")) {
    TomlReader in(*header, "[study]", problems);
    study.id = in.required_text("id");
    study.title = in.required_text("title");
    study.domain = in.required_text("domain");
    study.doi = in.text("doi").value_or("");
    in.finish();
  } else {
    top.problem("study-001", "the table [study] is missing");
  }
  if (const TomlValue* arms = top.table("arms")) {
    for (const auto& [id, value] : arms->entries) study.arms.push_back(read_arm(id, value, vocabulary, problems));
  }
  top.finish();
  problems.throw_if_any(core::ErrorKind::Input);
  return study;
}

std::vector<Study> load_evidence(const std::string& root) {
  return load_studies((std::filesystem::path(root) / "evidence").string(), load_study_vocabulary(root));
}

StudyTables load_study_folder(const std::string& root, const std::string& folder) {
  if (folder.empty()) return {load_evidence(root), {}};
  const char* hint = "It should hold arms.csv and measurements.csv, or study documents.";
  if (!std::filesystem::is_directory(folder)) throw core::Error(core::ErrorKind::Io, {"io-001", "cannot read the folder '" + folder + "'", {}, hint});
  if (std::filesystem::exists(folder + "/arms.csv")) return load_study_tables(folder, load_study_vocabulary(root));
  auto studies = load_studies(folder, load_study_vocabulary(root));
  if (studies.empty()) throw core::Error(core::ErrorKind::Input, {"input-019", "no study in '" + folder + "'", {}, hint});
  return {std::move(studies), {}};
}

std::vector<Study> load_studies(const std::string& folder, const StudyVocabulary& vocabulary) {
  std::vector<std::string> files;
  std::error_code ec;
  for (auto it = std::filesystem::recursive_directory_iterator(folder, ec); it != std::filesystem::recursive_directory_iterator(); ++it) {
    if (it->path().filename() == "preclinical") it.disable_recursion_pending();  // of another form: preclinical.hpp
    if (it->path().extension() == ".toml") files.push_back(it->path().string());
  }
  std::sort(files.begin(), files.end());
  std::vector<Study> studies;
  core::Diagnostics problems;
  for (const std::string& file : files) {
    try {
      studies.push_back(load_study(file, vocabulary));
    } catch (const core::Error& error) {
      problems.add(error);
    }
  }
  problems.throw_if_any(core::ErrorKind::Input);
  return studies;
}

void check_studies(const std::vector<std::string>& ids, const std::vector<Study>& studies, const std::string& file) {
  std::vector<std::string> known;
  for (const auto& s : studies) known.push_back(s.id);
  core::Diagnostics problems;
  for (const std::string& id : ids) {
    if (std::find(known.begin(), known.end(), id) == known.end())
      problems.add({"input-014", "no study '" + id + "'", {file, 0, 0}, core::did_you_mean(id, known)});
  }
  problems.throw_if_any(core::ErrorKind::Input);
}

}  // namespace osteosome::evidence
