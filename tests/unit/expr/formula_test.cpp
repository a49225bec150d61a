// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "errors.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/expr/ast.hpp"

namespace osteosome::expr {
namespace {

using core::ErrorKind;
using support::error_of;

bool equal(const Ast& x, const Ast& y) {
  if (x.kind != y.kind || x.name != y.name || x.args.size() != y.args.size()) return false;
  if (x.kind == Ast::Kind::Number && x.value != y.value) return false;
  for (std::size_t i = 0; i < x.args.size(); ++i) {
    if (!equal(x.args[i], y.args[i])) return false;
  }
  return true;
}

/// The tree with every operator written as a call, so that a wrong precedence shows.
std::string shape(const Ast& ast) {
  if (ast.kind == Ast::Kind::Number) return core::format_double(ast.value);
  if (ast.kind == Ast::Kind::Name) return ast.name;
  std::string text = "(" + ast.name;
  for (const Ast& arg : ast.args) text += " " + shape(arg);
  return text + ")";
}

std::string shape_of(const std::string& text) { return shape(parse_formula(text)); }

Ast random_ast(int depth) {
  static const std::vector<std::string> binary = {"+", "-", "*", "/", "^", "<", "<=", ">", ">=", "==", "!=", "&&", "||"};
  static const std::vector<std::string> unary = {"exp", "ln", "sqrt", "tanh", "abs", "floor", "-", "!"};
  static const std::vector<std::string> names = {"a", "kout", "lrp.wnt", "_x1", "time", "E0"};
  const int kind = *rc::gen::inRange(0, depth > 0 ? 7 : 2);
  if (kind == 0) return Ast::symbol(*rc::gen::elementOf(names));
  // Numbers of a formula are not negative: "-2" is the negation of 2. Numbers with exponents have a test of their own.
  if (kind == 1) return Ast::number(std::ldexp(*rc::gen::inRange(0, 1 << 10), *rc::gen::inRange(-5, 5)));
  if (kind == 2) return Ast::call(*rc::gen::elementOf(unary), {random_ast(depth - 1)});
  if (kind == 3) return Ast::call("piecewise", {random_ast(depth - 1), random_ast(depth - 1), random_ast(depth - 1)});
  if (kind == 4) return Ast::call("mine", {random_ast(depth - 1), random_ast(depth - 1)});
  return Ast::call(*rc::gen::elementOf(binary), {random_ast(depth - 1), random_ast(depth - 1)});
}

// libSBML makes one node with three arguments of a + b + c, and turns -2 into a number: trees are compared after one trip, from
// which on printing and parsing must change nothing.
TEST(Formula, parseOfPrint_isTheSameTree) {
  EXPECT_TRUE(rc::check("parse(print(parse(print(x)))) is parse(print(x))", [] {
    const Ast once = parse_formula(to_text(random_ast(4)));
    const std::string text = to_text(once);
    RC_LOG() << text;
    RC_ASSERT(equal(parse_formula(text), once));
  }));
}

double value_of(const Ast& x) {
  if (x.kind == Ast::Kind::Number) return x.value;
  if (x.kind == Ast::Kind::Name) return static_cast<double>(x.name.size()) + 0.25;
  std::vector<double> v;
  for (const Ast& arg : x.args) v.push_back(value_of(arg));
  if (x.name == "-") return v.size() == 1 ? -v[0] : v[0] - v[1];
  if (x.name == "/") return v[0] / v[1];
  double r = v[0];
  for (std::size_t i = 1; i < v.size(); ++i) r = x.name == "+" ? r + v[i] : r * v[i];
  return r;
}

Ast random_arithmetic(int depth) {
  static const std::vector<std::string> operators = {"+", "-", "*", "/"};
  static const std::vector<std::string> names = {"a", "bcd", "ef"};
  const int kind = *rc::gen::inRange(0, depth > 0 ? 6 : 2);
  if (kind == 0) return Ast::symbol(*rc::gen::elementOf(names));
  if (kind == 1) return Ast::number(*rc::gen::inRange(1, 9));
  if (kind == 2) return Ast::call("-", {random_arithmetic(depth - 1)});
  return Ast::call(*rc::gen::elementOf(operators), {random_arithmetic(depth - 1), random_arithmetic(depth - 1)});
}

TEST(Formula, printedAndParsedArithmetic_keepsItsValue) {
  EXPECT_TRUE(rc::check("value(parse(print(x))) is value(x)", [] {
    const Ast x = random_arithmetic(5);
    RC_LOG() << to_text(x);
    const double before = value_of(x);
    const double after = value_of(parse_formula(to_text(x)));
    RC_PRE(std::isfinite(before));
    RC_ASSERT(before == after);
  }));
}

TEST(Formula, product_bindsTighterThanSum) { EXPECT_EQ(shape_of("a + b*c"), "(+ a (* b c))"); }
TEST(Formula, difference_associatesLeft) { EXPECT_EQ(shape_of("a - b - c"), "(- (- a b) c)"); }
TEST(Formula, quotient_associatesLeft) { EXPECT_EQ(shape_of("a/b/c"), "(/ (/ a b) c)"); }
TEST(Formula, minus_bindsLooserThanPower) { EXPECT_EQ(shape_of("-a^2"), "(- (^ a 2))"); }
TEST(Formula, negativeExponent_isRead) { EXPECT_EQ(shape_of("a^-b"), "(^ a (- b))"); }
TEST(Formula, comparison_bindsLooserThanSum) { EXPECT_EQ(shape_of("a + 1 < b"), "(< (+ a 1) b)"); }
TEST(Formula, and_bindsLooserThanComparison) { EXPECT_EQ(shape_of("a < b && c > d"), "(&& (< a b) (> c d))"); }
TEST(Formula, repeatedPower_keepsItsMeaningWhenPrinted) {
  const Ast power = Ast::call("^", {Ast::call("^", {Ast::symbol("a"), Ast::symbol("b")}), Ast::symbol("c")});
  EXPECT_EQ(shape_of(to_text(power)), "(^ (^ a b) c)");
}
TEST(Formula, negativeBase_keepsItsMeaningWhenPrinted) {
  const Ast power = Ast::call("^", {Ast::number(-2), Ast::number(2)});
  EXPECT_EQ(to_text(power), "(-2)^2");
}

// The parser reads "a < b < c" as a chain, with or without parentheses around "a < b".
TEST(Formula, comparisonOfAComparison_keepsItsMeaningWhenPrinted) {
  const Ast inner = Ast::call("!=", {Ast::symbol("a"), Ast::symbol("b")});
  for (const auto& [name, function] : {std::pair{"<", "lt"}, {"<=", "leq"}, {">", "gt"}, {">=", "geq"}, {"==", "eq"}, {"!=", "neq"}}) {
    const Ast outer = Ast::call(name, {inner, Ast::symbol("c")});
    EXPECT_EQ(to_text(outer), std::string(function) + "(a != b, c)");
    EXPECT_EQ(shape_of(to_text(outer)), shape(outer));
  }
}
TEST(Formula, comparisonOfAConjunction_keepsItsMeaningWhenPrinted) {
  const Ast both = Ast::call("&&", {Ast::call("<", {Ast::symbol("a"), Ast::symbol("b")}), Ast::call("<", {Ast::symbol("b"), Ast::symbol("c")})});
  const Ast outer = Ast::call("<", {both, Ast::symbol("d")});
  EXPECT_EQ(shape_of(to_text(outer)), shape(outer));
}
TEST(Formula, comparisonOnTheRight_isPrintedWithTheOperator) { EXPECT_EQ(to_text(parse_formula("a < (b < c)")), "a < (b < c)"); }

TEST(Formula, numbers_arePrintedInShortestForm) { EXPECT_EQ(to_text(parse_formula("0.1*a")), "0.1*a"); }
TEST(Formula, scientificNumber_readsExactly) { EXPECT_EQ(parse_formula("1.2345678901234567e-5").value, 1.2345678901234567e-5); }
TEST(Formula, anyPositiveNumber_readsBackExactly) {
  EXPECT_TRUE(rc::check("parse(print(number)) is the number", [] {
    const double x = std::ldexp(*rc::gen::inRange(1, 1 << 30), *rc::gen::inRange(-200, 200));
    RC_LOG() << to_text(Ast::number(x));
    RC_ASSERT(parse_formula(to_text(Ast::number(x))).value == x);
  }));
}
TEST(Formula, integerBeyond32Bits_readsExactly) { EXPECT_EQ(parse_formula("12345678901").value, 12345678901.0); }

TEST(Formula, dottedName_isOneName) { EXPECT_EQ(names_in(parse_formula("lrp.wnt*k9 + a.b.c")), (std::set<std::string>{"a.b.c", "k9", "lrp.wnt"})); }
TEST(Formula, dottedFunction_isOneName) { EXPECT_EQ(shape_of("lrp.hill(x, 2)"), "(lrp.hill x 2)"); }
TEST(Formula, decimalPoint_isNoDottedName) { EXPECT_EQ(shape_of("1.e2*a"), "(* 100 a)"); }

TEST(Formula, time_isNoName) {
  EXPECT_TRUE(names_in(parse_formula("time + 1")).empty());
  EXPECT_EQ(parse_formula("time").name, kTime);
}

TEST(Formula, log10_isLnOverLn10) { EXPECT_EQ(shape_of("log10(x)"), "(/ (ln x) 2.302585092994046)"); }

TEST(Formula, oneArgumentLog_isRefused) {
  const core::Error error = error_of([] { (void)parse_formula("k*log(x)"); });
  EXPECT_EQ(error.kind(), ErrorKind::Model);
  const core::Diagnostic& d = error.diagnostics().front();
  EXPECT_EQ(d.code, "formula-002");
  EXPECT_EQ(d.message, "one-argument 'log' in formula 'k*log(x)'");
  EXPECT_EQ(d.hint, "Write ln(x) for the natural or log10(x) for the decimal logarithm.");
}

TEST(Formula, syntaxError_namesPositionAndFormula) {
  const core::Error error = error_of([] { (void)parse_formula("a + * b"); });
  EXPECT_EQ(error.kind(), ErrorKind::Model);
  const core::Diagnostic& d = error.diagnostics().front();
  EXPECT_EQ(d.code, "formula-001");
  EXPECT_NE(d.message.find("syntax error"), std::string::npos) << d.message;
  EXPECT_NE(d.message.find("in formula 'a + * b'"), std::string::npos) << d.message;
}

TEST(Formula, blank_isRefused) {
  EXPECT_EQ(error_of([] { (void)parse_formula(""); }).diagnostics().front().code, "formula-001");
}

TEST(Formula, unclosedBracket_isRefused) {
  EXPECT_EQ(error_of([] { (void)parse_formula("exp(a"); }).diagnostics().front().code, "formula-001");
}

TEST(Formula, overlongText_isRefused) {
  const core::Error error = error_of([] { (void)parse_formula(std::string(300000, '1')); });
  EXPECT_EQ(error.diagnostics().front().message.substr(0, 19), "too many characters");
}

TEST(Formula, wrongCountForBuiltin_isRefused) {
  const core::Error error = error_of([] { (void)parse_formula("exp(a, b)"); });
  EXPECT_EQ(error.diagnostics().front().code, "formula-001");
}

TEST(Substitute, name_becomesTree) {
  const Ast by = parse_formula("b + 1");
  const Ast result = substitute(parse_formula("2*a"), [&](const std::string& name) { return name == "a" ? &by : nullptr; });
  EXPECT_EQ(to_text(result), "2*(b + 1)");
}

TEST(IsReserved, builtins_areReserved) {
  for (const char* name : {"time", "pi", "avogadro", "true", "exp", "log", "piecewise"}) EXPECT_TRUE(is_reserved(name)) << name;
}
TEST(IsReserved, ordinaryName_isFree) { EXPECT_FALSE(is_reserved("kout")); }

/// What is not reserved must come back as the name it is: else a parameter of that name would silently be something else.
TEST(IsReserved, everyFreeShortName_isReadAsAName) {
  for (const char* name :
       {"e",   "E",     "PI",     "Pi",    "inf",   "Inf",      "INF",          "nan",       "NaN",      "t",    "TIME",
        "ln",  "LN",    "arctan", "acosh", "sec",   "sqr",      "ceiling",      "factorial", "quotient", "rem",  "implies",
        "xor", "delay", "rateOf", "gamma", "beta",  "max",      "mod",          "True",      "log10",    "log2", "arcsin",
        "cot", "csc",   "arcsec", "asinh", "atanh", "infinity", "notanumber",   "root",      "neq",      "eq",   "gt",
        "lt",  "geq",   "leq",    "abs",   "pow",   "Avogadro", "exponentiale", "quantity",  "minus",    "plus"}) {
    if (is_reserved(name)) continue;
    const Ast ast = parse_formula(std::string(name) + " + 1");
    EXPECT_EQ(names_in(ast), std::set<std::string>{name}) << to_text(ast);
  }
}

TEST(Latex, fraction_isTypeset) { EXPECT_EQ(to_latex(parse_formula("k_1*a/b")), "\\frac{\\mathrm{k\\_1} \\cdot \\mathrm{a}}{\\mathrm{b}}"); }

}  // namespace
}  // namespace osteosome::expr
