// SPDX-License-Identifier: Apache-2.0
#include "osteosome/compile/evaluator.hpp"

#include "native_abi.hpp"
#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"
#include "tape_kernel.hpp"

/// The natives compiled into the program, ended by a null pointer. A program that links neither osteosome_natives nor osteosome_no_natives has none
/// and is refused by the linker.
extern "C" const OsteosomeNative* const osteosome_builtin_natives[];

namespace osteosome::compile {
namespace {

class Tape final : public Evaluator {
 public:
  Tape(std::shared_ptr<const LaneProgram> program, Isa isa, int lanes)
      : program_(std::move(program)), lanes_(lanes),
        kernel_(isa == Isa::Avx512 ? run_tape_avx512
                : isa == Isa::Avx2 ? run_tape_avx2
                                   : run_tape_scalar) {}
  [[nodiscard]] int lanes() const override { return lanes_; }
  void run(Phase phase, double* block) const override {
    const auto& code = program_->phase(phase);
    kernel_(code.data(), code.size(), block, lanes_);
  }
  [[nodiscard]] const char* tier() const override { return "tape"; }

 private:
  std::shared_ptr<const LaneProgram> program_;
  int lanes_;
  void (*kernel_)(const Instruction*, std::size_t, double*, int);
};

class BuiltinNative final : public Evaluator {
 public:
  explicit BuiltinNative(const OsteosomeNative& native) : native_(native) {}
  [[nodiscard]] int lanes() const override { return native_.lanes; }
  void run(Phase phase, double* block) const override { native_.phases[static_cast<int>(phase)](block); }
  [[nodiscard]] const char* tier() const override { return "native"; }

 private:
  const OsteosomeNative& native_;
};

const std::vector<std::string> kIsaNames = {"scalar", "avx2", "avx512"};

}  // namespace

bool has_isa(Isa isa) {
#if defined(__x86_64__)
  switch (isa) {
    case Isa::Scalar: return true;
    case Isa::Avx2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Isa::Avx512: return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  }
#endif
  return isa == Isa::Scalar;
}

Isa best_isa() { return has_isa(Isa::Avx512) ? Isa::Avx512 : has_isa(Isa::Avx2) ? Isa::Avx2 : Isa::Scalar; }
int lanes_of(Isa isa) { return isa == Isa::Avx512 ? 8 : isa == Isa::Avx2 ? 4 : 1; }
const char* name_of(Isa isa) { return kIsaNames[static_cast<std::size_t>(isa)].c_str(); }

Isa isa_from_name(const std::string& name) {
  for (std::size_t i = 0; i < kIsaNames.size(); ++i) {
    if (kIsaNames[i] != name) continue;
    if (has_isa(static_cast<Isa>(i))) return static_cast<Isa>(i);
    throw core::Error(core::ErrorKind::Unsupported,
                      {"input-013", "this processor has no " + name, {}, std::string("The widest here is ") + name_of(best_isa()) + "."});
  }
  throw core::Error(core::ErrorKind::Input, {"input-011", "unknown instruction set '" + name + "'", {}, core::did_you_mean(name, kIsaNames)});
}

std::unique_ptr<Evaluator> make_tape(std::shared_ptr<const LaneProgram> program, Isa isa, bool narrow) {
  return std::make_unique<Tape>(std::move(program), isa, narrow ? kNarrowTapeLanes : kTapeLanes);
}

std::unique_ptr<Evaluator> find_builtin_native(const LaneProgram& program, Isa isa) {
  for (const OsteosomeNative* const* native = osteosome_builtin_natives; *native != nullptr; ++native) {
    if ((*native)->lanes == lanes_of(isa) && program.hash == (*native)->hash) return std::make_unique<BuiltinNative>(**native);
  }
  return nullptr;
}

}  // namespace osteosome::compile
