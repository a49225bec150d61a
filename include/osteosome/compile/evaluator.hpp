// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "osteosome/compile/lane_program.hpp"

namespace osteosome::compile {

/// Instruction sets with code of their own; all give the same bits.
enum class Isa { Scalar, Avx2, Avx512 };

/// The widest instruction set this processor has.
[[nodiscard]] Isa best_isa();
[[nodiscard]] bool has_isa(Isa isa);
[[nodiscard]] int lanes_of(Isa isa);  ///< doubles a vector: 1, 4, 8
[[nodiscard]] const char* name_of(Isa isa);
/// "scalar", "avx2", "avx512"; throws Error(Input) with a near match.
[[nodiscard]] Isa isa_from_name(const std::string& name);

/// Evaluates the phases of a lane program on a block of slots: double[layout.total][lanes()], aligned to 64 bytes.
/// Immutable, so one evaluator serves all threads.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  [[nodiscard]] virtual int lanes() const = 0;
  virtual void run(Phase phase, double* block) const = 0;
  [[nodiscard]] virtual const char* tier() const = 0;
};

/// The interpreter of the tape over blocks of 32 lanes, or 8 (`narrow`): always there, no start-up cost.
[[nodiscard]] std::unique_ptr<Evaluator> make_tape(std::shared_ptr<const LaneProgram> program, Isa isa, bool narrow = false);
/// Subjects that a narrow tape takes at a time.
inline constexpr std::size_t kFewSubjects = 8;

/// Generated straight-line code for this program, if it was compiled into the library (shipped models).
[[nodiscard]] std::unique_ptr<Evaluator> find_builtin_native(const LaneProgram& program, Isa isa);

/// C++ source of the program for one instruction set, defining `extern "C" const OsteosomeNative <symbol>`.
[[nodiscard]] std::string native_source(const LaneProgram& program, Isa isa, const std::string& symbol);

/// Compiles with the system compiler, caching by hash in `cache_dir`. Returns null and says why in `why` if that is impossible.
[[nodiscard]] std::unique_ptr<Evaluator> compile_native(const LaneProgram& program, Isa isa, const std::string& cache_dir, std::string& why);

/// Largest number of instructions that is compiled to native code; beyond it the tape serves.
inline constexpr std::size_t kLargestNativeProgram = 60000;

}  // namespace osteosome::compile
