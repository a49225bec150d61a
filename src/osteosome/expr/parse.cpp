// SPDX-License-Identifier: Apache-2.0
// Formula text, which is SBML Level 3 infix, by recursive descent. Where this grammar differs from libSBML's parser (which reads integers in
// brackets as rational numbers, "a || b && c" from left to right and "(a < b) < c" as a chain) stands in docs/reference/model-document.md.
#include <algorithm>
#include <optional>

#include "functions.hpp"
#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/expr/ast.hpp"

namespace osteosome::expr {
namespace {

constexpr std::size_t kLongestFormula = 200000;
constexpr std::size_t kQuoted = 120;
constexpr int kDeepestNesting = 400;  // of brackets, signs and powers: what the stack bears, with sanitizers too

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// A tree and the levels it has.
struct Term {
  Ast ast;
  int height = 1;
};

enum class Level { Disjunction, Conjunction, Comparison, Sum, Product };

/// How an operator is written, the function it stands for, and how tightly it binds.
struct Infix {
  std::string_view text, call;
  Level level;
};

constexpr Infix kInfix[] = {  // what begins like another comes before it
    {"||", "||", Level::Disjunction}, {"&&", "&&", Level::Conjunction}, {"<=", "<=", Level::Comparison}, {">=", ">=", Level::Comparison},
    {"==", "==", Level::Comparison},  {"!=", "!=", Level::Comparison},  {"<>", "!=", Level::Comparison}, {"<", "<", Level::Comparison},
    {">", ">", Level::Comparison},    {"+", "+", Level::Sum},           {"-", "-", Level::Sum},          {"*", "*", Level::Product},
    {"/", "/", Level::Product},       {"%", "rem", Level::Product}};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Ast run() {
    if (text_.size() > kLongestFormula) refuse("too many characters", "At most " + std::to_string(kLongestFormula) + " are read.");
    Term whole = expression(Level::Disjunction);
    if (peek() != '\0' || at_ < text_.size()) unexpected();
    return std::move(whole.ast);
  }

 private:
  [[noreturn]] void refuse(const std::string& why, const std::string& hint, const char* code = "formula-001") const {
    throw core::Error(core::ErrorKind::Model, {code, why + " in formula '" + std::string(text_.substr(0, kQuoted)) + "'", {}, hint});
  }

  [[noreturn]] void unexpected() const {
    const std::string place = "syntax error at character " + std::to_string(at_ + 1) + ": ";
    if (at_ >= text_.size()) refuse(place + "the formula ends too early", "A number, a name or a bracket is missing.");
    const char c = text_[at_];
    std::string hint = "Formulas are SBML Level 3 infix text.";
    if (c == '=') hint = "Equality is '=='.";
    if (c == '&' || c == '|') hint = std::string("Write '") + c + c + "'.";
    if (starts_name(c) || is_digit(c) || c == '(') hint = "An operator is missing; a product needs '*'.";
    if (c == '*' && at_ > 0 && text_[at_ - 1] == '*') hint = "A power is written with '^'.";
    const bool printable = c >= ' ' && c <= '~';
    refuse(place + (printable ? std::string("unexpected '") + c + "'" : "a character that formulas do not have"), hint);
  }

  /// The next character after blanks; '\0' at the end.
  char peek() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool accept(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (!accept(c)) unexpected();
  }

  /// The binary operator that comes next, if it binds at least so tightly.
  std::optional<Infix> accept_operator(Level least) {
    (void)peek();
    for (const Infix& op : kInfix) {
      if (!text_.substr(at_).starts_with(op.text)) continue;
      if (op.level < least) return std::nullopt;
      at_ += op.text.size();
      return op;
    }
    return std::nullopt;
  }

  static void check_depth(int depth, int deepest) {
    if (depth <= deepest) return;
    throw core::Error(core::ErrorKind::Unsupported,
                      {"formula-003", "a formula nested deeper than " + std::to_string(deepest) + " levels is not supported", {}, ""});
  }

  static Term made(std::string_view call, std::vector<Ast> args, int below) {
    check_depth(below + 1, kDeepestFormula);
    return {make_call(std::string(call), std::move(args)), below + 1};
  }

  /// Sums, products and the like become one call however many terms they have.
  static Term joined(std::string_view call, Term left, Term right) {
    const bool flat = call == "+" || call == "*" || call == "&&" || call == "||";
    if (flat && left.ast.kind == Ast::Kind::Call && left.ast.name == call) {
      left.ast.args.push_back(std::move(right.ast));
      left.height = std::max(left.height, right.height + 1);
      return left;
    }
    const int below = std::max(left.height, right.height);
    std::vector<Ast> args;
    args.push_back(std::move(left.ast));
    args.push_back(std::move(right.ast));
    return made(call, std::move(args), below);
  }

  /// Operators from `least` on, of equal tightness from the left.
  Term expression(Level least) {
    Term left = sign();
    while (const auto op = accept_operator(least)) {
      left = op->level == Level::Comparison ? comparison(std::move(left), op->call)
                                            : joined(op->call, std::move(left), expression(static_cast<Level>(static_cast<int>(op->level) + 1)));
    }
    return left;
  }

  /// "a < b <= c" holds where every neighbouring pair does.
  Term comparison(Term last, std::string_view call) {
    std::vector<Ast> pairs;
    int height = last.height;
    while (true) {
      Term next = expression(Level::Sum);
      height = std::max(height, next.height);
      pairs.push_back(Ast::call(std::string(call), {std::move(last.ast), next.ast}));
      last = std::move(next);
      const auto op = accept_operator(Level::Comparison);
      if (!op) break;
      call = op->call;
    }
    if (pairs.size() == 1) return {std::move(pairs[0]), height + 1};
    return made("&&", std::move(pairs), height + 1);
  }

  /// A minus binds looser than a power: -2^2 is -4.
  Term sign() {
    check_depth(++nested_, kDeepestNesting);
    Term term;
    if (accept('-')) {
      term = sign();
      term = made("-", {std::move(term.ast)}, term.height);
    } else if (accept('!')) {
      term = sign();
      term = made("!", {std::move(term.ast)}, term.height);
    } else {
      term = accept('+') ? sign() : power();
    }
    --nested_;
    return term;
  }

  /// From the right, as everywhere in mathematics: 2^3^2 is 512.
  Term power() {
    Term base = atom();
    return accept('^') ? joined("^", std::move(base), sign()) : base;
  }

  Term atom() {
    const char c = peek();
    if (c == '(') {
      ++at_;
      Term inside = expression(Level::Disjunction);
      expect(')');
      return inside;
    }
    if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) return {Ast::number(number())};
    if (!starts_name(c)) unexpected();
    const std::string name = dotted_name();
    if (peek() == '(') return function(name);
    if (name == kTime) return {Ast::symbol(name)};
    const auto constant = constant_named(name);
    return {constant ? Ast::number(*constant) : Ast::symbol(name)};
  }

  void digits() {
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  }

  double number() {
    const std::size_t begin = at_;
    digits();
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      digits();
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      digits();
    }
    const std::size_t end = at_;
    while (at_ < text_.size() && (is_digit(text_[at_]) || starts_name(text_[at_]) || text_[at_] == '.')) ++at_;
    const std::string literal(text_.substr(begin, at_ - begin));
    const auto value = at_ == end ? core::parse_double(literal) : std::nullopt;
    if (!value) {
      refuse("'" + literal + "' is no number",
             "Numbers have one decimal point and lie between 1e-308 and 1e308; a product needs '*', and names begin with a letter.");
    }
    return *value;
  }

  std::string dotted_name() {
    const std::size_t begin = at_;
    while (at_ < text_.size()) {
      const bool dot = text_[at_] == '.' && at_ + 1 < text_.size() && starts_name(text_[at_ + 1]);
      if (!dot && !starts_name(text_[at_]) && !is_digit(text_[at_])) break;
      ++at_;
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  Term function(const std::string& name) {
    std::vector<Ast> args;
    int below = 0;
    expect('(');
    if (peek() != ')') {
      do {
        Term arg = expression(Level::Disjunction);
        below = std::max(below, arg.height);
        args.push_back(std::move(arg.ast));
      } while (accept(','));
    }
    expect(')');
    const Builtin* builtin = find_builtin(name);
    if (builtin == nullptr) return {Ast::call(name, std::move(args)), below + 1};
    if (name == "log" && args.size() == 1) {
      refuse("one-argument 'log'", "Write ln(x) for the natural or log10(x) for the decimal logarithm.", "formula-002");
    }
    if (args.size() < builtin->least || args.size() > builtin->most) {
      const std::string most = builtin->most == builtin->least ? "" : builtin->most > 2 ? " or more" : " or " + std::to_string(builtin->most);
      refuse("'" + name + "' is given " + std::to_string(args.size()) + " arguments", "It takes " + std::to_string(builtin->least) + most + ".");
    }
    return made(builtin->call, std::move(args), below);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int nested_ = 0;
};

}  // namespace

Ast parse_formula(std::string_view text) { return Parser(text).run(); }

}  // namespace osteosome::expr
