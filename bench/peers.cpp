// SPDX-License-Identifier: Apache-2.0
// Lanes beside SUNDIALS CVODES (BDF, analytic Jacobian, the faster of dense and KLU, with and without root finding) driven by scalar native
// code of the same model, compiled with fma for this processor. Each engine runs at its loosest tolerance that reaches the error asked for.
#include <cvodes/cvodes.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <nvector/nvector_serial.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunlinsol/sunlinsol_klu.h>
#include <sunmatrix/sunmatrix_dense.h>
#include <sunmatrix/sunmatrix_sparse.h>

#include <chrono>
#include <cstdlib>
#include <fstream>

#include "../src/osteosome/compile/native_abi.hpp"
#include "osteosome/solve/subject.hpp"
#include "problems.hpp"

namespace {

using namespace osteosome;
using bench::Problem;

const OsteosomeNative& scalar_native(const compile::LaneProgram& program) {
  const std::string stem = std::string(OSTEOSOME_BUILD) + "/bench-scalar";
  std::ofstream(stem + ".cpp") << compile::native_source(program, compile::Isa::Scalar,
                                                         "osteosome_native __attribute__((visibility(\"default\"))) = ");
  const std::string command = "c++ -std=c++20 -O3 -march=native -ffp-contract=off -w -shared -fPIC -o " + stem + ".so " + stem + ".cpp";
  if (std::system(command.c_str()) != 0) std::exit(1);
  void* library = dlopen((stem + ".so").c_str(), RTLD_NOW);
  return *static_cast<const OsteosomeNative*>(dlsym(library, "osteosome_native"));
}

enum class Linear { Dense, Klu };

/// CVODES on one subject at a time.
class Peer {
 public:
  Peer(const compile::Program& program, const compile::LaneProgram& lane, const OsteosomeNative& native, Linear linear, bool roots)
      : program_(program), lane_(lane), at_(lane.layout), native_(native), linear_(linear), roots_(roots), block_(lane.layout.total) {
    for (std::size_t c = 0; c < lane.constants.size(); ++c) block_[c] = lane.constants[c];
  }

  std::vector<double> run(const solve::SubjectPlan& plan, double rtol) {
    const auto n = static_cast<sunindextype>(lane_.n_states);
    SUNContext context = nullptr;
    SUNContext_Create(nullptr, &context);
    N_Vector y = N_VNew_Serial(n, context), atol = N_VNew_Serial(n, context);
    solve::SubjectSetup setup(program_);
    solve::Options options;
    options.relative_tolerance = rtol;
    setup.initial_states(plan, {N_VGetArrayPointer(y), lane_.n_states});
    std::vector<double> growth(lane_.n_states);  // all 0: every state of this model has a size of its own
    setup.absolute_tolerances(plan, options, {N_VGetArrayPointer(atol), lane_.n_states}, growth);
    std::copy(plan.parameters.begin(), plan.parameters.end(), block_.begin() + at_.parameters);
    phase(compile::Phase::Prologue);
    SUNMatrix matrix = linear_ == Linear::Dense
                           ? SUNDenseMatrix(n, n, context)
                           : SUNSparseMatrix(n, n, static_cast<sunindextype>(program_.jacobian.size() + lane_.n_states), CSR_MAT, context);
    SUNLinearSolver solver = linear_ == Linear::Dense ? SUNLinSol_Dense(y, matrix, context) : SUNLinSol_KLU(y, matrix, context);
    void* memory = CVodeCreate(CV_BDF, context);
    CVodeInit(memory, rhs, plan.start, y);
    CVodeSVtolerances(memory, rtol, atol);
    CVodeSetUserData(memory, this);
    CVodeSetMaxNumSteps(memory, -1);
    CVodeSetLinearSolver(memory, solver, matrix);
    CVodeSetJacFn(memory, jacobian);
    if (roots_) CVodeRootInit(memory, static_cast<int>(lane_.n_switches), gaps);
    CVodeSetNoInactiveRootWarn(memory);
    std::vector<double> out;
    integrate(memory, plan, y, out);
    CVodeFree(&memory);
    SUNLinSolFree(solver);
    SUNMatDestroy(matrix);
    N_VDestroy(y);
    N_VDestroy(atol);
    SUNContext_Free(&context);
    return out;
  }
  std::uint64_t steps = 0;

 private:
  void phase(compile::Phase p) { native_.phases[static_cast<int>(p)](block_.data()); }
  void load(double t, N_Vector y) {
    block_[at_.time] = t;
    std::copy_n(N_VGetArrayPointer(y), lane_.n_states, block_.begin() + at_.states);
  }
  void live_bits() {
    for (std::uint32_t pass = 0; pass <= lane_.n_switches; ++pass) {
      phase(compile::Phase::Gaps);
      bool moved = false;
      for (std::uint32_t k = 0; k < lane_.n_switches; ++k) {
        const double g = block_[at_.gaps + k], bit = (program_.switches[k].inclusive ? g >= 0 : g > 0) ? 1 : 0;
        moved = moved || bit != block_[at_.bits + k];
        block_[at_.bits + k] = bit;
      }
      if (!moved) return;
    }
  }

  void integrate(void* memory, const solve::SubjectPlan& plan, N_Vector y, std::vector<double>& out) {
    double t = plan.start;
    std::size_t stop = 0, output = 0;
    bool restart = true;
    while (output < plan.outputs.size()) {
      if (plan.outputs[output].after_stops <= stop && plan.outputs[output].time <= t) {
        out.insert(out.end(), N_VGetArrayPointer(y), N_VGetArrayPointer(y) + lane_.n_states);
        ++output;
        continue;
      }
      if (stop < plan.stops.size() && plan.stops[stop].time <= t) {
        N_VGetArrayPointer(y)[plan.stops[stop].index] += plan.stops[stop].value;
        ++stop;
        restart = true;
        load(t, y);
        live_bits();
        continue;
      }
      if (restart) {
        long count = 0;
        CVodeGetNumSteps(memory, &count);
        steps += static_cast<std::uint64_t>(count);
        CVodeReInit(memory, t, y);
      }
      restart = false;
      const double end = stop < plan.stops.size() ? plan.stops[stop].time : plan.outputs.back().time;
      const double target = plan.outputs[output].after_stops == stop ? std::min(end, plan.outputs[output].time) : end;
      CVodeSetStopTime(memory, end);
      const int code = CVode(memory, target, y, &t, CV_NORMAL);
      if (code == CV_TSTOP_RETURN) t = end;
      if (code == CV_ROOT_RETURN) {
        std::vector<int> found(lane_.n_switches);
        CVodeGetRootInfo(memory, found.data());
        for (std::uint32_t k = 0; k < lane_.n_switches; ++k) {
          if (found[k] != 0) block_[at_.bits + k] = found[k] > 0 ? 1 : 0;
        }
        restart = true;
      }
      if (code < 0) break;
    }
    long count = 0;
    CVodeGetNumSteps(memory, &count);
    steps += static_cast<std::uint64_t>(count);
    out.resize(plan.outputs.size() * lane_.n_states, std::nan(""));
  }

  static int rhs(realtype t, N_Vector y, N_Vector dy, void* self_) {
    auto& self = *static_cast<Peer*>(self_);
    self.load(t, y);
    if (!self.roots_) self.live_bits();
    self.phase(compile::Phase::Derivative);
    std::copy_n(self.block_.begin() + self.at_.derivative, self.lane_.n_states, N_VGetArrayPointer(dy));
    return 0;
  }
  static int jacobian(realtype t, N_Vector y, N_Vector, SUNMatrix j, void* self_, N_Vector, N_Vector, N_Vector) {
    auto& self = *static_cast<Peer*>(self_);
    self.load(t, y);
    self.phase(compile::Phase::DerivativeAndJacobian);
    const auto& entries = self.program_.jacobian;
    if (self.linear_ == Linear::Dense) {
      for (std::size_t k = 0; k < entries.size(); ++k) SM_ELEMENT_D(j, entries[k].row, entries[k].column) = self.block_[self.at_.jacobian + k];
      return 0;
    }
    auto* row = SUNSparseMatrix_IndexPointers(j);
    auto* column = SUNSparseMatrix_IndexValues(j);
    double* data = SUNSparseMatrix_Data(j);
    std::size_t k = 0, filled = 0;
    for (std::uint32_t i = 0; i < self.lane_.n_states; ++i) {
      row[i] = static_cast<sunindextype>(filled);
      bool diagonal = false;
      for (; k < entries.size() && entries[k].row == i; ++k) {
        if (!diagonal && entries[k].column > i) {
          column[filled] = static_cast<sunindextype>(i);
          data[filled++] = 0;
          diagonal = true;
        }
        diagonal = diagonal || entries[k].column == i;
        column[filled] = static_cast<sunindextype>(entries[k].column);
        data[filled++] = self.block_[self.at_.jacobian + k];
      }
      if (!diagonal) {
        column[filled] = static_cast<sunindextype>(i);
        data[filled++] = 0;
      }
    }
    row[self.lane_.n_states] = static_cast<sunindextype>(filled);
    return 0;
  }
  static int gaps(realtype t, N_Vector y, realtype* out, void* self_) {
    auto& self = *static_cast<Peer*>(self_);
    self.load(t, y);
    self.phase(compile::Phase::Gaps);
    std::copy_n(self.block_.begin() + self.at_.gaps, self.lane_.n_switches, out);
    return 0;
  }

  const compile::Program& program_;
  const compile::LaneProgram& lane_;
  const compile::SlotLayout& at_;
  const OsteosomeNative& native_;
  Linear linear_;
  bool roots_;
  std::vector<double> block_;
};

constexpr std::size_t kLaneSubjects = 1000, kPeerSubjects = 20, kSearchSubjects = 1;
constexpr double kFirstPeer = 1e-6, kTightestPeer = 1e-9;  // CVODES is far from the errors asked for outside this range
const std::vector<double> kTolerances = {
    1e-3, 5e-4, 2e-4, 1e-4, 5e-5, 2e-5, 1e-5, 5e-6, 2e-6, 1e-6, 5e-7, 2e-7, 1e-7, 5e-8, 2e-8, 1e-8, 5e-9, 2e-9, 1e-9, 1e-10};

/// The error that is asked for.
struct Wanted {
  double error;
  bench::Over over;
};

struct PeerTime {
  double rtol = 0, error = HUGE_VAL, cpu_ms = HUGE_VAL;
  std::uint64_t steps = 0;
  std::string name;
};

PeerTime measure_peer(const bench::Work& work, const OsteosomeNative& native, const Wanted& wanted, Linear linear, bool roots, double first) {
  PeerTime best;
  best.name = fmt::format("CVODES {} {}", linear == Linear::Dense ? "dense" : "KLU", roots ? "with roots" : "without roots");
  const auto run = [&](double rtol, std::size_t count) {
    Peer peer(work.bone().program, work.code().lane_program(), native, linear, roots);
    double error = 0;
    const double begin = bench::cpu_seconds();
    std::vector<std::vector<double>> states;
    for (std::size_t s = 0; s < count; ++s) states.push_back(peer.run(work.plan(s), rtol));
    const double cpu = (bench::cpu_seconds() - begin) * 1e3 / static_cast<double>(count);
    for (std::size_t s = 0; s < count; ++s) error = std::max(error, work.error_of(s, states[s], wanted.over));
    return PeerTime{rtol, error, cpu, peer.steps / count, best.name};
  };
  for (const double rtol : kTolerances) {
    if (rtol > first || rtol < kTightestPeer) continue;
    if (run(rtol, kSearchSubjects).error > wanted.error) continue;
    best = run(rtol, kPeerSubjects);
    if (best.error <= wanted.error) return best;
  }
  best.cpu_ms = HUGE_VAL;
  return best;
}

void compare(const bench::Work& work, const OsteosomeNative& native, const Wanted& wanted) {
  bench::Work::Measured lanes;
  bench::Way way;
  way.over = wanted.over;
  for (const double rtol : kTolerances) {
    way.rtol = rtol;
    if (work.run(kPeerSubjects, way).error > wanted.error) continue;
    lanes = work.run(kLaneSubjects, way);
    if (lanes.error <= wanted.error) break;
  }
  fmt::print("{}, {}, E <= {:.0e}\n  lanes ({} {}): rtol {:.0e}, E {:.1e}, {} steps, {} rejected, {:.3f} ms CPU a subject ({} subjects)\n",
             bench::name_of(work.problem()), bench::name_of(wanted.over), wanted.error, work.code().current()->tier(),
             compile::name_of(work.code().isa()), way.rtol, lanes.error, lanes.steps, lanes.rejected, lanes.cpu_ms, kLaneSubjects);
  PeerTime best;
  for (const bool roots : {true, false}) {
    double first = kFirstPeer;
    for (const Linear linear : {Linear::Klu, Linear::Dense}) {
      const PeerTime p = measure_peer(work, native, wanted, linear, roots, first);
      if (std::isinf(p.cpu_ms)) {
        fmt::print("  {}: does not reach this error\n", p.name);
      } else {
        fmt::print("  {}: rtol {:.0e}, E {:.1e}, {} steps, {:.2f} ms CPU a subject ({} subjects)\n", p.name, p.rtol, p.error, p.steps, p.cpu_ms,
                   kPeerSubjects);
      }
      if (std::isinf(p.cpu_ms)) break;  // the linear solver does not change what is reached
      first = p.rtol;
      if (p.cpu_ms < best.cpu_ms) best = p;
    }
  }
  fmt::print("  ratio: {:.1f} times less CPU than the fastest peer ({})\n", best.cpu_ms / lanes.cpu_ms, best.name);
  std::fflush(stdout);
}

void threads(const bench::Work& work) {
  const auto wall = [&](unsigned n) {
    const auto begin = std::chrono::steady_clock::now();
    (void)work.run(4000, {1e-5}, n);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  const double one = wall(1), two = wall(2);
  fmt::print("two threads: {:.2f} times one ({:.2f} s, {:.2f} s for 4000 subjects)\n", one / two, one, two);
}

}  // namespace

int main() {
  const bench::Bone bone = bench::load_bone();
  solve::LaneCode code(bone.program, {});
  const OsteosomeNative& native = scalar_native(code.lane_program());
  for (const Problem problem : {Problem::Denosumab, Problem::Teriparatide}) {
    const bench::Work work(bone, code, problem, kPeerSubjects);
    if (problem == Problem::Denosumab) threads(work);
    for (const bench::Over over : {bench::Over::States, bench::Over::Outputs}) {
      for (const double error : {1e-6, 1e-7}) compare(work, native, {error, over});
    }
  }
}
