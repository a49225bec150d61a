// SPDX-License-Identifier: Apache-2.0
// What is built in: the functions and constants of SBML Level 3, as text and MathML name them.
#include "functions.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <utility>

#include "osteosome/expr/builtin.hpp"

namespace osteosome::expr {
namespace {

constexpr std::size_t kAnyNumber = ~std::size_t{0};

/// How a function or operator is called, and what its element in MathML is; text may use the element's name too.
struct Spelling {
  std::string_view call, element;
  std::size_t least, most;  ///< numbers of arguments in text
};

constexpr Spelling kSpellings[] = {
    {"+", "plus", 0, kAnyNumber},  {"-", "minus", 1, 2},
    {"*", "times", 0, kAnyNumber}, {"/", "divide", 2, 2},
    {"^", "power", 2, 2},          {"&&", "and", 0, kAnyNumber},
    {"||", "or", 0, kAnyNumber},   {"!", "not", 1, 1},
    {"xor", "xor", 0, kAnyNumber}, {"implies", "implies", 2, 2},
    {"<", "lt", 2, kAnyNumber},    {"<=", "leq", 2, kAnyNumber},
    {">", "gt", 2, kAnyNumber},    {">=", "geq", 2, kAnyNumber},
    {"==", "eq", 2, kAnyNumber},   {"!=", "neq", 2, 2},
    {"abs", "abs", 1, 1},          {"min", "min", 1, kAnyNumber},
    {"max", "max", 1, kAnyNumber}, {"quotient", "quotient", 2, 2},
    {"rem", "rem", 2, 2},          {"piecewise", "piecewise", 1, kAnyNumber},
    {"log", "log", 2, 2},          {"root", "root", 1, 2},
    {"sec", "sec", 1, 1},          {"csc", "csc", 1, 1},
    {"cot", "cot", 1, 1},          {"sech", "sech", 1, 1},
    {"csch", "csch", 1, 1},        {"coth", "coth", 1, 1},
    {"asec", "arcsec", 1, 1},      {"acsc", "arccsc", 1, 1},
    {"acot", "arccot", 1, 1},      {"asinh", "arcsinh", 1, 1},
    {"acosh", "arccosh", 1, 1},    {"atanh", "arctanh", 1, 1},
    {"asech", "arcsech", 1, 1},    {"acsch", "arccsch", 1, 1},
    {"acoth", "arccoth", 1, 1},
#define FUNCTION(name, call, element, ...) {call, element, 1, 1},
#define GRAPH_FUNCTION(name, call, element, ...) {call, element, 1, 1},
#include "osteosome/expr/operations.def"
};

using Table = std::map<std::string, Builtin, std::less<>>;

const Table& builtins() {
  static const Table table = [] {
    Table t = {{"pow", {"^", 2, 2}},   {"equals", {"==", 2, kAnyNumber}}, {"log10", {"log", 1, 1}},
               {"sqr", {"sqr", 1, 1}}, {"delay", {"delay", 2, 2}},        {"rateOf", {"rateOf", 1, 1}}};
    for (const Spelling& s : kSpellings) {
      for (const std::string_view name : {s.element, s.call}) {
        const bool word = name[0] >= 'a' && name[0] <= 'z';
        if (word) t.try_emplace(std::string(name), Builtin{std::string(s.call), s.least, s.most});
      }
    }
    return t;
  }();
  return table;
}

/// Rarer functions in terms of common ones, so that every engine has them.
const std::map<std::string, std::function<Ast(Ast)>, std::less<>>& composed_functions() {
  using Make = std::function<Ast(Ast)>;
  const auto inverse_of = [](const char* f) -> Make { return [f](Ast x) { return Ast::call("/", {Ast::number(1), Ast::call(f, {std::move(x)})}); }; };
  const auto of_inverse = [](const Make& f) -> Make { return [f](Ast x) { return f(Ast::call("/", {Ast::number(1), std::move(x)})); }; };
  const auto call = [](const char* f) -> Make { return [f](Ast x) { return Ast::call(f, {std::move(x)}); }; };
  const auto add = [](Ast a, Ast b) { return Ast::call("+", {std::move(a), std::move(b)}); };
  const auto square = [](const Ast& x) { return Ast::call("^", {x, Ast::number(2)}); };
  const Make coth = [](Ast x) { return Ast::call("/", {Ast::number(1), Ast::call("tanh", {std::move(x)})}); };
  const Make asinh = [=](Ast x) {  // odd; the form for positive arguments loses nothing to cancellation
    Ast size = Ast::call("abs", {x});
    Ast root = Ast::call("sqrt", {add(square(x), Ast::number(1))});
    Ast value = Ast::call("ln", {add(std::move(size), std::move(root))});
    Ast negative = Ast::call("-", {value});
    return Ast::call("piecewise", {std::move(negative), Ast::call("<", {std::move(x), Ast::number(0)}), std::move(value)});
  };
  const Make acosh = [=](Ast x) {
    Ast root = Ast::call("sqrt", {Ast::call("-", {square(x), Ast::number(1)})});
    return Ast::call("ln", {add(std::move(x), std::move(root))});
  };
  const Make atanh = [=](const Ast& x) {
    Ast ratio = Ast::call("/", {add(Ast::number(1), x), Ast::call("-", {Ast::number(1), x})});
    return Ast::call("*", {Ast::number(0.5), Ast::call("ln", {std::move(ratio)})});
  };
  static const std::map<std::string, Make, std::less<>> table = {
      {"sec", inverse_of("cos")},
      {"csc", inverse_of("sin")},
      {"cot", inverse_of("tan")},
      {"sech", inverse_of("cosh")},
      {"csch", inverse_of("sinh")},
      {"coth", coth},
      {"asec", of_inverse(call("acos"))},
      {"acsc", of_inverse(call("asin"))},
      {"acot", of_inverse(call("atan"))},
      {"asinh", asinh},
      {"acosh", acosh},
      {"atanh", atanh},
      {"asech", of_inverse(acosh)},
      {"acsch", of_inverse(asinh)},
      {"acoth", of_inverse(atanh)}};
  return table;
}

/// Without a base the decimal logarithm.
Ast logarithm(std::vector<Ast> args) {
  Ast base = args.size() == 2 ? std::move(args[0]) : Ast::number(10);
  Ast ln_base = base.is_number(10) ? Ast::number(2.302585092994045684) : Ast::call("ln", {std::move(base)});
  return Ast::call("/", {Ast::call("ln", {std::move(args.back())}), std::move(ln_base)});
}

/// Without a degree the square root.
Ast root(std::vector<Ast> args) {
  Ast degree = args.size() == 2 ? std::move(args[0]) : Ast::number(2);
  if (degree.is_number(2)) return Ast::call("sqrt", {std::move(args.back())});
  return Ast::call("^", {std::move(args.back()), Ast::call("/", {Ast::number(1), std::move(degree)})});
}

/// a < b < c holds where every neighbouring pair does.
Ast chain(const std::string& relation, const std::vector<Ast>& args) {
  if (args.size() < 2) return Ast::number(1);
  std::vector<Ast> pairs;
  for (std::size_t i = 0; i + 1 < args.size(); ++i) pairs.push_back(Ast::call(relation, {args[i], args[i + 1]}));
  return Ast::call("&&", std::move(pairs));
}

}  // namespace

bool is_comparison(std::string_view f) { return f == "<" || f == "<=" || f == ">" || f == ">=" || f == "==" || f == "!="; }

const Builtin* find_builtin(std::string_view name) {
  const auto found = builtins().find(name);
  return found == builtins().end() ? nullptr : &found->second;
}

Ast make_call(const std::string& f, std::vector<Ast> args) {
  if (f == "-" && args.size() == 1 && args[0].kind == Ast::Kind::Number) return Ast::number(-args[0].value);
  if (f == "log" && !args.empty()) return logarithm(std::move(args));
  if (f == "root" && !args.empty()) return root(std::move(args));
  if (f == "sqr" && args.size() == 1) return Ast::call("^", {std::move(args[0]), Ast::number(2)});
  if (const auto composed = composed_functions().find(f); composed != composed_functions().end() && args.size() == 1) {
    return composed->second(std::move(args[0]));
  }
  if (args.size() < 2 && (f == "+" || f == "*" || f == "&&" || f == "||" || f == "xor")) {
    return args.empty() ? Ast::number(f == "*" || f == "&&" ? 1 : 0) : std::move(args[0]);
  }
  if (is_comparison(f) && args.size() != 2) return chain(f, args);
  return Ast::call(f, std::move(args));
}

std::optional<double> constant_named(std::string_view name) {
  static const std::map<std::string, double, std::less<>> table = {
      {"pi", 3.14159265358979323846},
      {"exponentiale", 2.71828182845904523536},
      {"avogadro", 6.02214179e23},  // the value SBML L3 fixes
      {"true", 1},
      {"false", 0},
      {"INF", std::numeric_limits<double>::infinity()},
      {"inf", std::numeric_limits<double>::infinity()},
      {"infinity", std::numeric_limits<double>::infinity()},
      {"NaN", std::numeric_limits<double>::quiet_NaN()},
      {"nan", std::numeric_limits<double>::quiet_NaN()},
      {"notanumber", std::numeric_limits<double>::quiet_NaN()}};
  const auto found = table.find(name);
  return found == table.end() ? std::nullopt : std::optional(found->second);
}

std::string_view element_of(std::string_view call) {
  const std::string_view spelled = call == "pow" ? "^" : call;
  const auto found = std::find_if(std::begin(kSpellings), std::end(kSpellings), [&](const Spelling& s) { return s.call == spelled; });
  return found == std::end(kSpellings) ? "" : found->element;
}

std::string_view call_of_element(std::string_view element) {
  const auto found = std::find_if(std::begin(kSpellings), std::end(kSpellings), [&](const Spelling& s) { return s.element == element; });
  return found == std::end(kSpellings) ? "" : found->call;
}

std::optional<Op> operation_called(std::string_view call) {
  static constexpr std::pair<std::string_view, Op> kOperations[] = {
#define FUNCTION(name, text, ...) {text, Op::name},
#define GRAPH_FUNCTION(name, text, ...) {text, Op::name},
#include "osteosome/expr/operations.def"
  };
  const auto found = std::find_if(std::begin(kOperations), std::end(kOperations), [&](const auto& o) { return o.first == call; });
  return found == std::end(kOperations) ? std::nullopt : std::optional(found->second);
}

bool is_builtin_function(std::string_view name) { return find_builtin(name) != nullptr; }

}  // namespace osteosome::expr
