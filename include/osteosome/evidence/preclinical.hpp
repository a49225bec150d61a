// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "osteosome/core/toml.hpp"
#include "osteosome/model/outcomes.hpp"
#include "osteosome/protocol/regimen.hpp"
#include "osteosome/simulate/compiled_model.hpp"
#include "osteosome/simulate/patient.hpp"

namespace osteosome::evidence {

/// What a row says happened.
enum class Reported { Up, Down, NoEffect };

/// A comparison of two groups in typed words: what the text of a row means, settled once by the importer of studies.
struct AnimalDesign {
  std::string species, outcome;        ///< overlay; code with site, e.g. BVTV_tibia
  std::string treated, control;        ///< regimen texts
  simulate::Patient treated_animal, control_animal;
  double days = 0;                     ///< from the start of treatment to the measurement
  double n = 0;                        ///< animals a group
  std::optional<Reported> reported;
  std::string animal_model;            ///< OVX, ORX, HLU or none: under which the spread between animals stands
  std::vector<std::string> filled_in;  ///< what the study does not say and the vocabulary assumes
  std::string why_not;                 ///< why the row cannot be simulated, then the rest says nothing; or ""
  bool operator==(const AnimalDesign&) const = default;
};

/// One row of an animal study, cells by column (evidence/preclinical/README.md), with where it stands.
struct AnimalRow {
  std::map<std::string, std::string> cells;
  std::string study, role;  ///< id of the document or text of the table; calibration, set_aside or ""
  std::string table;        ///< preclinical, mechanisms, in_vitro
  core::Location where;
  std::optional<AnimalDesign> design = {};  ///< of designs.csv; without it the text is read when it is needed
  [[nodiscard]] std::string text(const std::string& column) const;                 ///< "" if empty
  [[nodiscard]] std::optional<double> number(const std::string& column) const;     ///< the cell as one number
  [[nodiscard]] double number_or(const std::string& column, double otherwise) const;  ///< the first number in the cell
};

/// Rows of the study documents of a folder, with their designs where it has a designs.csv. @throws Error(Input) with every problem.
[[nodiscard]] std::vector<AnimalRow> load_animal_studies(const std::string& folder);
/// Those of a folder, or of a table, or, where `path` is "", of the library below `root`.
[[nodiscard]] std::vector<AnimalRow> load_animal_evidence(const std::string& root, const std::string& path);
/// Rows of one study document.
[[nodiscard]] std::vector<AnimalRow> load_animal_study(const std::string& path);
/// Rows of a table in the layout of preclinical.csv. @throws Error(Io), Error(Input).
[[nodiscard]] std::vector<AnimalRow> load_animal_table(const std::string& path);

/// The designs of the rows of table "preclinical" as text of designs.csv, read anew from the rows' texts (tools/import_preclinical.py).
[[nodiscard]] std::string designs_csv(const std::vector<AnimalRow>& rows, const std::string& data_root, const core::UnitSystem& units);

/// How the words of the studies map to the model, and what holds where a study is silent (evidence/preclinical/vocabulary.toml).
class Vocabulary {
 public:
  /// @throws Error(Input) with every problem of the file: keys nobody asks for, and outcomes, sites, species and routes that are not there, with
  /// near matches (vocabulary-001 to vocabulary-003, toml-...).
  Vocabulary(const std::string& data_root, const model::Outcomes& outcomes);
  /// Key `wanted` of the first entry of `table` one of whose words stands in `text` (case does not matter), or "".
  [[nodiscard]] std::string look_up(const std::string& table, const std::string& text, const std::string& wanted, const std::string& only = "") const;
  /// Whether a word of `table` stands in `text`, other than the empty one that every text has.
  [[nodiscard]] bool names(const std::string& table, const std::string& text, const std::string& only = "") const;
  [[nodiscard]] std::string fallback(const std::string& key) const;
  [[nodiscard]] double number(const std::string& key) const;

 private:
  core::TomlValue root_;
};

/// Between-animal coefficient of variation and whether it is assumed (evidence/preclinical/variability.csv).
struct Variation {
  double cv = 0;
  bool assumed = true;
};

/// A row as a simulated comparison of two groups.
struct AnimalTrial : AnimalDesign {
  const AnimalRow* row = nullptr;
  Variation variation;
  bool beneficial = false;             ///< the reported direction is the wanted one
  std::string group;                   ///< benefit, null, disease or drug: scored apart
};

/// A row that cannot be simulated.
struct AnimalLeftOut {
  const AnimalRow* row = nullptr;
  std::string reason;
};

/// The rows of the animal table as trials, which point to them, by their designs; the others with their reason.
[[nodiscard]] std::vector<AnimalTrial> describe_trials(const std::vector<AnimalRow>& rows, const std::string& data_root,
                                                       const core::UnitSystem& units, std::vector<AnimalLeftOut>& left_out);
std::vector<AnimalTrial> describe_trials(std::vector<AnimalRow>&& rows, const std::string& data_root, const core::UnitSystem& units,
                                         std::vector<AnimalLeftOut>& left_out) = delete;

/// What the model says of a trial.
struct AnimalPrediction {
  double control = 0, treated = 0;  ///< values of the outcome; NaN if the simulation failed
  [[nodiscard]] double percent() const { return 100 * (treated / control - 1); }
  /// Difference in standard deviations of the animals of `trial`, before the small-sample correction.
  [[nodiscard]] double effect(const AnimalTrial& trial) const;
};

/// Hedges' g of one simulated experiment: n animals a group, corrected for small samples (Hedges 1981, doi:10.3102/10769986006002107).
struct SimulatedSmd {
  double mean = 0, low = 0, high = 0;  ///< over repeated experiments: mean, 2.5th and 97.5th percentile
};
[[nodiscard]] SimulatedSmd simulate_smd(const AnimalTrial& trial, const AnimalPrediction& p, std::uint64_t seed, std::size_t experiments);

/// True if the prediction agrees with the direction reported: same sign and not negligible (|d| > 0.2), or for "no effect" too small for
/// the study's animals to show (|d| sqrt(n/2) < 1.96).
[[nodiscard]] bool right(const AnimalTrial& trial, const AnimalPrediction& p);
[[nodiscard]] bool right(const AnimalTrial& trial, double effect);

/// Weighted residuals of a trial for a fit: the SMD against its reported value and interval (at least 0.3 wide as SD, since pooled intervals
/// of heterogeneous studies are too narrow; SD 1 without interval), else a one-sided penalty that grows while the direction is not reached
/// by half an SD and where the outcome changes more than two and a half times, or while "no effect" would show in the study's animals. Rows of one
/// paper count as at most two.
[[nodiscard]] std::vector<double> fit_residuals(const std::vector<AnimalTrial>& trials, const std::vector<AnimalPrediction>& predictions);
/// True for trials that a fit of exosome and cell constants uses: those of EV and MSC with an SMD or a direction.
[[nodiscard]] bool informs_fit(const AnimalTrial& trial);

/// The studies as simulations. Keeps references to the rows.
class AnimalTrials {
 public:
  /// `which` may pick trials; empty: all that can be simulated.
  AnimalTrials(const std::vector<AnimalRow>& rows, const std::string& data_root, const core::UnitSystem& units,
               const simulate::SolverSettings& settings, const std::vector<std::string>& overlays = {}, bool (*which)(const AnimalTrial&) = nullptr);
  AnimalTrials(std::vector<AnimalRow>&& rows, const std::string& data_root, const core::UnitSystem& units, const simulate::SolverSettings& settings,
               const std::vector<std::string>& overlays = {}, bool (*which)(const AnimalTrial&) = nullptr) = delete;

  [[nodiscard]] const std::vector<AnimalTrial>& trials() const& { return trials_; }
  const std::vector<AnimalTrial>& trials() && = delete;
  [[nodiscard]] const std::vector<AnimalLeftOut>& left_out() const& { return left_out_; }
  const std::vector<AnimalLeftOut>& left_out() && = delete;
  /// Predictions of every trial for each set of values by parameter name (those a model does not have are passed over).
  [[nodiscard]] std::vector<std::vector<AnimalPrediction>> predict(const std::vector<std::map<std::string, double>>& sets,
                                                                   const std::stop_token& stop = {}) const;

 private:
  /// One model: a species with the products that its studies name.
  struct Group {
    std::unique_ptr<simulate::CompiledModel> model;
    std::vector<std::size_t> trials;
  };
  void compile(const std::string& data_root, const simulate::SolverSettings& settings, const std::vector<std::string>& overlays);
  void check(const Group& group, AnimalTrial& trial, std::string& problem) const;

  const core::UnitSystem& units_;
  protocol::DrugCatalogue catalogue_;
  std::vector<AnimalLeftOut> left_out_;
  std::vector<AnimalTrial> trials_;
  std::vector<Group> groups_;
};

}  // namespace osteosome::evidence
