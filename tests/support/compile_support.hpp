// SPDX-License-Identifier: Apache-2.0
// For tests of compiled models: programs, blocks of slots, and the checkpoints of the OpenBoneMin right-hand side.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <new>
#include <ostream>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "documents.hpp"
#include "osteosome/compile/evaluator.hpp"
#include "osteosome/compile/interpreter.hpp"
#include "osteosome/compile/program.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::support {

/// A model with its lane program, built once.
struct Compiled {
  compile::Program program;
  std::shared_ptr<const compile::LaneProgram> lanes;
};

inline std::shared_ptr<const Compiled> compiled(const model::Model& model) {
  auto result = std::make_shared<Compiled>();
  result->program = compile::build_program(model);
  result->lanes = std::make_shared<const compile::LaneProgram>(compile::build_lane_program(result->program));
  return result;
}

inline const Compiled& shipped_program(const std::string& name) {
  static std::map<std::string, std::shared_ptr<const Compiled>> built;
  auto& slot = built[name];
  if (!slot) slot = compiled(shipped(name));
  return *slot;
}

/// Slots of a lane program for some number of lanes, aligned to 64 bytes; constants filled in, everything else zero.
class Block {
 public:
  Block(const compile::LaneProgram& program, int lanes)
      : lanes_(static_cast<std::size_t>(lanes)), size_(lanes_ * program.layout.total),
        data_(static_cast<double*>(::operator new(size_ * sizeof(double), kAlignment))) {
    for (std::size_t i = 0; i < size_; ++i) data_[i] = 0;
    for (std::size_t slot = 0; slot < program.constants.size(); ++slot) fill(static_cast<std::uint32_t>(slot), program.constants[slot]);
  }
  ~Block() { ::operator delete(data_, kAlignment); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  double& at(std::uint32_t slot, int lane) { return data_[slot * lanes_ + static_cast<std::size_t>(lane)]; }
  void fill(std::uint32_t slot, double value) {
    for (std::size_t lane = 0; lane < lanes_; ++lane) data_[slot * lanes_ + lane] = value;
  }
  [[nodiscard]] double* data() { return data_; }
  [[nodiscard]] int lanes() const { return static_cast<int>(lanes_); }

 private:
  static constexpr std::align_val_t kAlignment{64};
  std::size_t lanes_, size_;
  double* data_;
};

/// What a right-hand side depends on.
struct Point {
  double time = 0;
  std::vector<double> parameters, states;
};

/// The initial state with parameters as declared and every state varied by up to 20 %; states at 0 become up to 0.2.
inline Point random_point(const Compiled& model, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> factor(0.8, 1.2), small(0.01, 0.2), time(0, 1e5);
  Point point;
  point.time = time(generator);
  point.parameters = model.program.parameter_values;
  compile::Interpreter interpreter(model.program.graph, model.program.initial);
  interpreter.prepare(point.parameters);
  point.states.resize(model.program.states.size());
  interpreter.evaluate(0, {}, {}, point.states);
  for (double& x : point.states) x = x == 0 ? small(generator) : x * factor(generator);
  return point;
}

inline void set_inputs(const compile::LaneProgram& program, Block& block, const Point& point, int lane) {
  const auto& at = program.layout;
  block.at(at.time, lane) = point.time;
  for (std::uint32_t i = 0; i < program.n_parameters; ++i) block.at(at.parameters + i, lane) = point.parameters[i];
  for (std::uint32_t i = 0; i < program.n_states; ++i) block.at(at.states + i, lane) = point.states[i];
}

/// Prologue, then the branch bits from the gaps, for all lanes; a gap may use bits with a lower index, hence a pass for each.
inline void prepare(const Compiled& model, const compile::Evaluator& evaluator, Block& block) {
  const auto& at = model.lanes->layout;
  evaluator.run(compile::Phase::Prologue, block.data());
  for (std::uint32_t pass = 0; pass < model.lanes->n_switches; ++pass) {
    evaluator.run(compile::Phase::Gaps, block.data());
    for (int lane = 0; lane < block.lanes(); ++lane) {
      const double gap = block.at(at.gaps + pass, lane);
      const bool on = model.program.switches[pass].inclusive ? gap >= 0 : gap > 0;
      block.at(at.bits + pass, lane) = on ? 1 : 0;
    }
  }
}

/// The same branch bits by the interpreter.
inline std::vector<double> branch_bits(const compile::Program& program, const Point& point) {
  std::vector<double> bits(program.switches.size(), 0.0);
  for (std::size_t k = 0; k < bits.size(); ++k) {
    compile::Interpreter interpreter(program.graph, {program.switches[k].gap});
    interpreter.prepare(point.parameters);
    double gap = 0;
    interpreter.evaluate(point.time, point.states, bits, std::span(&gap, 1));
    bits[k] = (program.switches[k].inclusive ? gap >= 0 : gap > 0) ? 1 : 0;
  }
  return bits;
}

/// One of the points of rhs_checkpoints.csv.
struct Checkpoint {
  std::string name;
  double time = 0;
  std::map<std::string, double> parameters, states, derivatives;
};

inline void PrintTo(const Checkpoint& c, std::ostream* out) { *out << c.name; }  // NOLINT(readability-identifier-naming): GoogleTest's

inline std::vector<Checkpoint> checkpoints() {
  std::vector<Checkpoint> points;
  const std::vector<std::string> lines =
      core::split(core::read_file(std::string(OSTEOSOME_ROOT) + "/tests/data/openbonemin/rhs_checkpoints.csv"), '\n');
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto field = core::split(core::trim(lines[i]), ',');
    if (field.size() != 4) continue;
    if (points.empty() || points.back().name != field[0]) points.emplace_back().name = field[0];
    const double value = core::parse_double(field[3]).value();
    if (field[1] == "time") points.back().time = value;
    if (field[1] == "param_override") points.back().parameters[field[2]] = value;
    if (field[1] == "state") points.back().states[field[2]] = value;
    if (field[1] == "deriv") points.back().derivatives[field[2]] = value;
  }
  return points;
}

}  // namespace osteosome::support
