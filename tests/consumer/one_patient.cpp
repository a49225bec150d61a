// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <osteosome/osteosome.hpp>
using namespace osteosome::cohort;

int main() {
  const auto workspace = Workspace::open(OSTEOSOME_DATA);
  const auto model = workspace->compile({"osteosome"});
  const Subject woman{
      .patient = {.age_days = 68 * 365.25, .t_scores = {{"TH", -2.0}}}, .treatment = workspace->treatment("denosumab 60 mg sc every 6 months x 6")};
  const auto months = Observation::regular(workspace->time("36 months"), workspace->time("6 months")).of({"TH"});
  const auto course = simulate(*workspace, *model, woman, months);
  std::cout << course.change(0, 6, 0) << " % at the total hip after three years\n";
}
