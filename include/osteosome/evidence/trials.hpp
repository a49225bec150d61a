// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "osteosome/cohort/scenario.hpp"
#include "osteosome/evidence/study.hpp"
#include "osteosome/protocol/regimen.hpp"

namespace osteosome::evidence {

/// The women of an arm as a patient at the start of its regimen. What the source does not give is that of the population
/// (vocabulary/populations.toml). T-scores at a month 0 that lies after the first dose are not those of the start, so those of the population
/// are used then.
[[nodiscard]] simulate::Patient patient_of(const StudyArm& arm, const protocol::Regimen& regimen);

/// Why the arm can stand for no women or cannot be dated (age, T-scores, month 0, `runnable`); empty: it can be simulated.
[[nodiscard]] std::string oddity(const StudyArm& arm);
/// Why the row can be no measurement of its arm (`count`, month, value); empty: it counts, or says itself that it does not.
[[nodiscard]] std::string oddity(const StudyArm& arm, const Measurement& m);

/// A published value that the model can be compared with.
struct TrialRow {
  const Study* study = nullptr;
  const StudyArm* arm = nullptr;
  const Measurement* measurement = nullptr;
  [[nodiscard]] bool marker() const { return measurement->marker; }
  /// What the model says minus what was measured: percentage points, log ratio for markers, the row's unit otherwise.
  [[nodiscard]] double residual(double predicted) const;
};

/// Which rows to take.
struct TrialFilter {
  std::vector<std::string> studies;  ///< ids; empty: all
  std::string domain = "clinical";
  std::string role;  ///< calibration, validation, or "" for both
};

/// What the model says between the visits of an arm: change from its month 0 [percent], for arms with percent_change rows of the outcome.
struct TrialCurve {
  const StudyArm* arm = nullptr;
  std::string outcome;
  std::vector<double> months, change;
};

/// One patient on one regimen and the times at which she is looked at.
struct TrialCourse {
  std::size_t patient = 0;
  protocol::Regimen regimen;
  std::vector<double> months;
};

/// The arms of published trials as simulations of one model. Keeps references to `studies` and `model`.
class TrialSet {
 public:
  TrialSet(const std::vector<Study>& studies, const TrialFilter& filter, const simulate::CompiledModel& model,
           const protocol::DrugCatalogue& catalogue, const core::UnitSystem& units);
  TrialSet(std::vector<Study>&& studies, const TrialFilter& filter, const simulate::CompiledModel& model, const protocol::DrugCatalogue& catalogue,
           const core::UnitSystem& units) = delete;
  TrialSet(const std::vector<Study>& studies, const TrialFilter& filter, simulate::CompiledModel&& model, const protocol::DrugCatalogue& catalogue,
           const core::UnitSystem& units) = delete;

  [[nodiscard]] const std::vector<TrialRow>& rows() const& { return rows_; }
  const std::vector<TrialRow>& rows() && = delete;
  [[nodiscard]] const std::vector<LeftOut>& left_out() const& { return left_out_; }
  const std::vector<LeftOut>& left_out() && = delete;
  [[nodiscard]] std::size_t simulations() const { return courses_.size(); }

  /// Predicted values for several sets of the model's parameters, [set][row], in the unit of the row (evidence/clinical/README.md);
  /// NaN where a simulation failed. Each regimen and patient is simulated once a set.
  [[nodiscard]] std::vector<std::vector<double>> predict(const std::vector<std::vector<double>>& parameters, const std::stop_token& stop = {}) const;
  /// Month by month from month 0 to the last visit, for one set of parameters.
  [[nodiscard]] std::vector<TrialCurve> curves(const std::vector<double>& parameters, const std::stop_token& stop = {}) const;

 private:
  /// Where the values of a row stand: course, output column, and time index of visit and baseline. Time 0 is the start.
  struct Place {
    std::size_t course, output, visit, zero;
  };
  struct RowPlaces {
    Place treated;
    std::optional<Place> comparator;
  };
  using Values = std::vector<std::vector<double>>;  ///< [course][time x output]

  void add_arm(const Study& study, const StudyArm& arm, const protocol::DrugCatalogue& catalogue, const core::UnitSystem& units);
  std::string add_row(const Study& study, const StudyArm& arm, const Measurement& m, std::size_t treated, std::optional<std::size_t> comparator);
  std::size_t course(const simulate::Patient& patient, const protocol::Regimen& regimen);
  std::optional<std::size_t> output_of(const std::string& outcome, const protocol::Regimen& regimen) const;
  Place place(std::size_t course, std::size_t output, double zero, double visit);
  [[nodiscard]] double predicted(std::size_t row, const Values& values) const;
  [[nodiscard]] Values run(const std::vector<TrialCourse>& courses, const std::vector<std::vector<double>>& sets, const std::stop_token& stop) const;

  const simulate::CompiledModel& model_;
  const core::UnitSystem& units_;
  std::vector<std::string> outputs_;
  std::vector<simulate::Patient> patients_;
  std::vector<TrialCourse> courses_;
  std::vector<TrialRow> rows_;
  std::vector<RowPlaces> places_;
  std::vector<LeftOut> left_out_;
};

}  // namespace osteosome::evidence
