// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "osteosome/compile/interpreter.hpp"
#include "osteosome/model/document.hpp"
#include "osteosome/solve/engine.hpp"

namespace osteosome::simulate {

enum class EngineChoice { Auto, Reference, Lanes };
/// @throws Error(Input) with a near match.
[[nodiscard]] EngineChoice engine_from_name(const std::string& name);

struct SolverSettings {
  EngineChoice engine = EngineChoice::Auto;
  double relative_tolerance = 1e-6;
  double absolute_scale = 1;
  unsigned threads = 1;
  solve::LaneCode::Settings lanes;
};

/// A loaded model with everything needed to run it.
class CompiledModel {
 public:
  /// @throws Error(Unsupported) if the lane engine is asked for and cannot run this model.
  CompiledModel(model::Model model, const SolverSettings& settings);

  [[nodiscard]] const model::Model& model() const& { return model_; }
  [[nodiscard]] model::Model model() && { return std::move(model_); }
  /// The name users know the model by: its file's, without folder and ending.
  [[nodiscard]] std::string name() const;
  [[nodiscard]] const compile::Program& program() const& { return program_; }
  [[nodiscard]] compile::Program program() && { return std::move(program_); }
  /// "lanes (rodas5p, native avx512)" or "reference (...)": what runs, in words, and why if it is not what was asked for.
  [[nodiscard]] std::string engine_text() const;
  /// The integrator of that engine: rodas5p, CVODES or IDA.
  [[nodiscard]] const char* method() const;
  /// Hash of the code that lanes run, or "" if they cannot run this model.
  [[nodiscard]] std::string lane_hash() const { return code_ == nullptr ? "" : code_->lane_program().hash; }

  /// Runs subjects on the chosen engine; see solve::run_lanes. `observed` are the states that are looked at (solve::Options), such as those that
  /// an ObservableReader reads.
  void run(std::size_t count, const solve::PlanSource& plans, const solve::ResultSink& sink, const std::stop_token& stop = {},
           const solve::Decide& decide = {}, std::optional<std::vector<std::uint32_t>> observed = std::nullopt) const;

 private:
  model::Model model_;
  compile::Program program_;
  SolverSettings settings_;
  std::unique_ptr<solve::LaneCode> code_;  ///< null where the lanes cannot run the model
};

/// True if an output of any model is compared with evidence.
[[nodiscard]] bool has_observables(const std::vector<CompiledModel>& models);

/// Values of chosen observables at the outputs of one subject. One object a thread.
class ObservableReader {
 public:
  /// The program must outlive the reader. @throws Error(Input) for an unknown name, with near matches.
  ObservableReader(const compile::Program& program, const std::vector<std::string>& names);
  ObservableReader(compile::Program&& program, const std::vector<std::string>& names) = delete;

  [[nodiscard]] const std::vector<const compile::Observable*>& observables() const& { return observables_; }
  const std::vector<const compile::Observable*>& observables() && = delete;
  /// The states that the observables are made of.
  [[nodiscard]] std::vector<std::uint32_t> states() const;
  /// [n_outputs x n_observables], row-major; NaN where the subject did not get.
  [[nodiscard]] std::vector<double> read(const solve::SubjectPlan& plan, const solve::SubjectResult& result);
  /// [n_observables] at one instant; of a model without delays.
  [[nodiscard]] std::vector<double> read_at(double time, std::span<const double> states, std::span<const double> parameters);

 private:
  const compile::Program& program_;
  std::vector<const compile::Observable*> observables_;
  compile::Interpreter interpreter_;
};

}  // namespace osteosome::simulate
