// experiment
#include <fmt/format.h>
#include "osteosome/simulate/dosing.hpp"
#include "osteosome/simulate/patient.hpp"
#include "problems.hpp"
using namespace osteosome;
int main(int argc, char** argv) {
  const double rtol = argc > 1 ? std::atof(argv[1]) : 1e-6;
  const int n = argc > 2 ? std::atoi(argv[2]) : 32;
  const auto program = bench::load_program();
  solve::LaneCode code(program, {});
  setenv("X","1",1);
  {
    static std::vector<std::vector<double>> tight;
    FILE* f = fopen("/tmp/tight-teri.bin","rb");
    if (f) { tight.resize(8); for (auto& t : tight) { t.resize(25*program.states.size()); (void)!fread(t.data(),8,t.size(),f);} fclose(f);}    
    else { tight = bench::run_lanes(program, code, bench::Problem::Teriparatide, 8, 1e-11, {}).states; f=fopen("/tmp/tight-teri.bin","wb"); for (auto& t:tight) fwrite(t.data(),8,t.size(),f); fclose(f);}    
    fmt::print("{} {} ", code.current()->tier(), compile::name_of(code.isa())); const auto m = bench::run_lanes(program, code, bench::Problem::Teriparatide, n, rtol, tight);
    fmt::print("2010 teri rtol {:.0e}: E {:.2e}, {:.3f} ms, {} steps, {} rejected\n", rtol, m.error, m.cpu_ms, m.steps, m.rejected);
  }
}
