// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "osteosome/cohort/simulate.hpp"
#include "osteosome/model/distribution.hpp"

namespace osteosome::cohort {

/// In the place of a model: what a patient is. As a prefix with a dot, of a column of the table of subjects.
inline constexpr const char* kOfThePatient = "patient";

/// One random quantity of a population: a parameter, or the initial value of a species, of one model; or, with kOfThePatient as the model, one of
/// simulate::patient_quantities().
struct RandomQuantity {
  std::string model;
  std::string name;
  model::Distribution distribution;
  core::Location where;
};

/// A correlation of the normal scores of two random quantities, named "NAME" or "MODEL.NAME".
struct Correlation {
  std::string first, second;
  double r = 0;
  core::Location where;
};

/// Draws of the constants that a calibration has found, for one model: subject s has row s modulo the number of rows.
struct CalibrationDraws {
  std::size_t model = 0;             ///< index of the scenario's model
  std::string title, file;           ///< of the calibration; its ensemble
  std::vector<std::string> columns;  ///< parameters
  std::vector<std::vector<double>> rows;
};

/// The virtual subjects: how many, and what varies between them.
struct Population {
  std::size_t n = 1;
  std::vector<RandomQuantity> quantities;
  std::vector<Correlation> correlations;
  std::vector<std::vector<double>> cholesky;  ///< lower factor of the correlation matrix of the quantities' normal scores, or empty
  std::string table;                          ///< CSV of subjects, or ""
  std::vector<std::string> table_columns;     ///< parameters or species, in every model that has them
  std::vector<std::vector<double>> table_rows;
  std::string id_column;                      ///< header of a column that names the subjects, or ""
  bool uncertain_constants = false;           ///< drawn from what calibrations left open, from their priors where nothing is calibrated
  bool priors = false;                        ///< the former word for it, refused where something is calibrated
  std::size_t from_priors = 0;                ///< quantities that add_uncertain_constants has added
  std::vector<CalibrationDraws> calibrations;
};

/// Random values of one subject: the same for (seed, subject, quantity) in every run. One value a quantity, in order.
/// `typical(k)` gives the model's own value of quantity k.
[[nodiscard]] std::vector<double> draw(const Population& population, std::uint64_t seed, std::size_t subject,
                                       const std::function<double(std::size_t)>& typical);

/// Fills `cholesky` from `correlations`, once all quantities are known. Adds to `problems`.
void resolve_correlations(Population& population, core::Diagnostics& problems);
/// True for "patient.age" and the like.
[[nodiscard]] bool is_of_the_patient(const std::string& column);

/// The subjects of a population on one treatment. References to the model and the population must outlive it.
class PopulationSubjects final : public Subjects {
 public:
  /// `model_name` and `model_index` say which quantities and calibrations are of this model; "" and 0 where there is one model. `from_rest`: the
  /// model starts at its time 0 whatever the age.
  /// @throws Error for a treatment, a random quantity or a column that the model does not take.
  PopulationSubjects(const CompiledModel& model, const core::UnitSystem& units, const Population& population, std::uint64_t seed, Patient patient,
                     std::shared_ptr<const Treatment> treatment, const std::string& model_name = "", std::size_t model_index = 0,
                     bool from_rest = false);
  PopulationSubjects(CompiledModel&&, const core::UnitSystem&, const Population&, std::uint64_t, Patient, std::shared_ptr<const Treatment>,
                     const std::string& = "", std::size_t = 0, bool = false) = delete;

  [[nodiscard]] std::size_t size() const override { return population_.n; }
  [[nodiscard]] const std::vector<std::string>& columns() const override { return columns_; }
  [[nodiscard]] simulate::RunIns run_ins() const override { return columns_.empty() ? simulate::RunIns::Three : simulate::RunIns::Two; }
  [[nodiscard]] Subject at(std::size_t index) const override;

  /// Centers distributions without a mean of their own on the patient, her densities met; else they have the model's own values as centers.
  void center(Baselines& baselines);
  /// Adds what is wrong with the first value of each random quantity, and of each column of the table, that is outside what the model allows.
  void check_values(core::Diagnostics& problems) const;

 private:
  void center_on(const std::vector<double>& parameters);
  /// Random values of a subject, by quantity of the population; nothing if none is of this model or the patient.
  [[nodiscard]] std::vector<double> drawn(std::size_t subject) const;
  [[nodiscard]] std::vector<double> values(std::size_t subject, const std::vector<double>& drawn) const;
  /// The patient that a subject is, and what is wrong with it.
  [[nodiscard]] std::pair<Patient, core::Diagnostics> patient(std::size_t subject, const std::vector<double>& drawn) const;

  const CompiledModel& model_;
  const Population& population_;
  std::uint64_t seed_;
  Patient patient_;
  std::shared_ptr<const Treatment> treatment_;
  bool from_rest_;
  std::vector<std::string> columns_;  ///< distributions, table, calibrations
  std::vector<ValueTarget> targets_;
  std::vector<std::size_t> drawn_, tabled_;  ///< indices of quantities and of columns of the table
  std::vector<std::size_t> patient_drawn_, patient_tabled_;
  std::vector<const CalibrationDraws*> calibrated_;
  std::vector<double> centers_;  ///< by quantity of the population
};

}  // namespace osteosome::cohort
