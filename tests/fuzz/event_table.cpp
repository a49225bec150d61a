// SPDX-License-Identifier: Apache-2.0
// Any bytes as an event table: a table whose rows are in order, or an Error.
#include "osteosome/protocol/event_table.hpp"

#include <cstdint>
#include <cstdlib>

#include "osteosome/core/diagnostics.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace osteosome;
  static const core::UnitSystem units;
  static const std::vector<std::string> parameters = {"CL", "V", "F1"}, compartments = {"depot", "central"};
  try {
    const auto table = protocol::parse_event_table({reinterpret_cast<const char*>(data), size}, "fuzz.csv", "h", parameters, compartments, units);
    for (const auto& subject : table.subjects) {
      for (std::size_t i = 1; i < subject.rows.size(); ++i) {
        if (subject.rows[i].evid < 3 && subject.rows[i].time < subject.rows[i - 1].time) std::abort();
      }
    }
  } catch (const core::Error& error) {
    if (error.diagnostics().empty()) std::abort();
  }
  return 0;
}
