// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "osteosome/compile/evaluator.hpp"
#include "osteosome/compile/program.hpp"
#include "osteosome/solve/decision.hpp"
#include "osteosome/solve/plan.hpp"

namespace osteosome::solve {

/// Integrates one subject with SUNDIALS CVODES (BDF, dense, analytic Jacobian) on the plain interpreter; branch crossings are located
/// with its root finder. Slow and plain; the reference for the lane engine.
[[nodiscard]] SubjectResult run_reference(const compile::Program& program, const SubjectPlan& plan, const Options& options,
                                          const std::stop_token& stop = {});

[[nodiscard]] std::string sundials_version();

/// Hands out plans: called once a subject, possibly from several threads at a time.
using PlanSource = std::function<SubjectPlan(std::size_t subject)>;
/// Takes results, in order of completion, one call at a time.
using ResultSink = std::function<void(std::size_t subject, const SubjectPlan& plan, SubjectResult&& result)>;

/// The code that evaluates a program over lanes: native where it is built in or cached, else the tape; a long run compiles native code
/// in the background and changes over, which changes no bit of any result.
class LaneCode {
 public:
  struct Settings {
    compile::Isa isa = compile::best_isa();
    bool tape_only = false;
    std::string cache_dir;  ///< where compiled code is kept; "" means never compile at run time
  };
  LaneCode(const compile::Program& program, Settings settings);
  ~LaneCode();

  [[nodiscard]] std::shared_ptr<const compile::Evaluator> current() const;
  /// The evaluator for `count` subjects in all: a narrow tape where only the tape is there and they are few.
  [[nodiscard]] std::shared_ptr<const compile::Evaluator> for_subjects(std::size_t count) const;
  [[nodiscard]] const compile::LaneProgram& lane_program() const& { return *lane_program_; }
  const compile::LaneProgram& lane_program() && = delete;
  [[nodiscard]] compile::Isa isa() const { return settings_.isa; }
  /// Tells that `seconds` of lane work were done, and what share of the whole work is now behind. Compilation starts when what lies ahead
  /// is worth it, or after a second on the tape.
  void spent(double seconds, double share_done);

 private:
  std::shared_ptr<const compile::LaneProgram> lane_program_;
  Settings settings_;
  mutable std::mutex mutex_;
  std::shared_ptr<const compile::Evaluator> evaluator_;
  std::atomic<bool> native_ready_{false};
  double seconds_ = 0;
  bool compiling_ = false;
  std::jthread compiler_;
};

/// Integrates `count` subjects over lanes on `threads` threads. The result of a subject does not depend on the others, on their order, on
/// the number of threads or on the instruction set. Stops early when `stop` is requested. `decide` is asked at the decisions of each plan.
void run_lanes(const compile::Program& program, LaneCode& code, std::size_t count, const PlanSource& plans, const ResultSink& sink,
               const Options& options, unsigned threads, const std::stop_token& stop = {}, const Decide& decide = {});

/// The same on the reference engine.
void run_reference_ensemble(const compile::Program& program, std::size_t count, const PlanSource& plans, const ResultSink& sink,
                            const Options& options, unsigned threads, const std::stop_token& stop = {}, const Decide& decide = {});

}  // namespace osteosome::solve
