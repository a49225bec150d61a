// SPDX-License-Identifier: Apache-2.0
#include "osteosome/solve/state.hpp"

#include <bit>
#include <cstring>
#include <type_traits>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::solve {
namespace {

constexpr std::string_view kMagic = "OSTEOSOME-STATE";
constexpr std::uint32_t kVersion = 2;

[[noreturn]] void refuse(const char* code, const std::string& message) { throw core::Error(core::ErrorKind::Input, {code, message, {}, ""}); }

class Writer {
 public:
  template <class... T>
  void operator()(T&... values) {
    (put(values), ...);
  }
  std::string bytes;

 private:
  template <class T>
  void put(T& value);
  void raw(const void* data, std::size_t size) { bytes.append(static_cast<const char*>(data), size); }
  template <class T>
  void range(T& values) {
    std::uint64_t count = values.size();
    put(count);
    for (auto& value : values) put(value);
  }
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }
  [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }

 private:
  template <class T>
  void get(T& value);
  void raw(void* data, std::size_t size) {
    if (size > bytes_.size() - at_) refuse("state-001", "the bytes end before the state does");
    if (size > 0) std::memcpy(data, bytes_.data() + at_, size);
    at_ += size;
  }
  std::size_t count() {
    std::uint64_t count = 0;
    get(count);
    if (count > bytes_.size() - at_) refuse("state-001", "the bytes end before the state does");  // every item takes a byte or more
    return static_cast<std::size_t>(count);
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

/// Calls `io` with every field, the same list for writing and for reading.
template <class Io>
void fields(Io& io, Stop& v) {
  io(v.time, v.kind, v.index, v.value);
}
template <class Io>
void fields(Io& io, OutputPoint& v) {
  io(v.time, v.after_stops);
}
template <class Io>
void fields(Io& io, SubjectPlan& v) {
  io(v.parameters, v.initial_overrides, v.start, v.resumes, v.stops, v.vectors, v.outputs, v.decisions, v.seed, v.subject);
}
template <class Io>
void fields(Io& io, Statistics& v) {
  io(v.steps, v.rejected, v.switches);
}
template <class Io>
void fields(Io& io, SubjectResult& v) {
  io(v.status, v.time_reached, v.message, v.statistics, v.remarks, v.states, v.parameters, v.delayed);
}
template <class Io>
void fields(Io& io, EventState::Waiting& v) {
  io(v.event, v.time, v.values);
}
template <class Io>
void fields(Io& io, Instant& v) {
  io(v.time, v.stop, v.output, v.decision, v.fresh, v.parameters, v.events.triggers, v.events.waiting, v.events.broken, v.events.triggers_known,
     v.held, v.late);
}
template <class Io>
void fields(Io& io, BranchChange& v) {
  io(v.time, v.branches);
}
template <class Io>
void fields(Io& io, TrainCourse::Look& v) {
  io(v.output, v.time, v.change);
}
template <class Io>
void fields(Io& io, TrainCourse::Passed& v) {
  io(v.output, v.start);
}
template <class Io>
void fields(Io& io, TrainCourse::Node& v) {
  io(v.period, v.kick, v.looks);
}
template <class Io>
void fields(Io& io, TrainCourse& v) {
  io(v.phase, v.first, v.stops, v.period, v.target, v.longest, v.rejections, v.wait, v.doubtful, v.nodes, v.degree, v.kicks, v.weights, v.start,
     v.coarse, v.looks, v.passed, v.unasked, v.stands, v.looked, v.crossings, v.last_crossings);
}
template <class Io>
void fields(Io& io, LaneCourse& v) {
  io(v.h, v.seen, v.just_rejected, v.after_restart, v.restart_kind, v.step_after, v.flips_in_place, v.attempts, v.coarse, v.events_due, v.change,
     v.train);
}
template <class Io>
void fields(Io& io, ReferenceCourse& v) {
  io(v.echoes, v.echo, v.coarse, v.begun, v.looks_ahead);
}
template <class Io>
void fields(Io& io, Past::Step& v) {
  io(v.from, v.to, v.taylor);
}
template <class Io>
void fields(Io& io, Past::Epoch& v) {
  io(v.from, v.parameters);
}
template <class Io>
void fields(Io& io, Past& v) {
  io(v.steps, v.epochs, v.start, v.end, v.last);
}
template <class Io>
void fields(Io& io, Progress& v) {
  io(v.instant, v.states, v.rates, v.tolerances, v.growth, v.bits, v.delayed, v.statistics, v.remarks, v.lane, v.reference);
}
template <class Io, class A, class B>
void fields(Io& io, std::pair<A, B>& v) {
  io(const_cast<std::remove_const_t<A>&>(v.first), v.second);
}

template <class T>
inline constexpr bool kIsMap = false;
template <class K, class V>
inline constexpr bool kIsMap<std::map<K, V>> = true;
template <class K, class V>
inline constexpr bool kIsMap<std::multimap<K, V>> = true;
template <class T>
inline constexpr bool kIsVector = std::is_same_v<T, std::string>;
template <class V>
inline constexpr bool kIsVector<std::vector<V>> = true;
template <class T>
inline constexpr bool kIsOptional = false;
template <class V>
inline constexpr bool kIsOptional<std::optional<V>> = true;

template <class T>
void Writer::put(T& value) {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    raw(&value, sizeof value);
  } else if constexpr (kIsVector<T> || kIsMap<T>) {
    range(value);
  } else if constexpr (kIsOptional<T>) {
    bool there = value.has_value();
    put(there);
    if (there) put(*value);
  } else {
    fields(*this, value);
  }
}

template <class T>
void Reader::get(T& value) {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    raw(&value, sizeof value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    value.resize(count());
    raw(value.data(), value.size());
  } else if constexpr (kIsVector<T>) {
    value.clear();
    for (std::size_t left = count(); left > 0; --left) get(value.emplace_back());
  } else if constexpr (kIsMap<T>) {
    value.clear();
    for (std::size_t left = count(); left > 0; --left) {
      std::pair<typename T::key_type, typename T::mapped_type> item;
      get(item);
      value.insert(value.end(), item);
    }
  } else if constexpr (kIsOptional<T>) {
    bool there = false;
    get(there);
    if (there) get(value.emplace());
  } else {
    fields(*this, value);
  }
}

template <class Io>
void body(Io& io, SubjectState& v) {
  io(v.engine, v.plan, v.result, v.progress, v.past);
}

}  // namespace

std::string SubjectState::to_bytes() const {
  Writer io;
  std::string magic(kMagic);
  std::uint32_t version = kVersion;
  SubjectState copy = *this;
  auto& ties = copy.progress.instant.events.ties;
  std::uint64_t position = ties ? ties->position() : 0;
  io(magic, version, copy.program);
  body(io, copy);
  io(position);
  return std::move(io.bytes);
}

SubjectState SubjectState::from_bytes(const compile::Program& program, std::string_view bytes) {
  Reader io(bytes);
  SubjectState state;
  std::string magic;
  std::uint32_t version = 0;
  io(magic, version);
  if (magic != kMagic) refuse("state-001", "the bytes are no state of a subject");
  if (version != kVersion) refuse("state-001", "the state is of version " + std::to_string(version) + ", not " + std::to_string(kVersion));
  io(state.program);
  if (state.program != fingerprint(program)) refuse("state-002", "the state is of another program");
  std::uint64_t position = 0;
  body(io, state);
  io(position);
  if (!io.at_end()) refuse("state-001", "there are bytes after the state");
  state.progress.instant.events.ties = tie_breaker(state.plan);
  state.progress.instant.events.ties->move_to(position);
  return state;
}

std::string fingerprint(const compile::Program& program) {
  std::string text;
  const auto put = [&text](auto value) { text.append(reinterpret_cast<const char*>(&value), sizeof value); };
  const auto put_node = [&](std::optional<expr::NodeId> node) { put(node ? std::int64_t{*node} : -1); };
  const auto put_names = [&](const std::vector<std::string>& names) {
    put(names.size());
    for (const auto& name : names) text.append(name).push_back('\0');
  };
  const auto put_nodes = [&](const auto& list, auto node) {
    put(list.size());
    for (const auto& item : list) put_node(node(item));
  };
  const auto itself = [](const auto& node) { return node; };
  put_names(program.parameters);
  put_names(program.states);
  put(program.graph.size());
  for (expr::NodeId k = 0; k < program.graph.size(); ++k) {
    const auto& node = program.graph[k];
    put(node.op);
    put(node.a);
    put(node.b);
    put(node.c);
    put(std::bit_cast<std::uint64_t>(node.value));
  }
  put_nodes(program.initial, itself);
  put_nodes(program.typical, itself);
  put_nodes(program.derivative, itself);
  put_nodes(program.parameter_initial, [](const auto& p) { return p.second; });
  put_nodes(program.switches, [](const auto& s) { return s.gap; });
  put_nodes(program.algebraic, [](const auto& a) { return a.residual; });
  put_nodes(program.fast, [](const auto& f) { return f.rate; });
  put_nodes(program.delays, [](const auto& d) { return d.value; });
  put_nodes(program.delays, [](const auto& d) { return d.duration; });
  put_nodes(program.constraints, [](const auto& c) { return c.condition; });
  for (const auto& s : program.switches) put(static_cast<char>(s.inclusive + 2 * s.level));
  for (const auto& e : program.events) {
    put_node(e.trigger);
    put_node(e.delay);
    put_node(e.priority);
    put(static_cast<char>(e.initial_value + 2 * e.persistent + 4 * e.values_from_trigger_time));
    for (const auto& a : e.actions) {
      put(static_cast<char>(a.is_state));
      put(a.index);
      put_node(a.value);
      put_node(a.volume);
    }
  }
  return core::sha256(text);
}

}  // namespace osteosome::solve
