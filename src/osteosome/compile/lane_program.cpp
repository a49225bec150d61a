// SPDX-License-Identifier: Apache-2.0
#include "osteosome/compile/lane_program.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "osteosome/core/text.hpp"

namespace osteosome::compile {
namespace {

using expr::Graph;
using expr::Op;

constexpr std::uint32_t kNoSlot = ~std::uint32_t{0};

TapeOp tape_op(Op op) {
  static const std::map<Op, TapeOp> table = {
      {Op::Add, TapeOp::Add},     {Op::Sub, TapeOp::Sub},      {Op::Mul, TapeOp::Mul},
      {Op::Div, TapeOp::Div},     {Op::Neg, TapeOp::Neg},      {Op::Exp, TapeOp::Exp},
      {Op::Log, TapeOp::Log},     {Op::Sqrt, TapeOp::Sqrt},    {Op::Tanh, TapeOp::Tanh},
      {Op::Sin, TapeOp::Sin},     {Op::Cos, TapeOp::Cos},      {Op::Tan, TapeOp::Tan},
      {Op::Asin, TapeOp::Asin},   {Op::Acos, TapeOp::Acos},    {Op::Atan, TapeOp::Atan},
      {Op::Sinh, TapeOp::Sinh},   {Op::Cosh, TapeOp::Cosh},    {Op::Floor, TapeOp::Floor},
      {Op::Ceil, TapeOp::Ceil},   {Op::Less, TapeOp::Less},    {Op::LessEqual, TapeOp::LessEqual},
      {Op::Equal, TapeOp::Equal}, {Op::And, TapeOp::And},      {Op::Or, TapeOp::Or},
      {Op::Not, TapeOp::Not},     {Op::Select, TapeOp::Select}};
  return table.at(op);
}

/// Rewrites a graph for lanes: x^g becomes exp(g log x), and division by a parameter-only value a product with its inverse.
class Lowering {
 public:
  explicit Lowering(const Graph& source) : source_(source) {}

  std::vector<NodeId> run(const std::vector<NodeId>& roots) {
    const auto needed = source_.reachable(roots);
    map_.resize(needed.size(), 0);
    for (NodeId id = 0; id < needed.size(); ++id) {
      if (needed[id]) map_[id] = lower(source_[id]);
    }
    std::vector<NodeId> result;
    for (const NodeId root : roots) result.push_back(map_[root]);
    return result;
  }

  Graph graph;

 private:
  NodeId lower(const expr::Node& n) {
    switch (n.op) {
      case Op::Constant: return graph.constant(n.value);
      case Op::Parameter:
      case Op::State:
      case Op::Time:
      case Op::Switch: return graph.leaf(n.op, n.a);
      case Op::Pow: return power(map_[n.a], map_[n.b]);
      case Op::Div: {
        const NodeId divisor = map_[n.b];
        const bool fixed = (graph.depends(divisor) & ~expr::kOnParameter) == 0;
        const bool whole_fixed = fixed && (graph.depends(map_[n.a]) & ~expr::kOnParameter) == 0;
        if (!fixed || whole_fixed) return graph.make(Op::Div, map_[n.a], divisor);
        return graph.make(Op::Mul, map_[n.a], graph.make(Op::Div, graph.constant(1), divisor));
      }
      default: return graph.make(n.op, map_[n.a], map_[n.b], map_[n.c]);
    }
  }

  /// exp(g log x). A parameter g, or a large constant, may be a whole number, for which a negative x has a power too: |x|^g, or its negative if g is
  /// odd. For other g the odd one continues the power below 0, where rounding may put a stage of a step (decision 0021).
  NodeId power(NodeId x, NodeId g) {
    const auto raised = [&](NodeId base) { return graph.make(Op::Exp, graph.make(Op::Mul, g, graph.make(Op::Log, base))); };
    const bool parameter = graph.depends(g) == expr::kOnParameter && (graph.depends(x) & ~expr::kOnParameter) != 0;
    const expr::Node& exponent = graph[g];
    const bool whole = exponent.op == Op::Constant && std::floor(exponent.value) == exponent.value;
    if (!parameter && !whole) return raised(x);
    const NodeId half = graph.make(Op::Mul, g, graph.constant(0.5)), one = graph.constant(1);
    const NodeId even = graph.make(Op::Equal, graph.make(Op::Floor, half), half);
    const NodeId sign = graph.make(Op::Select, even, one, graph.constant(-1));
    const NodeId negative = graph.make(Op::Less, x, graph.constant(0));
    const NodeId size = graph.make(Op::Select, negative, graph.make(Op::Neg, x), x);
    return graph.make(Op::Mul, raised(size), graph.make(Op::Select, negative, sign, one));
  }

  const Graph& source_;
  std::vector<NodeId> map_;
};

/// Emits the instructions of one phase: nodes in order, multiply-adds fused, temporaries reusing slots.
class PhaseEmitter {
 public:
  PhaseEmitter(const Graph& graph, const std::vector<std::uint32_t>& fixed_slot, std::uint32_t first_temporary)
      : graph_(graph), slot_(fixed_slot), first_temporary_(first_temporary) {}

  /// Computes `roots`, whose values go to the slots `targets`; `copy_zero` is a slot holding 0.
  std::vector<Instruction> run(const std::vector<NodeId>& roots, const std::vector<std::uint32_t>& targets, std::uint32_t zero_slot) {
    needed_.assign(graph_.size(), 0);
    for (const NodeId root : roots) need(root);
    count_uses(roots);
    for (std::size_t k = 0; k < roots.size(); ++k) {
      if (slot_[roots[k]] == kNoSlot && !target_.contains(roots[k])) target_[roots[k]] = targets[k];
    }
    for (NodeId id = 0; id < graph_.size(); ++id) {
      if (needed_[id] && !fused_[id]) emit(id);
    }
    for (std::size_t k = 0; k < roots.size(); ++k) {
      if (slot_[roots[k]] != targets[k]) code_.push_back({TapeOp::Add, targets[k], slot_[roots[k]], zero_slot, 0});
    }
    return std::move(code_);
  }
  [[nodiscard]] std::uint32_t temporaries() const { return highest_; }

 private:
  void need(NodeId root) {
    std::vector<NodeId> stack = {root};
    while (!stack.empty()) {
      const NodeId id = stack.back();
      stack.pop_back();
      if (needed_[id] || slot_[id] != kNoSlot) continue;
      needed_[id] = 1;
      const auto& n = graph_[id];
      const int count = expr::arity(n.op);
      if (count > 0) stack.push_back(n.a);
      if (count > 1) stack.push_back(n.b);
      if (count > 2) stack.push_back(n.c);
    }
  }

  void count_uses(const std::vector<NodeId>& roots) {
    uses_.assign(graph_.size(), 0);
    fused_.assign(graph_.size(), 0);
    const auto visit = [&](NodeId id, auto action) {
      const auto& n = graph_[id];
      const int count = expr::arity(n.op);
      if (count > 0) action(n.a);
      if (count > 1) action(n.b);
      if (count > 2) action(n.c);
    };
    for (const NodeId root : roots) uses_[root] += 2;  // a root is never fused away
    for (NodeId id = 0; id < graph_.size(); ++id) {
      if (needed_[id]) visit(id, [&](NodeId arg) { ++uses_[arg]; });
    }
    for (NodeId id = 0; id < graph_.size(); ++id) {
      const auto& n = graph_[id];
      if (!needed_[id] || (n.op != Op::Add && n.op != Op::Sub)) continue;
      const auto candidate = [&](NodeId m) { return needed_[m] && graph_[m].op == Op::Mul && uses_[m] == 1; };
      if (candidate(n.b)) {
        fused_[n.b] = 1;
      } else if (candidate(n.a)) {
        fused_[n.a] = 1;
      }
    }
    remaining_ = uses_;
  }

  void emit(NodeId id) {
    const auto& n = graph_[id];
    const bool fuse_b = (n.op == Op::Add || n.op == Op::Sub) && fused_[n.b];
    const bool fuse_a = (n.op == Op::Add || n.op == Op::Sub) && !fuse_b && fused_[n.a];
    Instruction i{};
    std::vector<NodeId> arguments;
    if (fuse_b || fuse_a) {
      const auto& m = graph_[fuse_b ? n.b : n.a];
      const NodeId other = fuse_b ? n.a : n.b;
      i.op = n.op == Op::Add ? TapeOp::Fma : fuse_b ? TapeOp::Fnma : TapeOp::Fms;
      arguments = {m.a, m.b, other};
    } else {
      i.op = tape_op(n.op);
      const int count = expr::arity(n.op);
      arguments = {n.a};
      if (count > 1) arguments.push_back(n.b);
      if (count > 2) arguments.push_back(n.c);
    }
    i.a = slot_[arguments[0]];
    if (arguments.size() > 1) i.b = slot_[arguments[1]];
    if (arguments.size() > 2) i.c = slot_[arguments[2]];
    for (const NodeId arg : arguments) release(arg);
    if (const auto target = target_.find(id); target != target_.end()) {
      slot_[id] = target->second;
    } else {
      slot_[id] = allocate();
    }
    i.dst = slot_[id];
    code_.push_back(i);
  }

  void release(NodeId arg) {
    if (!needed_[arg] || --remaining_[arg] > 0 || target_.contains(arg)) return;
    free_.push_back(slot_[arg]);
  }

  std::uint32_t allocate() {
    if (!free_.empty()) {
      const std::uint32_t slot = free_.back();
      free_.pop_back();
      return slot;
    }
    return first_temporary_ + highest_++;
  }

  const Graph& graph_;
  std::vector<std::uint32_t> slot_;
  std::uint32_t first_temporary_;
  std::uint32_t highest_ = 0;
  std::vector<char> needed_, fused_;
  std::vector<std::uint32_t> uses_, remaining_;
  std::map<NodeId, std::uint32_t> target_;
  std::vector<std::uint32_t> free_;
  std::vector<Instruction> code_;
};

/// Symbolic sparse LU with diagonal pivots in Markowitz order (Markowitz 1957, doi:10.1287/mnsc.3.3.255).
class SparseLu {
 public:
  SparseLu(std::uint32_t n, const std::vector<JacobianEntry>& jacobian) : n_(n), rows_(n) {
    for (std::uint32_t i = 0; i < n; ++i) rows_[i].insert(i);
    for (const auto& e : jacobian) rows_[e.row].insert(e.column);
    order();
    for (std::uint32_t i = 0; i < n; ++i) {
      for (const std::uint32_t j : rows_[i]) entry_[{i, j}] = static_cast<std::uint32_t>(entry_.size());
    }
  }

  [[nodiscard]] std::uint32_t entries() const { return static_cast<std::uint32_t>(entry_.size()); }

  [[nodiscard]] std::vector<Instruction> factor(const std::vector<JacobianEntry>& jacobian, const SlotLayout& at, std::uint32_t zero,
                                                std::uint32_t one) const {
    std::vector<Instruction> code;
    std::set<std::pair<std::uint32_t, std::uint32_t>> filled;
    for (std::uint32_t k = 0; k < jacobian.size(); ++k) {
      const auto& e = jacobian[k];
      const std::uint32_t slot = at.lu + entry_.at({e.row, e.column});
      filled.insert({e.row, e.column});
      if (e.row == e.column) {
        code.push_back({TapeOp::Sub, slot, at.inverse_gamma_h, at.jacobian + k, 0});
      } else {
        code.push_back({TapeOp::Neg, slot, at.jacobian + k, 0, 0});
      }
    }
    for (std::uint32_t i = 0; i < n_; ++i) {
      if (filled.insert({i, i}).second) code.push_back({TapeOp::Add, at.lu + entry_.at({i, i}), at.inverse_gamma_h, zero, 0});
    }
    for (std::uint32_t step = 0; step < n_; ++step) {
      const std::uint32_t k = pivots_[step];
      const std::uint32_t inverse = at.lu + entry_.at({k, k});
      code.push_back({TapeOp::Div, inverse, one, inverse, 0});
      for (const std::uint32_t i : below(k, step)) {
        const std::uint32_t l = at.lu + entry_.at({i, k});
        code.push_back({TapeOp::Mul, l, l, inverse, 0});
        for (const std::uint32_t j : right(k, step)) {
          const std::uint32_t w = at.lu + entry_.at({i, j});
          const bool old = !filled.insert({i, j}).second;
          code.push_back({TapeOp::Fnma, w, l, at.lu + entry_.at({k, j}), old ? w : zero});
        }
      }
    }
    return code;
  }

  [[nodiscard]] std::vector<Instruction> solve(const SlotLayout& at) const {
    std::vector<Instruction> code;
    for (std::uint32_t step = 0; step < n_; ++step) {
      const std::uint32_t k = pivots_[step];
      for (const std::uint32_t i : below(k, step)) {
        code.push_back({TapeOp::Fnma, at.rhs + i, at.lu + entry_.at({i, k}), at.rhs + k, at.rhs + i});
      }
    }
    for (std::uint32_t step = n_; step-- > 0;) {
      const std::uint32_t k = pivots_[step];
      for (const std::uint32_t j : right(k, step)) {
        code.push_back({TapeOp::Fnma, at.rhs + k, at.lu + entry_.at({k, j}), at.rhs + j, at.rhs + k});
      }
      code.push_back({TapeOp::Mul, at.rhs + k, at.rhs + k, at.lu + entry_.at({k, k}), 0});
    }
    return code;
  }

 private:
  /// Picks pivots and adds the fill to the pattern. O(n^2) pattern work: fine up to some thousand states.
  void order() {
    std::vector<std::set<std::uint32_t>> row = rows_;
    std::vector<std::set<std::uint32_t>> column(n_);
    for (std::uint32_t i = 0; i < n_; ++i) {
      for (const std::uint32_t j : row[i]) column[j].insert(i);
    }
    std::set<std::uint32_t> left;
    for (std::uint32_t i = 0; i < n_; ++i) left.insert(i);
    position_.assign(n_, 0);
    while (!left.empty()) {
      std::uint32_t best = *left.begin();
      std::size_t cost = ~std::size_t{0};
      for (const std::uint32_t k : left) {
        const std::size_t c = (row[k].size() - 1) * (column[k].size() - 1);
        if (c < cost) cost = c, best = k;
      }
      position_[best] = static_cast<std::uint32_t>(pivots_.size());
      pivots_.push_back(best);
      left.erase(best);
      for (const std::uint32_t i : column[best]) {
        if (i == best) continue;
        for (const std::uint32_t j : row[best]) {
          if (j == best) continue;
          row[i].insert(j);
          column[j].insert(i);
          rows_[i].insert(j);
        }
        row[i].erase(best);
      }
      for (const std::uint32_t j : row[best]) column[j].erase(best);
    }
    columns_.assign(n_, {});
    for (std::uint32_t i = 0; i < n_; ++i) {
      for (const std::uint32_t j : rows_[i]) columns_[j].push_back(i);
    }
  }

  [[nodiscard]] std::vector<std::uint32_t> below(std::uint32_t k, std::uint32_t step) const {
    std::vector<std::uint32_t> found;
    for (const std::uint32_t i : columns_[k]) {
      if (position_[i] > step) found.push_back(i);
    }
    return found;
  }
  [[nodiscard]] std::vector<std::uint32_t> right(std::uint32_t k, std::uint32_t step) const {
    std::vector<std::uint32_t> found;
    for (const std::uint32_t j : rows_[k]) {
      if (position_[j] > step) found.push_back(j);
    }
    return found;
  }

  std::uint32_t n_;
  std::vector<std::set<std::uint32_t>> rows_;
  std::vector<std::vector<std::uint32_t>> columns_;
  std::vector<std::uint32_t> pivots_, position_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> entry_;
};

std::string hash_of(const LaneProgram& p) {
  std::string bytes = "lane-program-1";
  const auto add = [&](std::uint64_t x) { bytes.append(reinterpret_cast<const char*>(&x), sizeof x); };
  for (const double c : p.constants) add(std::bit_cast<std::uint64_t>(c));
  for (const auto& code : p.phases) {
    add(code.size());
    for (const Instruction& i : code) {
      add(std::uint64_t{static_cast<std::uint8_t>(i.op)} << 32 | i.dst);
      add(std::uint64_t{i.a} << 32 | i.b);
      add(i.c);
    }
  }
  add(p.layout.total);
  return core::sha256(bytes);
}

std::vector<std::uint32_t> slots(std::uint32_t first, std::size_t count) {
  std::vector<std::uint32_t> result(count);
  for (std::size_t i = 0; i < count; ++i) result[i] = first + static_cast<std::uint32_t>(i);
  return result;
}

class LaneProgramBuilder {
 public:
  explicit LaneProgramBuilder(const Program& program) : program_(program), lowering_(program.graph), lu_(size(program.states), program.jacobian) {}

  LaneProgram run() {
    out_.n_states = size(program_.states);
    out_.n_parameters = size(program_.parameters);
    out_.n_switches = size(program_.switches);
    out_.lu_entries = lu_.entries();
    lower_roots();
    place_constants();
    place_inputs();
    find_hoisted();
    place_results();
    emit_phases();
    out_.hash = hash_of(out_);
    return std::move(out_);
  }

 private:
  template <class T>
  static std::uint32_t size(const std::vector<T>& items) {
    return static_cast<std::uint32_t>(items.size());
  }
  [[nodiscard]] const Graph& graph() const { return lowering_.graph; }
  [[nodiscard]] bool fixed(NodeId id) const { return (graph().depends(id) & ~expr::kOnParameter) == 0; }
  std::uint32_t region(std::uint32_t count) { return std::exchange(next_, next_ + count); }

  /// All values that any phase hands over, lowered for lanes: derivatives, Jacobian, time derivatives, gaps.
  void lower_roots() {
    std::vector<NodeId> all = program_.derivative;
    for (const auto& e : program_.jacobian) all.push_back(e.node);
    for (std::uint32_t i = 0; i < out_.n_states; ++i) {
      if (program_.graph.is_constant(program_.time_derivative[i], 0)) continue;
      out_.time_rows.push_back(i);
      all.push_back(program_.time_derivative[i]);
    }
    const std::size_t before_gaps = all.size();
    for (const auto& s : program_.switches) all.push_back(s.gap);
    roots_ = lowering_.run(all);
    const auto begin = roots_.begin();
    derivative_.assign(begin, begin + out_.n_states);
    with_jacobian_.assign(begin, begin + static_cast<std::ptrdiff_t>(before_gaps));
    gaps_.assign(begin + static_cast<std::ptrdiff_t>(before_gaps), roots_.end());
    needed_ = graph().reachable(roots_);
    slot_.assign(graph().size(), kNoSlot);
  }

  /// Constants come first; 0 and 1 are always there.
  void place_constants() {
    out_.constants = {0.0, 1.0};
    for (NodeId id = 0; id < graph().size(); ++id) {
      if (graph()[id].op != Op::Constant) continue;
      if (graph()[id].value == 0.0) slot_[id] = 0;
      if (graph()[id].value == 1.0) slot_[id] = 1;
      if (slot_[id] != kNoSlot || !needed_[id]) continue;
      slot_[id] = size(out_.constants);
      out_.constants.push_back(graph()[id].value);
    }
    next_ = size(out_.constants);
  }

  void place_inputs() {
    SlotLayout& at = out_.layout;
    at.parameters = region(out_.n_parameters);
    at.time = region(1);
    at.states = region(out_.n_states);
    at.bits = region(out_.n_switches);
    for (NodeId id = 0; id < graph().size(); ++id) {
      const auto& n = graph()[id];
      if (n.op == Op::Parameter) slot_[id] = at.parameters + n.a;
      if (n.op == Op::Time) slot_[id] = at.time;
      if (n.op == Op::State) slot_[id] = at.states + n.a;
      if (n.op == Op::Switch) slot_[id] = at.bits + n.a;
    }
  }

  /// Parameter-only values that something varying, or a root, needs.
  void find_hoisted() {
    std::vector<char> wanted(graph().size(), 0);
    const auto want = [&](NodeId id) {
      if (fixed(id) && slot_[id] == kNoSlot) wanted[id] = 1;
    };
    for (NodeId id = 0; id < graph().size(); ++id) {
      if (!needed_[id] || fixed(id)) continue;
      const auto& n = graph()[id];
      const int count = expr::arity(n.op);
      if (count > 0) want(n.a);
      if (count > 1) want(n.b);
      if (count > 2) want(n.c);
    }
    for (const NodeId root : roots_) want(root);
    for (NodeId id = 0; id < graph().size(); ++id) {
      if (wanted[id]) hoisted_.push_back(id);
    }
  }

  void place_results() {
    SlotLayout& at = out_.layout;
    at.hoisted = region(size(hoisted_));
    at.derivative = region(out_.n_states);
    at.jacobian = region(size(program_.jacobian));
    at.time_derivative = region(size(out_.time_rows));
    at.lu = region(out_.lu_entries);
    at.inverse_gamma_h = region(1);
    at.rhs = region(out_.n_states);
    at.gaps = region(out_.n_switches);
    at.temporaries = next_;
  }

  void emit(Phase phase, const std::vector<NodeId>& roots, std::uint32_t first) {
    PhaseEmitter emitter(graph(), slot_, out_.layout.temporaries);
    out_.phases[static_cast<int>(phase)] = emitter.run(roots, slots(first, roots.size()), 0);
    temporaries_ = std::max(temporaries_, emitter.temporaries());
  }

  void emit_phases() {
    SlotLayout& at = out_.layout;
    emit(Phase::Prologue, hoisted_, at.hoisted);
    for (std::uint32_t k = 0; k < hoisted_.size(); ++k) slot_[hoisted_[k]] = at.hoisted + k;
    emit(Phase::Derivative, derivative_, at.derivative);
    emit(Phase::DerivativeAndJacobian, with_jacobian_, at.derivative);
    emit(Phase::Gaps, gaps_, at.gaps);
    out_.phases[static_cast<int>(Phase::Factor)] = lu_.factor(program_.jacobian, at, 0, 1);
    out_.phases[static_cast<int>(Phase::Solve)] = lu_.solve(at);
    at.total = at.temporaries + temporaries_;
  }

  const Program& program_;
  Lowering lowering_;
  SparseLu lu_;
  LaneProgram out_;
  std::vector<NodeId> roots_, derivative_, with_jacobian_, gaps_, hoisted_;
  std::vector<char> needed_;
  std::vector<std::uint32_t> slot_;
  std::uint32_t next_ = 0, temporaries_ = 0;
};

}  // namespace

LaneProgram build_lane_program(const Program& program) { return LaneProgramBuilder(program).run(); }

std::size_t transcendental_count(const LaneProgram& program, Phase phase) {
  const auto& code = program.phase(phase);
  return static_cast<std::size_t>(std::count_if(code.begin(), code.end(), [](const Instruction& i) {
    return i.op >= TapeOp::Exp && i.op <= TapeOp::Cosh && i.op != TapeOp::Sqrt;
  }));
}

}  // namespace osteosome::compile
