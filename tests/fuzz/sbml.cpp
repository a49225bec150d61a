// SPDX-License-Identifier: Apache-2.0
// Any bytes as an SBML file: a model that compiles and can be written again, or an Error with at least one diagnostic.
#include <cstdint>
#include <cstdlib>

#include "osteosome/compile/program.hpp"
#include "osteosome/core/diagnostics.hpp"
#include "osteosome/model/document.hpp"
#include "osteosome/sbml/export.hpp"
#include "osteosome/sbml/import.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace osteosome;
  static const core::UnitSystem units;
  try {
    const auto in = sbml::parse_sbml({reinterpret_cast<const char*>(data), size}, "fuzz.xml", units);
    (void)compile::build_program(in.model);
    (void)model::to_toml(in.model);
    (void)sbml::to_sbml(in.model);
  } catch (const core::Error& error) {
    if (error.diagnostics().empty()) std::abort();
  }
  return 0;
}
