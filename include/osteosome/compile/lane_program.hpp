// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "osteosome/compile/program.hpp"

namespace osteosome::compile {

/// Operations of a tape (operations.def); `Fma` is a*b + c, `Fnma` is c - a*b, `Fms` is a*b - c, each rounded once.
enum class TapeOp : std::uint8_t {
#define OPERATION(name, ...) name,
#define TAPE_OPERATION(name, ...) name,
#include "osteosome/expr/operations.def"
};

/// slot[dst] = op(slot[a], slot[b], slot[c]), for every lane.
struct Instruction {
  TapeOp op;
  std::uint32_t dst, a, b, c;
};

/// Where things stand in a block of slots; every slot holds one double a lane.
struct SlotLayout {
  std::uint32_t constants = 0, parameters = 0, hoisted = 0, time = 0, states = 0, bits = 0;
  std::uint32_t derivative = 0, jacobian = 0, time_derivative = 0;
  std::uint32_t lu = 0, inverse_gamma_h = 0, rhs = 0, gaps = 0, temporaries = 0, total = 0;
};

/// The phases an integrator calls. Inputs and outputs are slots of the layout.
enum class Phase : std::uint8_t {
  Prologue,               ///< parameters -> hoisted
  Derivative,             ///< time, states, bits, hoisted -> derivative
  DerivativeAndJacobian,  ///< the same -> derivative, jacobian, time_derivative
  Factor,                 ///< jacobian, inverse_gamma_h -> lu of (inverse_gamma_h * I - J)
  Solve,                  ///< lu, rhs -> rhs
  Gaps                    ///< time, states, bits, hoisted -> gaps
};
inline constexpr int kPhases = 6;

/// A Program as straight-line code over lanes: powers as exp(g log x), parameter-only work hoisted, sparse LU in Markowitz order.
struct LaneProgram {
  SlotLayout layout;
  std::vector<double> constants;
  std::vector<Instruction> phases[kPhases];
  std::vector<std::uint32_t> time_rows;  ///< states whose derivative depends on time explicitly
  std::uint32_t n_states = 0, n_parameters = 0, n_switches = 0;
  std::uint32_t lu_entries = 0;
  std::string hash;  ///< SHA-256 of everything above

  [[nodiscard]] const std::vector<Instruction>& phase(Phase p) const& { return phases[static_cast<int>(p)]; }
  const std::vector<Instruction>& phase(Phase p) && = delete;
};

[[nodiscard]] LaneProgram build_lane_program(const Program& program);

/// Number of transcendental operations (exp, log, tanh, ...) in a phase.
[[nodiscard]] std::size_t transcendental_count(const LaneProgram& program, Phase phase);

}  // namespace osteosome::compile
