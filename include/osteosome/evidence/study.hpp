// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "osteosome/cohort/scenario.hpp"
#include "osteosome/evidence/populations.hpp"
#include "osteosome/model/outcomes.hpp"

namespace osteosome::evidence {

/// One published value. `outcome` is a site or marker code, `unit` as in evidence/clinical/README.md.
struct Measurement {
  std::string outcome, unit;
  bool marker = false;  ///< of turnover: compared as log ratio
  double month = 0;
  std::optional<double> mean, low, high, error;
  std::string interval;  ///< what low/high or error are: SD, SE, CI95, error_bar_as_plotted, ...
  std::string count;     ///< "yes", or why it is not graded
  std::string provenance, note, verified;
};

/// What one group of women got, and what was measured in it; months count from `time_zero_month` after the start of the regimen.
struct StudyArm {
  std::string id, label, trial_class, regimen, comparator_regimen;
  double time_zero_month = 0;
  /// Means at month 0 [years]; empty where the source gives none.
  std::optional<double> age_y, years_since_menopause;
  std::vector<std::pair<std::string, double>> t_scores;  ///< means at month 0 that the source gives, by code of the site
  Population population;                                 ///< who they were
  std::string role, runnable, remark;
  std::vector<Measurement> measurements;
};

/// One publication.
struct Study {
  std::string id, title, domain, doi;
  std::vector<StudyArm> arms;
};

/// A row, or a whole arm (outcome ""), that cannot be graded.
struct LeftOut {
  std::string study, arm, outcome, reason;
};

/// Studies of two tables, and the rows of these that cannot be read.
struct StudyTables {
  std::vector<Study> studies;
  std::vector<LeftOut> left_out;
};

/// What studies name by a code, of the vocabulary of a data folder.
struct StudyVocabulary {
  model::Outcomes outcomes;
  Populations populations;
};
/// @throws Error with every problem of the first file that has any.
[[nodiscard]] StudyVocabulary load_study_vocabulary(const std::string& data_root);

/// Compared as log ratio: a marker of turnover, not a density.
[[nodiscard]] bool is_marker(const std::string& outcome, const model::Outcomes& outcomes);

/// @throws Error(Input) with every problem of the file.
[[nodiscard]] Study load_study(const std::string& path, const StudyVocabulary& vocabulary);
/// All study documents of a folder and below, by file name; folders named preclinical are passed over.
[[nodiscard]] std::vector<Study> load_studies(const std::string& folder, const StudyVocabulary& vocabulary);
/// The same from a folder with arms.csv and measurements.csv (columns as in evidence/clinical/README.md); a study a text of column `study`.
/// A row that cannot be read, or whose arm cannot be told, is left out and named with file and line.
/// @throws Error(Io); Error(Input) for a missing column or text that is no table.
[[nodiscard]] StudyTables load_study_tables(const std::string& folder, const StudyVocabulary& vocabulary);
/// The studies of a folder of either form, or, where `folder` is "", of the library. @throws Error(Io) io-001, Error(Input) input-019 for one
/// without.
[[nodiscard]] StudyTables load_study_folder(const std::string& root, const std::string& folder);
/// The studies of the library: load_studies of `root`/evidence.
[[nodiscard]] std::vector<Study> load_evidence(const std::string& root);

/// @throws Error(Input) for ids no study has, with near matches; `file` names them, or "".
void check_studies(const std::vector<std::string>& ids, const std::vector<Study>& studies, const std::string& file);

/// Unit of changes from the start of treatment in percent.
inline constexpr const char* kPercentChange = "percent_change";

/// A group of animals or women behind a mean; n is 0 where it is not known.
struct GroupData {
  double n = 0, sd = 0;
  std::vector<double> values = {};  ///< of each, where known
  std::string table = {};           ///< path of the file they are from
};

/// A published value beside the simulated one (median over subjects).
struct Comparison {
  std::string model, study, doi, study_arm, arm, outcome, unit, role, provenance, interval;
  double time_zero_month = 0;  ///< of the study arm: its baseline lies this long after the start of treatment
  double month = 0, observed = 0, simulated = 0;
  std::optional<double> low, high;
  GroupData group = {};        ///< of own data, as they were measured
  std::optional<bool> within;  ///< the simulated value lies in the reported interval of the mean (evidence::within)
  /// Half width of the reported interval, or the reported error.
  [[nodiscard]] std::optional<double> error() const;
};

/// Whether a prediction lies in the reported interval of the mean; nothing if there is none (an SD is the spread between women).
[[nodiscard]] std::optional<bool> within(const Measurement& m, double predicted);

/// Comparisons of one outcome, arm and model together.
struct ComparisonSummary {
  std::string outcome, arm, model;
  std::size_t n = 0;          ///< with a simulated value
  double rmse = 0, bias = 0;  ///< simulated minus observed
  std::size_t within = 0, with_interval = 0;
};
/// By outcome, arm and model, of those in percent change.
[[nodiscard]] std::vector<ComparisonSummary> summarise(const std::vector<Comparison>& comparisons);

/// Checks that the evidence the scenario names exists, and adds the visits of its rows to the scenario's output times. `animal_studies` are
/// ids of animal studies, which need a control arm instead. @throws Error(Input) with near matches.
void attach(cohort::Scenario& scenario, const std::vector<Study>& studies, const std::vector<std::string>& animal_studies = {});

/// Percent change from the start of treatment: [subject][time]; NaN where a subject failed.
[[nodiscard]] std::vector<std::vector<double>> percent_change(const cohort::ArmResult& arm, std::size_t output, std::size_t times);
/// Quantile q of each column, over the finite values; NaN if there are none.
[[nodiscard]] std::vector<double> quantile(const std::vector<std::vector<double>>& rows, double q, std::size_t columns);

/// Every counted percent-change row of the evidence of each arm, for every model that has an output of the same code and no other.
[[nodiscard]] std::vector<Comparison> compare(const cohort::Scenario& scenario, const std::vector<simulate::CompiledModel>& models,
                                              const cohort::ScenarioResult& result, const std::vector<Study>& studies);

}  // namespace osteosome::evidence
