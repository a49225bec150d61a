// SPDX-License-Identifier: Apache-2.0
// What formula text means, and that what is printed, as text or MathML, is read as what it was.
#include "osteosome/core/text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sbml/SBMLTypes.h>
#include <sbml/math/MathML.h>

#include <bit>
#include <cmath>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "errors.hpp"
#include "osteosome/expr/ast.hpp"
#include "osteosome/expr/builtin.hpp"
#include "osteosome/expr/mathml.hpp"

namespace osteosome::expr {
namespace {

using core::ErrorKind;
using support::error_of;

double named(const std::string& name) {
  static const std::map<std::string, double> values = {{"a", 2}, {"b", 3}, {"c", -5}, {"x", 0.5}, {"lrp.wnt", 7.25}, {"time", 1.5}};
  return values.at(name);
}

double value_of(const Ast& ast);

double of_function(const std::string& f, const std::vector<double>& v) {
  static const std::map<std::string, double (*)(double)> unary = {
      {"exp", std::exp}, {"ln", std::log},  {"sqrt", std::sqrt}, {"floor", std::floor}, {"ceil", std::ceil},
      {"sin", std::sin}, {"cos", std::cos}, {"tanh", std::tanh}, {"asin", std::asin},   {"abs", std::fabs}};
  if (const auto found = unary.find(f); found != unary.end()) return found->second(v[0]);
  if (f == "quotient") return std::trunc(v[0] / v[1]);
  if (f == "rem") return v[0] - v[1] * std::trunc(v[0] / v[1]);
  if (f == "implies") return v[0] == 0 || v[1] != 0;
  if (f == "factorial") return std::tgamma(v[0] + 1);
  double result = f == "xor" ? 0 : v[0];
  for (std::size_t i = f == "xor" ? 0 : 1; i < v.size(); ++i) {
    if (f == "xor") result = (result != 0) != (v[i] != 0);
    if (f == "min") result = result < v[i] ? result : v[i];
    if (f == "max") result = result < v[i] ? v[i] : result;
  }
  return result;
}

double of_operator(const std::string& f, const std::vector<double>& v) {
  if (f == "-") return v.size() == 1 ? -v[0] : v[0] - v[1];
  if (f == "/") return v[0] / v[1];
  if (f == "^") return std::pow(v[0], v[1]);
  if (f == "<") return v[0] < v[1];
  if (f == "<=") return v[0] <= v[1];
  if (f == ">") return v[0] > v[1];
  if (f == ">=") return v[0] >= v[1];
  if (f == "==") return v[0] == v[1];
  if (f == "!=") return v[0] != v[1];
  if (f == "!") return v[0] == 0;
  double result = v[0];
  for (std::size_t i = 1; i < v.size(); ++i) {
    if (f == "+") result += v[i];
    if (f == "*") result *= v[i];
    if (f == "&&") result = result != 0 && v[i] != 0;
    if (f == "||") result = result != 0 || v[i] != 0;
  }
  return result;
}

double value_of(const Ast& ast) {
  if (ast.kind == Ast::Kind::Number) return ast.value;
  if (ast.kind == Ast::Kind::Name) return named(ast.name);
  std::vector<double> v;
  for (const Ast& arg : ast.args) v.push_back(value_of(arg));
  if (ast.name == "piecewise") {
    for (std::size_t i = 0; i + 1 < v.size(); i += 2) {
      if (v[i + 1] != 0) return v[i];
    }
    return v.size() % 2 == 1 ? v.back() : std::nan("");
  }
  return core::is_identifier(ast.name) ? of_function(ast.name, v) : of_operator(ast.name, v);
}

struct Meaning {
  const char* text;
  double value;
};
void PrintTo(const Meaning& m, std::ostream* out) { *out << m.text; }

class Means : public testing::TestWithParam<Meaning> {};

// 1e-15: two roundings of a logarithm, a power or a quotient; all else is exact.
TEST_P(Means, WhatPythonSays) { EXPECT_NEAR(value_of(parse_formula(GetParam().text)), GetParam().value, 1e-15 * std::abs(GetParam().value)); }

TEST_P(Means, TheSameWhenPrintedAndReadAgain) {
  const Ast once = parse_formula(GetParam().text);
  EXPECT_EQ(value_of(parse_formula(to_text(once))), value_of(once)) << to_text(once);
}

// Computed with Python 3.11 for a = 2, b = 3, c = -5, x = 0.5, where ^ is **, && is and, || is or, ! is not, and % is math.fmod.
INSTANTIATE_TEST_SUITE_P(
    Formula, Means,
    testing::Values(
        Meaning{"-2^2", -4}, Meaning{"(-2)^2", 4}, Meaning{"2^-1", 0.5}, Meaning{"2^3^2", 512}, Meaning{"(2^3)^2", 64}, Meaning{"-2^-2", -0.25},
        Meaning{"2^-3^2", 0.001953125}, Meaning{"-a^b", -8}, Meaning{"a - -b", 5}, Meaning{"a--b", 5}, Meaning{"--a", 2}, Meaning{"-(-a)", 2},
        Meaning{"- -2", 2}, Meaning{"+a", 2}, Meaning{"a + +b", 5}, Meaning{"a*-b", -6}, Meaning{"-a*-b", 6}, Meaning{"a/-b/c", 0.13333333333333333},
        Meaning{"a/b*c", -3.333333333333333}, Meaning{"a/(b*c)", -0.13333333333333333}, Meaning{"a - b - c", 4}, Meaning{"a - (b - c)", -6},
        Meaning{"a - b + c", -6}, Meaning{"exp(-1/2)", 0.6065306597126334}, Meaning{"floor(7/2)", 3}, Meaning{"floor(-7/2)", -4},
        Meaning{"ceil(-7/2)", -3}, Meaning{"(7/2)^2", 12.25}, Meaning{"8^(1/3)", 2}, Meaning{"8^(-1/3)", 0.5}, Meaning{"pow(-2, 3)", -8},
        Meaning{"root(3, 8)", 2}, Meaning{"sqr(-3)", 9}, Meaning{"log(2, 8)", 3}, Meaning{"ln(exp(1))", 1},
        Meaning{"log10(1000)", 2.9999999999999996}, Meaning{"-5 % 3", -2}, Meaning{"5 % -3", 2}, Meaning{"-5 % -3", -2}, Meaning{"c % b", -2},
        Meaning{"-a % b", -2}, Meaning{"7 % 4 % 2", 1}, Meaning{"7*3 % 4", 1}, Meaning{"rem(-5, 3)", -2}, Meaning{"quotient(-5, 3)", -1},
        Meaning{"quotient(5, -3)", -1}, Meaning{"abs(-3) - abs(3)", 0}, Meaning{"factorial(5)", 120}, Meaning{"max(1, 2, -3)", 2},
        Meaning{"min(1, -2, 3)", -2}, Meaning{"1 < 2 && 2 < 3 || 3 < 1", 1}, Meaning{"1 < 2 || 2 < 3 && 3 < 1", 1},
        Meaning{"(1 < 2 || 2 < 3) && 3 < 1", 0}, Meaning{"1 < 2 < 3", 1}, Meaning{"3 > 2 > 1", 1}, Meaning{"1 < 3 < 2", 0},
        Meaning{"1 < 2 <= 2 == 2", 1}, Meaning{"(3 > 2) > 0", 1}, Meaning{"(3 > 2) == 1", 1}, Meaning{"2 == (1 < 2)", 0},
        Meaning{"!(1 < 2) && 0 < 1", 0}, Meaning{"!(1 < 2 && 2 < 1)", 1}, Meaning{"!!(a > b)", 0}, Meaning{"a != b != a", 1},
        Meaning{"a + 1 < b + 1", 1}, Meaning{"piecewise(1, 3 < 2, 7)", 7}, Meaning{"piecewise(1, a > b, piecewise(2, b > a, 3), 0 < 1, 9)", 2},
        Meaning{"-piecewise(a, a > b, b)^2", -9}, Meaning{"7e-11*1e11 + .5 + 1.", 8.5}, Meaning{"1.e3 - 1E3", 0}, Meaning{"2e+3", 2000},
        Meaning{"1e-3-2", -1.999}, Meaning{"6.02214076e23", 6.02214076e+23}, Meaning{"0.1 + 0.2", 0.30000000000000004},
        Meaning{"4294967296*2", 8589934592}, Meaning{"9007199254740993", 9007199254740992.0}, Meaning{"0.30000000000000004", 0.30000000000000004},
        Meaning{"1.7976931348623157e308", 1.7976931348623157e+308}, Meaning{"xor(1 < 2, 2 < 3)", 0}, Meaning{"implies(1 < 2, 2 < 1)", 0},
        Meaning{"not(1 < 2)", 0}, Meaning{"and(1 < 2, 2 < 3)", 1}, Meaning{"lt(1, 2, 3)", 1}, Meaning{"minus(a, b)", -1},
        Meaning{"divide(a, plus(b, c))", -1}, Meaning{"a*b^-1", 0.6666666666666666}, Meaning{"a^b*c", -40}, Meaning{"-x^2*a", -0.5},
        Meaning{"1 - 2*3^2/4", -3.5}, Meaning{"pi - exponentiale", 0.423310825130748}, Meaning{"sec(x)", 1.139493927324549},
        Meaning{"arcsin(x) - asin(x)", 0}));

Ast random_tree(int depth) {
  static const std::vector<std::string> binary = {"-", "/", "^", "<", "<=", ">", ">=", "==", "!=", "rem", "quotient", "implies"};
  static const std::vector<std::string> many = {"+", "*", "&&", "||", "xor", "min", "max", "piecewise"};
  static const std::vector<std::string> unary = {"exp", "ln", "sqrt", "tanh", "abs", "floor", "ceil", "-", "!", "sin"};
  static const std::vector<std::string> names = {"a", "b", "c", "x", "time"};
  const int kind = *rc::gen::inRange(0, depth > 0 ? 8 : 3);
  if (kind == 0) return Ast::symbol(*rc::gen::elementOf(names));
  if (kind == 1) return Ast::number(*rc::gen::inRange(-9, 9));
  if (kind == 2) {
    const double any = std::bit_cast<double>(*rc::gen::arbitrary<std::uint64_t>());
    return Ast::number(std::isnormal(any) ? any : 0.1);
  }
  if (kind == 3) return Ast::call(*rc::gen::elementOf(unary), {random_tree(depth - 1)});
  if (kind == 4) {
    std::vector<Ast> args;
    for (int i = *rc::gen::inRange(2, 5); i > 0; --i) args.push_back(random_tree(depth - 1));
    return Ast::call(*rc::gen::elementOf(many), std::move(args));
  }
  return Ast::call(*rc::gen::elementOf(binary), {random_tree(depth - 1), random_tree(depth - 1)});
}

bool same(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) || (std::isnan(a) && std::isnan(b)); }

TEST(Formula, AnyTree_printedAndParsed_hasTheSameValueToTheBit) {
  EXPECT_TRUE(rc::check("value(parse(print(x))) is value(x)", [] {
    const Ast x = random_tree(5);
    RC_LOG() << to_text(x);
    RC_ASSERT(same(value_of(parse_formula(to_text(x))), value_of(x)));
  }));
}

Ast through_mathml(const Ast& ast) {
  const std::string text = "<math xmlns=\"http://www.w3.org/1998/Math/MathML\" xmlns:sbml=\"http://www.sbml.org/sbml/level3/version2/core\">" +
                           to_mathml(ast, [](const Ast&) { return std::string(); }) + "</math>";
  const std::unique_ptr<ASTNode> node(readMathMLFromString(text.c_str()));
  return from_libsbml(*node, [](const std::string& name, bool) { return name; });
}

TEST(Formula, AnyTree_asMathMlAndReadAgain_hasTheSameValueToTheBit) {
  EXPECT_TRUE(rc::check("value(read(mathml(x))) is value(x)", [] {
    const Ast x = random_tree(4);
    RC_LOG() << to_text(x);
    RC_ASSERT(same(value_of(through_mathml(x)), value_of(x)));
  }));
}

TEST(Formula, AnyTree_printedTwice_isTheSameText) {
  EXPECT_TRUE(rc::check("print(parse(print(x))) settles", [] {
    const std::string once = to_text(parse_formula(to_text(random_tree(5))));
    RC_ASSERT(to_text(parse_formula(once)) == once);
  }));
}

struct Refusal {
  const char* text;
  const char* message;
  const char* hint;
};
void PrintTo(const Refusal& r, std::ostream* out) { *out << r.text; }

class Refused : public testing::TestWithParam<Refusal> {};

TEST_P(Refused, WithPlaceAndCure) {
  const core::Error error = error_of([] { (void)parse_formula(GetParam().text); });
  EXPECT_EQ(error.kind(), ErrorKind::Model);
  const core::Diagnostic& d = error.diagnostics().front();
  EXPECT_EQ(d.code, "formula-001");
  EXPECT_EQ(d.message, std::string(GetParam().message) + " in formula '" + GetParam().text + "'");
  EXPECT_EQ(d.hint, GetParam().hint);
}

constexpr const char* kNumbers =
    "Numbers have one decimal point and lie between 1e-308 and 1e308; a product needs '*', and names begin with a letter.";
constexpr const char* kMissing = "An operator is missing; a product needs '*'.";

INSTANTIATE_TEST_SUITE_P(
    Formula, Refused,
    testing::Values(
        Refusal{"1e400", "'1e400' is no number", kNumbers}, Refusal{"1e-400", "'1e-400' is no number", kNumbers},
        Refusal{"2x", "'2x' is no number", kNumbers}, Refusal{"1.2.3", "'1.2.3' is no number", kNumbers},
        Refusal{"1e", "'1e' is no number", kNumbers}, Refusal{"a b", "syntax error at character 3: unexpected 'b'", kMissing},
        Refusal{"2 (a)", "syntax error at character 3: unexpected '('", kMissing},
        Refusal{"a = b", "syntax error at character 3: unexpected '='", "Equality is '=='."},
        Refusal{"a & b", "syntax error at character 3: unexpected '&'", "Write '&&'."},
        Refusal{"a ** b", "syntax error at character 4: unexpected '*'", "A power is written with '^'."},
        Refusal{"max()", "'max' is given 0 arguments", "It takes 1 or more."}, Refusal{"sin(a, b)", "'sin' is given 2 arguments", "It takes 1."},
        Refusal{"a +", "syntax error at character 4: the formula ends too early", "A number, a name or a bracket is missing."},
        Refusal{"a \xc2\xb7 b", "syntax error at character 3: a character that formulas do not have", "Formulas are SBML Level 3 infix text."}));

TEST(Formula, ChainLongerThanAnyTreeMayBe_isRefused) {
  std::string text = "a";
  for (int i = 0; i < 1100; ++i) text += " - a";
  EXPECT_EQ(error_of([&] { (void)parse_formula(text); }).diagnostics().front().code, "formula-003");
  const auto bracketed = [](std::size_t n) { return std::string(n, '(') + "a" + std::string(n, ')'); };
  EXPECT_EQ(to_text(parse_formula(bracketed(399))), "a");
  EXPECT_EQ(error_of([&] { (void)parse_formula(bracketed(400)); }).diagnostics().front().message,
            "a formula nested deeper than 400 levels is not supported");
}

TEST(Formula, SumOfManyTerms_isOneCall) {
  std::string text = "a";
  for (int i = 0; i < 20000; ++i) text += " + a";
  EXPECT_EQ(parse_formula(text).args.size(), 20001u);
}

TEST(Formula, ConjunctionInADisjunction_isPrintedWithBrackets) { EXPECT_EQ(to_text(parse_formula("a || b && c")), "a || (b && c)"); }
TEST(Formula, OneTermOfASum_isPrintedAsAFunction) { EXPECT_EQ(to_text(Ast::call("+", {Ast::symbol("a")})), "plus(a)"); }

TEST(BuiltinFunction, EveryNameThatTextCalls_isNone) {
  for (const char* name : {"lt", "sqr", "arcsin", "ceiling", "power", "sech", "arccoth"}) EXPECT_TRUE(is_builtin_function(name)) << name;
  for (const char* name : {"hill", "mod", "trunc", "pi"}) EXPECT_FALSE(is_builtin_function(name)) << name;
}

TEST(Latex, Operators_areTypesetUnmistakably) {
  EXPECT_EQ(to_latex(parse_formula("!(a < b)")), "\\lnot \\left(\\mathrm{a} < \\mathrm{b}\\right)");
  EXPECT_EQ(to_latex(parse_formula("2e-7*a")), "2 \\cdot 10^{-7} \\cdot \\mathrm{a}");
  EXPECT_EQ(to_latex(parse_formula("a^2e-7")), "\\mathrm{a}^{2 \\cdot 10^{-7}}");
  EXPECT_EQ(to_latex(parse_formula("(-2)^a")), "\\left(-2\\right)^{\\mathrm{a}}");
  EXPECT_EQ(to_latex(parse_formula("2e-7^a")), "\\left(2 \\cdot 10^{-7}\\right)^{\\mathrm{a}}");
  EXPECT_EQ(to_latex(parse_formula("(a == b) < c")), "\\left(\\mathrm{a} = \\mathrm{b}\\right) < \\mathrm{c}");
  EXPECT_EQ(to_latex(parse_formula("a - (b - c)")), "\\mathrm{a} - \\left(\\mathrm{b} - \\mathrm{c}\\right)");
}

}  // namespace
}  // namespace osteosome::expr
