// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "osteosome/evidence/animal_grade.hpp"
#include "osteosome/evidence/mechanisms.hpp"

namespace osteosome::report {

struct PreclinicalInput {
  std::vector<evidence::AnimalResult> results;
  evidence::Mechanisms mechanisms;
  std::vector<evidence::AnimalLeftOut> left_out;
};

/// Self-contained HTML page.
[[nodiscard]] std::string make_preclinical_report(const PreclinicalInput& input);

}  // namespace osteosome::report
