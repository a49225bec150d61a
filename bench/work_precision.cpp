// SPDX-License-Identifier: Apache-2.0
// Work-precision diagram of the ways to integrate with lanes: achieved error, over all states and over the outputs only, against CPU time a subject.
// Prints CSV.
#include <fmt/format.h>

#include "problems.hpp"

namespace {

using namespace osteosome;

constexpr std::size_t kSubjects = 16, kJudged = 8;

struct Named {
  const char* name;
  bench::Way way;
};
constexpr auto kStates = bench::Over::States, kOutputs = bench::Over::Outputs;
constexpr Named kWays[] = {
    {"every dose", {1, kStates, false, "rodas5p", 1}},
    {"every dose, fewer stages (rodas4)", {1, kStates, false, "rodas4", 1}},
    {"every dose, tails let go (--atol-scale 1e4)", {1, kStates, false, "rodas5p", 1e4}},
    {"every dose, weighed by what is looked at", {1, kOutputs, false, "rodas5p", 1}},
    {"periods passed over", {1, kStates, true, "rodas5p", 1}},
    {"periods passed over, fewer stages (rodas4)", {1, kStates, true, "rodas4", 1}},
    {"periods passed over, weighed by what is looked at", {1, kOutputs, true, "rodas5p", 1}},
};

}  // namespace

int main() {
  const bench::Bone bone = bench::load_bone();
  solve::LaneCode code(bone.program, {});
  fmt::print("problem,way,rtol,error of states,error of outputs,cpu_ms_per_subject,steps,rejected\n");
  for (const auto problem : {bench::Problem::Denosumab, bench::Problem::Teriparatide}) {
    const bench::Work work(bone, code, problem, kJudged);
    for (const auto& [name, way] : kWays) {
      for (const double rtol : {1e-3, 1e-4, 1e-5, 1e-6, 1e-7}) {
        bench::Way at = way;
        at.rtol = rtol;
        const auto m = work.run(kSubjects, at);
        double states = 0, outputs = 0;
        for (std::size_t s = 0; s < kJudged; ++s) {
          states = std::max(states, work.error_of(s, m.states[s], kStates));
          outputs = std::max(outputs, work.error_of(s, m.states[s], kOutputs));
        }
        fmt::print("{},\"{}\",{:.0e},{:.2e},{:.2e},{:.3f},{},{}\n", bench::name_of(problem), name, rtol, states, outputs, m.cpu_ms, m.steps,
                   m.rejected);
        std::fflush(stdout);
      }
    }
  }
}
