// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common.hpp"

namespace osteosome::app {

/// Arguments of osteosome validate.
struct ValidateWords {
  std::vector<std::string> studies, models, overlays;
  std::string domain = "clinical", role, evidence, out;
  SolverFlags flags;
};

/// The animal studies of the library, of a folder of study documents, or of a table in the layout of preclinical.csv.
int validate_preclinical(const ValidateWords& words);

}  // namespace osteosome::app
