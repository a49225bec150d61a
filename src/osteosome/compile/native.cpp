// SPDX-License-Identifier: Apache-2.0
// Generated straight-line C++ of a lane program, and its compilation with the system compiler.
#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>

#include "native_abi.hpp"
#include "osteosome/compile/evaluator.hpp"

extern "C" const char osteosome_lane_math_source[];  // the text of lane_math.hpp, embedded by the build
extern "C" const char osteosome_native_abi_source[];
extern "C" char** environ;

namespace osteosome::compile {
namespace {

namespace fs = std::filesystem;

std::string literal(double x) {
  if (std::isnan(x)) return "__builtin_nan(\"\")";
  if (std::isinf(x)) return x < 0 ? "-__builtin_inf()" : "__builtin_inf()";
  return fmt::format("{:a}", x);
}

/// Writes one phase as a function over local variables; a slot is stored after its last write.
class FunctionWriter {
 public:
  FunctionWriter(const LaneProgram& program, std::string& out) : program_(program), out_(out) {}

  void write(Phase phase, const std::string& name) {
    const auto& code = program_.phase(phase);
    variable_.clear();
    std::map<std::uint32_t, std::size_t> last_write;
    for (std::size_t k = 0; k < code.size(); ++k) last_write[code[k].dst] = k;
    out_ += "static void " + name + "(double* block) {\n  V* const s = reinterpret_cast<V*>(block);\n  (void)s;\n";
    for (std::size_t k = 0; k < code.size(); ++k) {
      const std::string value = expression(code[k]);
      out_ += fmt::format("  const V v{} = {};\n", k, value);
      variable_[code[k].dst] = fmt::format("v{}", k);
      if (code[k].dst < program_.layout.temporaries && last_write[code[k].dst] == k) out_ += fmt::format("  s[{}] = v{};\n", code[k].dst, k);
    }
    out_ += "}\n";
  }

 private:
  std::string operand(std::uint32_t slot) const {
    if (slot < program_.constants.size()) return "K(" + literal(program_.constants[slot]) + ")";
    const auto found = variable_.find(slot);
    return found != variable_.end() ? found->second : fmt::format("s[{}]", slot);
  }

  std::string expression(const Instruction& i) const {
    switch (i.op) {
#define TAPE_OPERATION(name, lanes) \
  case TapeOp::name: return filled(#lanes, i);
#define OPERATION(name, arity, value, derivative, range, lanes) TAPE_OPERATION(name, lanes)
#include "osteosome/expr/operations.def"
    }
    return "";
  }

  /// `code` with the operands in the place of a, b and c.
  std::string filled(std::string_view code, const Instruction& i) const {
    std::string text;
    while (!code.empty()) {
      std::size_t length = 0;
      while (length < code.size() && (std::isalnum(static_cast<unsigned char>(code[length])) != 0 || code[length] == '_')) ++length;
      const std::string_view word = code.substr(0, std::max<std::size_t>(length, 1));
      text += word == "a" ? operand(i.a) : word == "b" ? operand(i.b) : word == "c" ? operand(i.c) : std::string(word);
      code.remove_prefix(word.size());
    }
    return text;
  }

  const LaneProgram& program_;
  std::string& out_;
  std::map<std::uint32_t, std::string> variable_;
};

std::vector<std::string> isa_flags(Isa isa) {
  if (isa == Isa::Avx512) return {"-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx2", "-mfma", "-mprefer-vector-width=512"};
  if (isa == Isa::Avx2) return {"-mavx2", "-mfma"};
  return {};
}

/// Runs a program with its output discarded; its exit status, or -1 if it could not be started.
int run_quietly(const std::vector<std::string>& command) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int fd : {1, 2}) posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  const int failed = posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return -1;
  int status = 0;
  pid_t ended = 0;
  while ((ended = waitpid(pid, &status, 0)) < 0 && errno == EINTR) {
  }
  return ended < 0 || !WIFEXITED(status) ? -1 : WEXITSTATUS(status);
}

class LoadedNative final : public Evaluator {
 public:
  LoadedNative(void* library, const OsteosomeNative& native) : library_(library), native_(native) {}
  ~LoadedNative() override { dlclose(library_); }
  LoadedNative(const LoadedNative&) = delete;
  LoadedNative& operator=(const LoadedNative&) = delete;
  [[nodiscard]] int lanes() const override { return native_.lanes; }
  void run(Phase phase, double* block) const override { native_.phases[static_cast<int>(phase)](block); }
  [[nodiscard]] const char* tier() const override { return "native"; }

 private:
  void* library_;
  const OsteosomeNative& native_;
};

std::unique_ptr<Evaluator> open_native(const fs::path& file, const LaneProgram& program, Isa isa) {
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return nullptr;
  const auto* native = static_cast<const OsteosomeNative*>(dlsym(library, "osteosome_native"));
  if (native == nullptr || program.hash != native->hash || native->lanes != lanes_of(isa)) {
    dlclose(library);
    return nullptr;
  }
  return std::make_unique<LoadedNative>(library, *native);
}

}  // namespace

std::string native_source(const LaneProgram& program, Isa isa, const std::string& symbol) {
  std::string out = "// Generated by Osteosome from a model; do not edit.\n";
  out += osteosome_lane_math_source;
  out += osteosome_native_abi_source;
  out += fmt::format("#include <cmath>\nnamespace {{\nnamespace L = osteosome::lane;\nconstexpr int W = {};\n", lanes_of(isa));
  out += "using V = L::Real<W>;\n[[maybe_unused]] inline V K(double x) { return L::splat<W>(x); }\n";
  out += "[[maybe_unused]] inline V T(L::Int<W> m) { return L::select<W>(m, K(1.0), K(0.0)); }\n";
  static constexpr const char* names[kPhases] = {"prologue", "derivative", "derivative_and_jacobian", "factor", "solve", "gaps"};
  FunctionWriter writer(program, out);
  for (int p = 0; p < kPhases; ++p) writer.write(static_cast<Phase>(p), names[p]);
  out += fmt::format("}}\nextern \"C\" const OsteosomeNative {}{{\"{}\", W, {{", symbol, program.hash);
  for (int p = 0; p < kPhases; ++p) out += std::string(p > 0 ? ", " : "") + names[p];
  return out + "}};\n";
}

std::unique_ptr<Evaluator> compile_native(const LaneProgram& program, Isa isa, const std::string& cache_dir, std::string& why) {
  std::size_t size = 0;
  for (const auto& code : program.phases) size += code.size();
  if (size > kLargestNativeProgram) {
    why = "the model is too large for native code";
    return nullptr;
  }
  std::error_code ec;
  fs::create_directories(cache_dir, ec);
  const std::string stem = program.hash.substr(0, 32) + "-" + name_of(isa);
  const fs::path library = fs::path(cache_dir) / (stem + ".so");
  if (fs::exists(library, ec)) {
    if (auto cached = open_native(library, program, isa)) return cached;
  }
  const std::string unique = fmt::format("{}.{}.{}", stem, getpid(), static_cast<const void*>(&why));  // threads compile the same model, too
  const fs::path source = fs::path(cache_dir) / (unique + ".cpp");
  const fs::path object = fs::path(cache_dir) / (unique + ".so");
  {
    std::ofstream file(source);
    file << native_source(program, isa, "osteosome_native __attribute__((visibility(\"default\"))) = ");
    if (!file.flush()) {
      why = "cannot write to " + cache_dir;
      return nullptr;
    }
  }
  std::vector<std::string> command = {"c++", "-std=c++20", "-O1", "-shared", "-fPIC", "-ffp-contract=off", "-Wno-psabi"};
  for (const std::string& flag : isa_flags(isa)) command.push_back(flag);
  command.insert(command.end(), {"-o", object.string(), source.string()});
  const int status = run_quietly(command);
  fs::remove(source, ec);
  if (status != 0) {
    fs::remove(object, ec);
    why = status < 0 ? "no C++ compiler was found" : "the C++ compiler failed";
    return nullptr;
  }
  fs::rename(object, library, ec);
  auto native = open_native(library, program, isa);
  if (native == nullptr) why = "the compiled code could not be loaded";
  return native;
}

}  // namespace osteosome::compile
