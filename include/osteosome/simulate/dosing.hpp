// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "osteosome/protocol/event_table.hpp"
#include "osteosome/protocol/regimen.hpp"
#include "osteosome/simulate/compiled_model.hpp"

namespace osteosome::simulate {

/// Whether generated output times at a dosing time show the state before or after the dose.
enum class AtDose { Pre, Post };

/// Adds the drugs that only `model` knows: names in its [doses] that the catalogue has not.
void add_own_drugs(const model::Model& model, protocol::DrugCatalogue& catalogue);

/// Turns doses into stops of a subject's plan. One object a thread.
class DoseTranslator {
 public:
  DoseTranslator(const CompiledModel& model, const core::UnitSystem& units);
  DoseTranslator(CompiledModel&& model, const core::UnitSystem& units) = delete;

  /// Checks that every drug of the regimen enters this model and that the units fit. @throws Error(Dosing).
  void check(const protocol::Regimen& regimen, double weight_kg) const;

  /// Appends the stops of `doses`, given from model time `start` on, in order of time.
  void add_doses(const std::vector<protocol::DoseRecord>& doses, double start, double weight_kg, solve::SubjectPlan& plan);

  /// Puts output points at model times `times` (ascending) among the stops of the plan.
  static void add_outputs(const std::vector<double>& times, AtDose at_dose, solve::SubjectPlan& plan);

  /// Number that turns an amount in `unit` ("mg", "ug/kg") into an amount of the species that `entry` goes into. @throws Error(Dosing).
  [[nodiscard]] double amount_factor(const model::DoseEntry& entry, const std::string& unit, double weight_kg, std::span<const double> parameters);

  // Values of a species' dosing formulas for these parameters; empty if the species has none.
  [[nodiscard]] double bioavailability(std::uint32_t state, std::span<const double> parameters);
  [[nodiscard]] double lag(std::uint32_t state, std::span<const double> parameters);
  [[nodiscard]] std::optional<double> infusion_rate(std::uint32_t state, std::span<const double> parameters);
  [[nodiscard]] std::optional<double> infusion_duration(std::uint32_t state, std::span<const double> parameters);
  /// What an amount is divided by when it enters this state: the size of the compartment where the state is a concentration, else 1 (a species in
  /// a compartment that changes is an amount as a state). @throws Error(Dosing) dosing-010 if the size is not positive, dosing-011 if an equation
  /// determines the species.
  [[nodiscard]] double volume(std::uint32_t state, std::span<const double> parameters);

 private:
  [[nodiscard]] std::optional<double> formula(const std::optional<expr::NodeId>& node, std::span<const double> parameters);

  const CompiledModel& model_;
  const core::UnitSystem& units_;
  std::map<expr::NodeId, compile::Interpreter> formulas_;
};

/// One stretch of an event-table subject that is integrated on its own: a reset starts the next one.
struct EventEpisode {
  std::size_t subject = 0;  ///< index into EventTable::subjects
  solve::SubjectPlan plan;
  std::vector<std::size_t> rows;  ///< row of the subject that each output belongs to
};

/// Plans for every subject of the table, with NONMEM's rules (docs/reference/event-table.md). Steady states are computed on the way.
/// `parameters` are the values where the table has no column. `warnings` takes remarks, e.g. a lag longer than the interval at steady state.
/// @throws Error(Dosing) with line for rows this model cannot take, and for steady states that do not exist.
[[nodiscard]] std::vector<EventEpisode> plan_event_table(const protocol::EventTable& table, const CompiledModel& model, const core::UnitSystem& units,
                                                         const std::vector<double>& parameters, const std::vector<double>& initial_overrides,
                                                         std::vector<std::string>& warnings);

/// A train of doses of one kind into one state.
struct DoseTrain {
  std::uint32_t state = 0;
  double amount = 0;    ///< bolus, if `duration` is 0
  double rate = 0;      ///< infusion
  double duration = 0;
  double interval = 0;  ///< 0: the rate goes on without end
};

}  // namespace osteosome::simulate
