// SPDX-License-Identifier: Apache-2.0
// Any bytes as a model document: a model, or an Error with at least one diagnostic. Nothing else may happen.
#include "osteosome/model/document.hpp"

#include <cstdint>
#include <cstdlib>
#include <fstream>

#include "osteosome/core/diagnostics.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace osteosome;
  static const core::UnitSystem units;
  static const model::Library library{OSTEOSOME_ROOT};
  static const std::string path = [] {
    char folder[] = "/tmp/osteosome-fuzz-XXXXXX";  // of its own: documents look for others beside them
    if (mkdtemp(folder) == nullptr) std::abort();
    return std::string(folder) + "/fuzz.toml";
  }();
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  try {
    (void)model::to_markdown(model::load_model(path, library, units));
  } catch (const core::Error& error) {
    if (error.diagnostics().empty()) std::abort();
  }
  return 0;
}
