// SPDX-License-Identifier: Apache-2.0
#include "osteosome/compile/lane_program.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <set>

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
      case Op::Pow: return graph.make(Op::Exp, graph.make(Op::Mul, map_[n.b], graph.make(Op::Log, map_[n.a])));
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
      owned_.insert(slot_[id]);
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
  std::set<std::uint32_t> owned_;
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

}  // namespace

LaneProgram build_lane_program(const Program& program) {
  LaneProgram out;
  out.n_states = static_cast<std::uint32_t>(program.states.size());
  out.n_parameters = static_cast<std::uint32_t>(program.parameters.size());
  out.n_switches = static_cast<std::uint32_t>(program.switches.size());
  for (std::uint32_t i = 0; i < out.n_states; ++i) {
    if (!program.graph.is_constant(program.time_derivative[i], 0)) out.time_rows.push_back(i);
  }

  std::vector<NodeId> derivative = program.derivative;
  std::vector<NodeId> with_jacobian = derivative;
  for (const auto& e : program.jacobian) with_jacobian.push_back(e.node);
  for (const std::uint32_t row : out.time_rows) with_jacobian.push_back(program.time_derivative[row]);
  std::vector<NodeId> gaps;
  for (const auto& s : program.switches) gaps.push_back(s.gap);

  std::vector<NodeId> all = with_jacobian;
  all.insert(all.end(), gaps.begin(), gaps.end());
  Lowering lowering(program.graph);
  all = lowering.run(all);
  const Graph& graph = lowering.graph;
  derivative.assign(all.begin(), all.begin() + out.n_states);
  with_jacobian.assign(all.begin(), all.end() - static_cast<std::ptrdiff_t>(gaps.size()));
  gaps.assign(all.end() - static_cast<std::ptrdiff_t>(gaps.size()), all.end());

  const SparseLu lu(out.n_states, program.jacobian);
  out.lu_entries = lu.entries();

  // Constants first (0 and 1 are always there), then inputs, then what the prologue hands to the other phases.
  std::vector<std::uint32_t> slot(graph.size(), kNoSlot);
  const auto needed = graph.reachable(all);
  SlotLayout& at = out.layout;
  out.constants = {0.0, 1.0};
  for (NodeId id = 0; id < graph.size(); ++id) {
    if (graph[id].op != Op::Constant) continue;
    if (graph[id].value == 0.0) slot[id] = 0;
    if (graph[id].value == 1.0) slot[id] = 1;
    if (slot[id] != kNoSlot || !needed[id]) continue;
    slot[id] = static_cast<std::uint32_t>(out.constants.size());
    out.constants.push_back(graph[id].value);
  }
  std::uint32_t next = static_cast<std::uint32_t>(out.constants.size());
  const auto region = [&](std::uint32_t count) {
    const std::uint32_t first = next;
    next += count;
    return first;
  };
  at.parameters = region(out.n_parameters);
  at.time = region(1);
  at.states = region(out.n_states);
  at.bits = region(out.n_switches);
  for (NodeId id = 0; id < graph.size(); ++id) {
    const auto& n = graph[id];
    if (n.op == Op::Parameter) slot[id] = at.parameters + n.a;
    if (n.op == Op::Time) slot[id] = at.time;
    if (n.op == Op::State) slot[id] = at.states + n.a;
    if (n.op == Op::Switch) slot[id] = at.bits + n.a;
  }

  std::vector<NodeId> hoisted;
  {
    std::vector<char> wanted(graph.size(), 0);
    const auto fixed = [&](NodeId id) { return (graph.depends(id) & ~expr::kOnParameter) == 0; };
    for (NodeId id = 0; id < graph.size(); ++id) {
      if (!needed[id] || fixed(id)) continue;
      const auto& n = graph[id];
      const int count = expr::arity(n.op);
      const NodeId arguments[] = {n.a, n.b, n.c};
      for (int k = 0; k < count; ++k) {
        if (fixed(arguments[k]) && slot[arguments[k]] == kNoSlot) wanted[arguments[k]] = 1;
      }
    }
    for (const NodeId root : all) {
      if (fixed(root) && slot[root] == kNoSlot) wanted[root] = 1;
    }
    for (NodeId id = 0; id < graph.size(); ++id) {
      if (wanted[id]) hoisted.push_back(id);
    }
  }
  at.hoisted = region(static_cast<std::uint32_t>(hoisted.size()));
  at.derivative = region(out.n_states);
  at.jacobian = region(static_cast<std::uint32_t>(program.jacobian.size()));
  at.time_derivative = region(static_cast<std::uint32_t>(out.time_rows.size()));
  at.lu = region(out.lu_entries);
  at.inverse_gamma_h = region(1);
  at.rhs = region(out.n_states);
  at.gaps = region(out.n_switches);
  at.temporaries = next;

  std::uint32_t temporaries = 0;
  const auto emit = [&](Phase phase, const std::vector<NodeId>& roots, const std::vector<std::uint32_t>& targets) {
    PhaseEmitter emitter(graph, slot, at.temporaries);
    out.phases[static_cast<int>(phase)] = emitter.run(roots, targets, 0);
    temporaries = std::max(temporaries, emitter.temporaries());
  };
  emit(Phase::Prologue, hoisted, slots(at.hoisted, hoisted.size()));
  for (std::size_t k = 0; k < hoisted.size(); ++k) slot[hoisted[k]] = at.hoisted + static_cast<std::uint32_t>(k);
  emit(Phase::Derivative, derivative, slots(at.derivative, derivative.size()));
  emit(Phase::DerivativeAndJacobian, with_jacobian, slots(at.derivative, with_jacobian.size()));
  emit(Phase::Gaps, gaps, slots(at.gaps, gaps.size()));
  out.phases[static_cast<int>(Phase::Factor)] = lu.factor(program.jacobian, at, 0, 1);
  out.phases[static_cast<int>(Phase::Solve)] = lu.solve(at);
  at.total = at.temporaries + temporaries;
  out.hash = hash_of(out);
  return out;
}

std::size_t transcendental_count(const LaneProgram& program, Phase phase) {
  const auto& code = program.phase(phase);
  return static_cast<std::size_t>(std::count_if(code.begin(), code.end(), [](const Instruction& i) {
    return i.op >= TapeOp::Exp && i.op <= TapeOp::Cosh && i.op != TapeOp::Sqrt;
  }));
}

}  // namespace osteosome::compile
