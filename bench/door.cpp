// SPDX-License-Identifier: Apache-2.0
// What the door costs from C++, for bench/python.py: one subject, and a population with everything in memory. Prints name, seconds and megabytes.
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "osteosome/osteosome.hpp"

namespace {

using namespace osteosome;

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string model = argv[1];
  const auto workspace = cohort::Workspace::open(OSTEOSOME_BUILD "/share/osteosome");
  tasks::SimulationRequest request;
  request.model = model;
  request.until = "1 d";
  request.every = "1 d";
  request.solver.threads = std::thread::hardware_concurrency();
  (void)tasks::simulate(*workspace, request);
  constexpr int kCalls = 50;
  double began = seconds();
  for (int k = 0; k < kCalls; ++k) (void)tasks::simulate(*workspace, request);
  fmt::print("one {:.6f} {:.0f}\n", (seconds() - began) / kCalls, peak_megabytes());

  request.model = "osteosome";
  request.age = "65 years";
  request.until = "60 months";
  request.every = "1 month";
  request.observe = "LS,TH,FN,CTX,P1NP,BSAP,OC,modelling,beta_catenin,erk";
  cohort::Population population;
  population.n = static_cast<std::size_t>(std::atoi(argv[2]));
  population.quantities.push_back({"", "osteoclast.estrogen_rankl", {"lognormal", std::nan(""), 0.2, {}, {}}, {}});
  began = seconds();
  const auto result = tasks::simulate(*workspace, request, population, 1);
  fmt::print("population {:.3f} {:.0f}\n", seconds() - began, peak_megabytes());
  return result.values.failed() == 0 ? 0 : 1;
}
