// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "osteosome/cohort/subjects.hpp"
#include "osteosome/cohort/trajectories.hpp"

namespace osteosome::cohort {

/// What a long piece of work is told and tells.
struct Job {
  std::stop_token stop = {};  ///< ends it early: what is complete stays
  std::function<void(std::size_t done, std::size_t total)> progress = {};  ///< one call at a time
  std::size_t block = 0;  ///< subjects that are handed on together; 0: all at once. Changes no value
};

/// Takes blocks of subjects in order. All of a block are complete, but those that a stop has cut off (Status::Cancelled).
class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink() = default;

  /// Whether subjects [first, last) are here already and need not be simulated.
  [[nodiscard]] virtual bool has(std::size_t first, std::size_t last) {
    (void)first;
    (void)last;
    return false;
  }
  /// Subjects [first, first + block.size()).
  virtual void take(std::size_t first, Trajectories&& block) = 0;
};

/// Densities that were met, so that subjects alike (the same woman in two arms) are run in once. Not for several threads at a time.
class Baselines {
 public:
  /// Moves `starts` to the T-scores of their patients, but for sites whose scale is among the `columns` of the subjects' values: what a subject
  /// brings with it stays. `initial` are initial states, NaN for the model's own. After a stop nothing is met.
  void meet(const CompiledModel& model, const std::vector<Subject>& subjects, const std::vector<std::string>& columns,
            const std::vector<std::vector<double>>& initial, std::vector<simulate::PatientStart>& starts, simulate::RunIns run_ins,
            const std::stop_token& stop = {});

 private:
  std::vector<double> without_bone_;  ///< T-scores of the model, once they are known
  std::map<std::vector<double>, std::vector<double>> scales_;  ///< T-scores, age and so on, then values -> scales of the model's densities
};

/// A subject at a visit: what a rule may look at.
struct Visit {
  const Subject& subject;
  std::size_t number = 0;  ///< index of the visit
  double days = 0;         ///< after the start of treatment
  std::span<const double> values;  ///< of the observation's outputs, before the doses of this instant
  const protocol::Regimen* regimen = nullptr;  ///< the latest: of a decision, else the first of the treatment; null: there was none
};

/// What a rule changes, from its visit on.
struct Decision {
  std::optional<protocol::Regimen> regimen = {};  ///< in place of everything that would still be given; its time begins at the visit. Without phases:
                                                  ///< nothing more is given. What has been given already goes on: infusions run to their end
  std::vector<std::pair<std::string, double>> set = {};  ///< parameters of the model, in its units
};

/// A rule and when it is asked. A rule that changes nothing changes no bit of the subject; one that changes something gives what the same regimen
/// written in advance gives. The rule may be called from several threads at a time, once a subject and visit, visits in order.
struct Rule {
  std::vector<core::Time> visits;  ///< after the start of treatment, ascending, up to the last look
  std::function<std::optional<Decision>(const Visit&)> decide;
};

/// The one loop: every subject of `subjects`, looked at as `observation` says, handed to `sink`. The values of a subject depend on nothing but
/// itself, the model and its tolerances: not on the others, on threads, blocks or machine.
/// A subject that fails is an Ending with a status, never an exception.
/// @throws Error(Dosing) for a treatment that the model cannot take, Error(Input) for columns and outputs that it has not, Error(Unsupported)
/// simulate-008 for a rule on a model with delays; simulate-010, -011 for values, times or visits that do not fit; what the rule throws.
void simulate(const CompiledModel& model, const core::UnitSystem& units, const Subjects& subjects, const Observation& observation, Sink& sink,
              const Job& job = {}, Baselines* baselines = nullptr, const Rule& rule = {});
/// The same, all in memory: 8 bytes x subjects x times x outputs.
[[nodiscard]] Trajectories simulate(const CompiledModel& model, const core::UnitSystem& units, const Subjects& subjects,
                                    const Observation& observation, const Job& job = {}, const Rule& rule = {});

/// What the integrator is asked for subject `index`, e.g. to write it as events of another format.
[[nodiscard]] solve::SubjectPlan plan_of(const CompiledModel& model, const core::UnitSystem& units, const Subjects& subjects,
                                         const Observation& observation, std::size_t index);

/// Where a named value of a subject goes.
struct ValueTarget {
  bool is_state = false;
  std::uint32_t index = 0;
};
/// @throws Error(Input) value-002 for what a formula gives, value-003 with near matches for what the model has not.
[[nodiscard]] ValueTarget value_target(const CompiledModel& model, const std::string& model_name, const std::string& name,
                                       const core::Location& where = {});

}  // namespace osteosome::cohort
