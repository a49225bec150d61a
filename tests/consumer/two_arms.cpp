// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <osteosome/osteosome.hpp>
using namespace osteosome::cohort;

int main() {
  const auto workspace = Workspace::open(OSTEOSOME_DATA);
  const auto model = workspace->compile({"osteosome"});
  const Population women{.n = 1000, .quantities = {{.name = "denosumab.CL", .distribution = {.kind = "lognormal", .mean = 0.006, .sd = 0.3}}}};
  const auto months = Observation::regular(workspace->time("24 months"), workspace->time("12 months")).of({"TH"});
  for (const char* regimen : {"denosumab 60 mg sc every 6 months x 4", "none"}) {
    const PopulationSubjects arm(*model, workspace->units(), women, 1, {.age_days = 68 * 365.25}, workspace->treatment(regimen));
    const auto hip = simulate(*workspace, *model, arm, months).change_band("TH", 24 * osteosome::core::kDaysPerMonth);
    std::cout << regimen << ": " << hip.median << " % (" << hip.low << " to " << hip.high << ")\n";
  }
}
