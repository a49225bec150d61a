// SPDX-License-Identifier: Apache-2.0
#include "reference_solvers.hpp"

#include <cvodes/cvodes.h>
#include <ida/ida.h>
#include <nvector/nvector_serial.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "osteosome/solve/subject.hpp"

namespace osteosome::solve {
namespace {

/// Least step after a restart, relative to the time: shorter ones do not move it and make CVODES see roots that are none.
constexpr double kLeastStep = 10 * std::numeric_limits<double>::epsilon();
constexpr long kStepsBetweenChecks = 2000;
constexpr int kMostFailures = 50;

template <class T>
using Owned = std::unique_ptr<std::remove_pointer_t<T>, void (*)(T)>;

/// What both solvers need: states, tolerances and a dense linear solver.
class Storage {
 public:
  Storage(const compile::Program& p, System& s, double rtol)
      : program(p), system(s), n(p.states.size()), relative_tolerance(rtol), entries(p.jacobian.size()), growth(n) {
    SUNContext raw = nullptr;
    SUNContext_Create(nullptr, &raw);
    context = {raw, [](SUNContext c) { SUNContext_Free(&c); }};
    const auto size = static_cast<sunindextype>(std::max<std::size_t>(n, 1));  // a model without states gets one that stands still
    y = {N_VNew_Serial(size, raw), N_VDestroy};
    tolerance = {N_VNew_Serial(size, raw), N_VDestroy};
    N_VConst(0, y.get());
    N_VConst(1, tolerance.get());
    matrix = {SUNDenseMatrix(size, size, raw), SUNMatDestroy};
    linear = {SUNLinSol_Dense(y.get(), matrix.get(), raw), [](SUNLinearSolver solver) { SUNLinSolFree(solver); }};
  }
  [[nodiscard]] std::span<double> view(N_Vector v) const { return {N_VGetArrayPointer(v), n}; }

  /// Sizes that states bring to a restart, by doses and events.
  void take_sizes() {
    const auto x = view(y.get()), t = view(tolerance.get());
    for (std::size_t i = 0; i < n; ++i) t[i] = std::max(t[i], growth[i] * std::abs(x[i]));
  }
  /// 1 / (rtol |y| + tolerance), the tolerance grown with y. In the first step of a state without a size its error does not count.
  static int weights(N_Vector states, N_Vector weights, void* data) {
    auto& at = *static_cast<Storage*>(data);
    const auto x = at.view(states), w = at.view(weights), t = at.view(at.tolerance.get());
    double largest = 0;
    for (const double value : x) largest = std::max(largest, std::abs(value));
    for (std::size_t i = 0; i < at.n; ++i) {
      t[i] = std::max(t[i], at.growth[i] * std::abs(x[i]));
      if (x[i] != 0 && at.growth[i] > 0) t[i] = std::max(t[i], kVanishing * largest);
      w[i] = t[i] > kUnsized ? 1 / (at.relative_tolerance * std::abs(x[i]) + t[i]) : kUnsized;
    }
    if (at.n == 0) N_VConst(1, weights);
    at.between_steps();
    return 0;
  }
  /// The first step after a restart at `t`, where a state that has no size yet asks for a short one; else 0: as the solver finds it.
  [[nodiscard]] double first_step(double t, double end) const {
    const auto a = view(tolerance.get());
    for (std::size_t i = 0; i < n; ++i) {
      if (a[i] <= kUnsized) return std::max(kNothing * (end - t), kLeastStep * std::abs(t));
    }
    return 0;
  }

  const compile::Program& program;
  System& system;
  std::size_t n;
  double relative_tolerance;
  std::vector<double> entries, growth;
  Owned<SUNContext> context{nullptr, nullptr};
  Owned<N_Vector> y{nullptr, N_VDestroy}, tolerance{nullptr, N_VDestroy};
  Owned<SUNMatrix> matrix{nullptr, SUNMatDestroy};
  Owned<SUNLinearSolver> linear{nullptr, nullptr};
  std::function<void()> between_steps;  // SUNDIALS asks for weights at the beginning of every step: the only place to look at the last one
  std::span<const double> watch;
  std::vector<std::vector<double>> watched;
};

/// The states at watched times that lie in the last step; `at_time(t, out)` gives those at t.
void look_back(Storage& at, double until, const std::function<void(double, N_Vector)>& at_time) {
  while (at.watched.size() < at.watch.size() && at.watch[at.watched.size()] <= until) {
    const Owned<N_Vector> states(N_VClone(at.y.get()), N_VDestroy);
    at_time(at.watch[at.watched.size()], states.get());
    const auto view = at.view(states.get());
    at.watched.emplace_back(view.begin(), view.end());
  }
}

/// Coefficients of the last step from its derivatives; `derivative(k, out)` gives the k-th.
std::vector<std::vector<double>> taylor_series(const Storage& at, int order, const std::function<void(int, N_Vector)>& derivative) {
  std::vector<std::vector<double>> coefficients;
  const Owned<N_Vector> d(N_VClone(at.y.get()), N_VDestroy);
  double factorial = 1;
  for (int k = 0; k <= order; ++k) {
    if (k > 1) factorial *= k;
    derivative(k, d.get());
    const auto view = at.view(d.get());
    coefficients.emplace_back(view.begin(), view.end());
    for (double& c : coefficients.back()) c /= factorial;
  }
  return coefficients;
}

void no_messages(int, const char*, const char*, char*, void*) {}

class Cvodes final : public Integrator {
 public:
  Cvodes(const compile::Program& program, System& system, double rtol) : at_(program, system, rtol) {
    at_.between_steps = [this] {
      double reached = 0;
      CVodeGetCurrentTime(memory_, &reached);
      look_back_until(reached);
    };
  }
  ~Cvodes() override { CVodeFree(&memory_); }
  Cvodes(const Cvodes&) = delete;
  Cvodes& operator=(const Cvodes&) = delete;

  std::span<double> states() override { return at_.view(at_.y.get()); }
  std::span<double> tolerances() override { return at_.view(at_.tolerance.get()); }
  std::span<double> growth() override { return at_.growth; }

  void restart(double t, double end, bool again) override {
    at_.take_sizes();
    if (memory_ == nullptr) create(t);
    CVodeReInit(memory_, t, at_.y.get());
    CVodeSetMinStep(memory_, again ? kLeastStep * std::abs(t) : 0);
    CVodeSetInitStep(memory_, at_.first_step(t, end));
  }

  void create(double t) {
    memory_ = CVodeCreate(CV_BDF, at_.context.get());
    CVodeSetErrHandlerFn(memory_, no_messages, nullptr);
    CVodeInit(memory_, &Cvodes::rhs, t, at_.y.get());
    CVodeWFtolerances(memory_, &Storage::weights);
    CVodeSetUserData(memory_, &at_);
    CVodeSetMaxNumSteps(memory_, kStepsBetweenChecks);
    CVodeSetMaxErrTestFails(memory_, kMostFailures);
    CVodeSetLinearSolver(memory_, at_.linear.get(), at_.matrix.get());
    CVodeSetJacFn(memory_, &Cvodes::jacobian);
    if (const auto count = static_cast<int>(at_.system.margin_count()); count > 0) CVodeRootInit(memory_, count, &Cvodes::margins);
    CVodeSetNoInactiveRootWarn(memory_);
  }

  Advance advance(double target, double stop, bool one_step, double& t) override {
    CVodeSetStopTime(memory_, stop);
    const int code = CVode(memory_, target, at_.y.get(), &t, one_step ? CV_ONE_STEP : CV_NORMAL);
    if (code == CV_ROOT_RETURN) return Advance::Root;
    if (code == CV_TSTOP_RETURN) return Advance::Stop;
    if (code == CV_TOO_MUCH_WORK) return Advance::Busy;
    return code < 0 ? Advance::Failed : Advance::Target;
  }

  void watch(std::span<const double> times) override {
    at_.watch = times;
    at_.watched.clear();
  }
  const std::vector<std::vector<double>>& watched(double until) override {
    look_back_until(until);
    return at_.watched;
  }
  void look_back_until(double until) {
    look_back(at_, until, [this](double t, N_Vector out) { CVodeGetDky(memory_, t, 0, out); });
  }
  void limit_step(double largest) override { CVodeSetMaxStep(memory_, largest); }
  void crossings(std::span<int> directions) override { CVodeGetRootInfo(memory_, directions.data()); }

  std::vector<std::vector<double>> taylor(double t) override {
    int order = 1;
    CVodeGetLastOrder(memory_, &order);
    return taylor_series(at_, order, [&](int k, N_Vector d) { CVodeGetDky(memory_, t, k, d); });
  }

  Count count() const override {
    Count c;
    CVodeGetNumSteps(memory_, &c.steps);
    CVodeGetNumErrTestFails(memory_, &c.failures);
    return c;
  }

 private:
  static int rhs(realtype t, N_Vector y, N_Vector dy, void* data) {
    auto& at = *static_cast<Storage*>(data);
    N_VConst(0, dy);
    return at.system.derivative(t, at.view(y), at.view(dy)) ? 0 : 1;
  }
  static int jacobian(realtype t, N_Vector y, N_Vector, SUNMatrix j, void* data, N_Vector, N_Vector, N_Vector) {
    auto& at = *static_cast<Storage*>(data);
    at.system.jacobian(t, at.view(y), at.entries);
    for (std::size_t k = 0; k < at.entries.size(); ++k) SM_ELEMENT_D(j, at.program.jacobian[k].row, at.program.jacobian[k].column) = at.entries[k];
    return 0;
  }
  static int margins(realtype t, N_Vector y, realtype* out, void* data) {
    auto& at = *static_cast<Storage*>(data);
    at.system.margins(t, at.view(y), {out, at.system.margin_count()});
    return 0;
  }

  Storage at_;
  void* memory_ = nullptr;
};

/// F(t, x, x') = x' - f(t, x), and the residual where an algebraic equation stands. IDA builds the Jacobian by differences.
class Ida final : public Integrator {
 public:
  Ida(const compile::Program& program, System& system, double rtol)
      : at_(program, system, rtol), slope_(N_VNew_Serial(static_cast<sunindextype>(at_.n), at_.context.get()), N_VDestroy) {
    at_.between_steps = [this] {
      double reached = 0;
      IDAGetCurrentTime(memory_, &reached);
      look_back_until(reached);
    };
  }
  ~Ida() override { IDAFree(&memory_); }
  Ida(const Ida&) = delete;
  Ida& operator=(const Ida&) = delete;

  std::span<double> states() override { return at_.view(at_.y.get()); }
  std::span<double> tolerances() override { return at_.view(at_.tolerance.get()); }
  std::span<double> growth() override { return at_.growth; }

  void restart(double t, double end, bool) override {
    at_.take_sizes();
    const auto slope = at_.view(slope_.get());
    (void)at_.system.derivative(t, states(), slope);  // the states are consistent, and so is the slope that index reduction gives
    for (double& s : slope) s = std::isfinite(s) ? s : 0;
    if (memory_ == nullptr) create(t);
    IDAReInit(memory_, t, at_.y.get(), slope_.get());
    IDASetInitStep(memory_, at_.first_step(t, end));
  }

  void create(double t) {
    memory_ = IDACreate(at_.context.get());
    IDASetErrHandlerFn(memory_, no_messages, nullptr);
    IDAInit(memory_, &Ida::residual, t, at_.y.get(), slope_.get());
    IDAWFtolerances(memory_, &Storage::weights);
    IDASetUserData(memory_, &at_);
    IDASetMaxNumSteps(memory_, kStepsBetweenChecks);
    IDASetMaxErrTestFails(memory_, kMostFailures);
    IDASetLinearSolver(memory_, at_.linear.get(), at_.matrix.get());
    if (const auto count = static_cast<int>(at_.system.margin_count()); count > 0) IDARootInit(memory_, count, &Ida::margins);
    IDASetNoInactiveRootWarn(memory_);
  }

  Advance advance(double target, double stop, bool one_step, double& t) override {
    IDASetStopTime(memory_, stop);
    const int code = IDASolve(memory_, target, &t, at_.y.get(), slope_.get(), one_step ? IDA_ONE_STEP : IDA_NORMAL);
    if (code == IDA_ROOT_RETURN) return Advance::Root;
    if (code == IDA_TSTOP_RETURN) return Advance::Stop;
    if (code == IDA_TOO_MUCH_WORK) return Advance::Busy;
    return code < 0 ? Advance::Failed : Advance::Target;
  }

  void watch(std::span<const double> times) override {
    at_.watch = times;
    at_.watched.clear();
  }
  const std::vector<std::vector<double>>& watched(double until) override {
    look_back_until(until);
    return at_.watched;
  }
  void look_back_until(double until) {
    look_back(at_, until, [this](double t, N_Vector out) { IDAGetDky(memory_, t, 0, out); });
  }
  void limit_step(double largest) override { IDASetMaxStep(memory_, largest); }
  void crossings(std::span<int> directions) override { IDAGetRootInfo(memory_, directions.data()); }

  std::vector<std::vector<double>> taylor(double t) override {
    int order = 1;
    IDAGetLastOrder(memory_, &order);
    return taylor_series(at_, order, [&](int k, N_Vector d) { IDAGetDky(memory_, t, k, d); });
  }

  Count count() const override {
    Count c;
    IDAGetNumSteps(memory_, &c.steps);
    IDAGetNumErrTestFails(memory_, &c.failures);
    return c;
  }

 private:
  static int residual(realtype t, N_Vector y, N_Vector dy, N_Vector out, void* data) {
    auto& at = *static_cast<Storage*>(data);
    const auto r = at.view(out), slope = at.view(dy);
    (void)at.system.derivative(t, at.view(y), r);
    for (std::size_t i = 0; i < at.n; ++i) r[i] = slope[i] - r[i];
    std::vector<double> algebraic(at.program.algebraic.size());
    at.system.residuals(t, at.view(y), algebraic);
    for (std::size_t k = 0; k < algebraic.size(); ++k) r[at.program.algebraic[k].state] = algebraic[k];
    for (const double x : r) {
      if (!std::isfinite(x)) return 1;
    }
    return 0;
  }
  static int margins(realtype t, N_Vector y, N_Vector, realtype* out, void* data) {
    auto& at = *static_cast<Storage*>(data);
    at.system.margins(t, at.view(y), {out, at.system.margin_count()});
    return 0;
  }

  Storage at_;
  Owned<N_Vector> slope_;
  void* memory_ = nullptr;
};

}  // namespace

std::unique_ptr<Integrator> make_integrator(const compile::Program& program, System& system, double relative_tolerance) {
  if (program.algebraic.empty()) return std::make_unique<Cvodes>(program, system, relative_tolerance);
  return std::make_unique<Ida>(program, system, relative_tolerance);
}

}  // namespace osteosome::solve
