// SPDX-License-Identifier: Apache-2.0
#include "osteosome/simulate/compiled_model.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "osteosome/core/text.hpp"

namespace osteosome::simulate {
namespace {

std::vector<const compile::Observable*> find_all(const compile::Program& program, const std::vector<std::string>& names) {
  std::vector<std::string> known;
  for (const auto& o : program.observables) known.push_back(o.name);
  core::Diagnostics problems;
  std::vector<const compile::Observable*> found;
  for (const std::string& name : names) {
    const auto* observable = program.find_observable(name);
    if (observable == nullptr) {
      problems.add({"simulate-001", "the model has no quantity '" + name + "'", {}, core::did_you_mean(name, known)});
    } else {
      found.push_back(observable);
    }
  }
  problems.throw_if_any(core::ErrorKind::Input);
  return found;
}

std::vector<expr::NodeId> nodes_of(const std::vector<const compile::Observable*>& observables) {
  std::vector<expr::NodeId> nodes;
  for (const auto* o : observables) nodes.push_back(o->node);
  return nodes;
}

}  // namespace

EngineChoice engine_from_name(const std::string& name) {
  static const std::vector<std::string> names = {"auto", "reference", "lanes"};
  const auto it = std::find(names.begin(), names.end(), name);
  if (it == names.end())
    throw core::Error(core::ErrorKind::Input,
                      {"input-012", "unknown engine '" + name + "'", {}, "One of auto, reference, lanes. " + core::did_you_mean(name, names)});
  return static_cast<EngineChoice>(it - names.begin());
}

CompiledModel::CompiledModel(model::Model model, const SolverSettings& settings)
    : model_(std::move(model)), program_(compile::build_program(model_)), settings_(settings) {
  if (program_.beyond_lanes.empty()) {
    code_ = std::make_unique<solve::LaneCode>(program_, settings.lanes);
  } else if (settings.engine == EngineChoice::Lanes) {
    throw core::Error(core::ErrorKind::Unsupported,
                      {"simulate-004",
                       "the engine 'lanes' cannot run this model: " + program_.beyond_lanes,
                       {model_.file, 0, 0},
                       "Use --engine auto or reference."});
  }
}

std::string CompiledModel::name() const { return std::filesystem::path(model_.file).stem().string(); }

const char* CompiledModel::method() const {
  if (code_ != nullptr && settings_.engine != EngineChoice::Reference) return "rodas5p";
  return program_.algebraic.empty() ? "CVODES" : "IDA";
}

std::string CompiledModel::engine_text() const {
  std::string reference = std::string("reference (") + method() + " on the interpreter)";
  if (code_ == nullptr) return reference + ", since " + program_.beyond_lanes;
  if (settings_.engine == EngineChoice::Reference) return reference;
  return std::string("lanes (") + method() + ", " + code_->current()->tier() + " " + compile::name_of(code_->isa()) + ")";
}

void CompiledModel::run(std::size_t count, const solve::PlanSource& plans, const solve::ResultSink& sink, const std::stop_token& stop,
                        const solve::Decide& decide, std::optional<std::vector<std::uint32_t>> observed) const {
  solve::Options options;
  options.observed = std::move(observed);
  options.relative_tolerance = settings_.relative_tolerance;
  options.absolute_scale = settings_.absolute_scale;
  if (settings_.engine == EngineChoice::Reference || code_ == nullptr) {
    solve::run_reference_ensemble(program_, count, plans, sink, options, settings_.threads, stop, decide);
  } else {
    solve::run_lanes(program_, *code_, count, plans, sink, options, settings_.threads, stop, decide);
  }
}

bool has_observables(const std::vector<CompiledModel>& models) {
  return std::any_of(models.begin(), models.end(), [](const CompiledModel& m) {
    const auto& outputs = m.model().outputs;
    return std::any_of(outputs.begin(), outputs.end(), [](const model::Output& o) { return !o.observable.empty(); });
  });
}

ObservableReader::ObservableReader(const compile::Program& program, const std::vector<std::string>& names)
    : program_(program), observables_(find_all(program, names)), interpreter_(program.graph, nodes_of(observables_)) {}

std::vector<std::uint32_t> ObservableReader::states() const {
  const auto needed = program_.graph.reachable(nodes_of(observables_));
  std::vector<char> read(program_.states.size(), 0);
  for (expr::NodeId id = 0; id < needed.size(); ++id) {
    if (needed[id] && program_.graph[id].op == expr::Op::State) read[program_.graph[id].a] = 1;
  }
  std::vector<std::uint32_t> states;
  for (std::uint32_t i = 0; i < read.size(); ++i) {
    if (read[i] != 0) states.push_back(i);
  }
  return states;
}

std::vector<double> ObservableReader::read(const solve::SubjectPlan& plan, const solve::SubjectResult& result) {
  const std::size_t n = program_.states.size();
  const std::size_t columns = observables_.size();
  std::vector<double> table(plan.outputs.size() * columns, std::nan(""));
  std::vector<double> parameters = plan.parameters;
  interpreter_.prepare(parameters);
  std::size_t stop = 0;
  for (std::size_t k = 0; k < plan.outputs.size(); ++k) {
    bool changed = false;
    for (; stop < plan.outputs[k].after_stops; ++stop) {
      if (plan.stops[stop].kind != solve::StopKind::SetParameter) continue;
      parameters[plan.stops[stop].index] = plan.stops[stop].value;
      changed = true;
    }
    if (!result.parameters.empty()) {
      const auto* row = result.parameters.data() + k * parameters.size();
      parameters.assign(row, row + parameters.size());
      changed = true;
    }
    if (changed) interpreter_.prepare(parameters);
    const std::span<const double> states(result.states.data() + k * n, n);
    if (std::any_of(states.begin(), states.end(), [](double x) { return std::isnan(x); })) continue;
    const std::size_t delays = program_.delays.size();
    interpreter_.evaluate(plan.outputs[k].time, states, {}, std::span(table).subspan(k * columns, columns),
                          std::span(result.delayed).subspan(k * delays, delays));
  }
  return table;
}

std::vector<double> ObservableReader::read_at(double time, std::span<const double> states, std::span<const double> parameters) {
  std::vector<double> values(observables_.size(), std::nan(""));
  interpreter_.prepare(parameters);
  interpreter_.evaluate(time, states, {}, values);
  return values;
}

}  // namespace osteosome::simulate
