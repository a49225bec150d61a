// SPDX-License-Identifier: Apache-2.0
// Work-precision diagram of the one-step methods: achieved error against CPU time a subject. Prints CSV.
#include <fmt/format.h>

#include "problems.hpp"

int main() {
  using namespace osteosome;
  const auto program = bench::load_program();
  solve::LaneCode code(program, {});
  constexpr std::size_t kSubjects = 32;
  constexpr double kTight = 1e-11;
  fmt::print("problem,method,rtol,error,cpu_ms_per_subject,steps,rejected\n");
  for (const auto problem : {bench::Problem::Denosumab, bench::Problem::Teriparatide}) {
    const auto tight = bench::run_lanes(program, code, problem, 8, kTight, {}).states;
    for (const char* method : {"rodas5p", "rodas4"}) {
      for (const double rtol : {1e-3, 1e-4, 1e-5, 1e-6, 1e-7}) {
        const auto m = bench::run_lanes(program, code, problem, kSubjects, rtol, tight, method);
        fmt::print("{},{},{:.0e},{:.2e},{:.3f},{},{}\n", bench::name_of(problem), method, rtol, m.error, m.cpu_ms, m.steps, m.rejected);
      }
    }
  }
}
