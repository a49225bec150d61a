// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "osteosome/core/time.hpp"
#include "osteosome/protocol/regimen.hpp"
#include "osteosome/simulate/dosing.hpp"
#include "osteosome/simulate/patient.hpp"

namespace osteosome::cohort {

using simulate::AtDose;
using simulate::CompiledModel;
using simulate::Patient;

/// What is given, shared by the subjects of an arm.
struct Treatment {
  std::string name;  ///< with seed and id of a subject, the key of the doses it misses
  std::vector<protocol::Regimen> regimens;  ///< all from the start of treatment on
  protocol::Adherence adherence = {};
};

/// One simulated woman, animal or dish. A value without hidden state.
struct Subject {
  std::uint64_t seed = 0,
                id = 0;  ///< key of its random streams: the same pair draws the same in every run, so that subjects with random adherence need
  ///< ids of their own
  Patient patient = {};            ///< what holds when treatment starts; T-scores are met with this subject's own `values`
  std::vector<double> values = {};  ///< its own values of Subjects::columns(), in the unit of the model
  std::shared_ptr<const Treatment> treatment = {};  ///< null: nothing is given
  std::shared_ptr<const std::vector<core::Time>> times = {};  ///< looked at then, ascending, and not at the times of the
  ///< Observation, which are at least as many; its values come in the first rows
};

/// Where subjects come from: a population, a table, the arms of studies. Const calls may come from several threads.
class Subjects {
 public:
  Subjects() = default;
  Subjects(const Subjects&) = delete;
  Subjects& operator=(const Subjects&) = delete;
  virtual ~Subjects() = default;

  [[nodiscard]] virtual std::size_t size() const = 0;
  /// Parameters and species (their initial values) that Subject::values gives, the same for all.
  [[nodiscard]] virtual const std::vector<std::string>& columns() const = 0;
  /// The untreated runs by which T-scores are met.
  [[nodiscard]] virtual simulate::RunIns run_ins() const { return simulate::RunIns::Three; }
  /// @pre index < size()
  [[nodiscard]] virtual Subject at(std::size_t index) const = 0;
};

/// Subjects held in memory.
class SubjectList final : public Subjects {
 public:
  /// Every `values` of `subjects` is as long as `columns`.
  explicit SubjectList(std::vector<Subject> subjects, std::vector<std::string> columns = {})
      : subjects_(std::move(subjects)), columns_(std::move(columns)) {}
  [[nodiscard]] std::size_t size() const override { return subjects_.size(); }
  [[nodiscard]] const std::vector<std::string>& columns() const override { return columns_; }
  [[nodiscard]] Subject at(std::size_t index) const override { return subjects_[index]; }

 private:
  std::vector<Subject> subjects_;
  std::vector<std::string> columns_;
};

/// When to look at subjects, and at what.
struct Observation {
  std::vector<core::Time> times;     ///< after the start of treatment, ascending; they never shorten a step of the integrator
  std::optional<std::vector<std::string>> outputs = {};  ///< outputs, species or parameters of the model; nothing: all its outputs
  AtDose at_dose = AtDose::Pre;      ///< what a look at the instant of a dose sees

  /// Looks at 0, `every`, 2 `every`, ... and at `until`. @pre both are positive
  [[nodiscard]] static Observation regular(const core::Time& until, const core::Time& every);
  /// The same times, at these quantities.
  [[nodiscard]] Observation of(std::vector<std::string> quantities) const { return {times, std::move(quantities), at_dose}; }
};

}  // namespace osteosome::cohort
