// SPDX-License-Identifier: Apache-2.0
// Build tool: writes the native code of the shipped models, one file a model and instruction set, and the table of them.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "osteosome/compile/evaluator.hpp"
#include "osteosome/core/diagnostics.hpp"
#include "osteosome/model/document.hpp"

namespace {

using namespace osteosome;
namespace fs = std::filesystem;

std::string symbol_of(const std::string& stem, compile::Isa isa) {
  std::string symbol = "osteosome_native_" + stem + "_" + compile::name_of(isa);
  for (char& c : symbol) c = c == '-' ? '_' : c;
  return symbol;
}

void generate(const fs::path& root, const fs::path& out, const std::vector<std::string>& models) {
  fs::create_directories(out);
  const core::UnitSystem units;
  const model::Library library{root.string()};
  std::string declarations, entries;
  for (const std::string& path : models) {
    const auto program = compile::build_lane_program(compile::build_program(model::load_model(path, library, units)));
    for (const auto isa : {compile::Isa::Scalar, compile::Isa::Avx2, compile::Isa::Avx512}) {
      const std::string stem = fs::path(path).stem().string();
      const std::string symbol = symbol_of(stem, isa);
      std::ofstream(out / (stem + "_" + compile::name_of(isa) + ".cpp")) << compile::native_source(program, isa, symbol);
      declarations += "extern \"C\" const OsteosomeNative " + symbol + ";\n";
      entries += "&" + symbol + ", ";
    }
  }
  std::ofstream(out / "table.cpp") << "#include \"native_abi.hpp\"\n"
                                   << declarations << "extern \"C\" const OsteosomeNative* const osteosome_builtin_natives[] = {" << entries
                                   << "nullptr};\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: osteosome_codegen ROOT OUT MODEL.toml...\n";
    return 2;
  }
  try {
    generate(argv[1], argv[2], {argv + 3, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
