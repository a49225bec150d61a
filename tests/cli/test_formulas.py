#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Black-box tests of what formulas mean, and that every file that `convert` writes is read as the model it was written from."""

from __future__ import annotations

import math
import unittest

from support import INPUT, OK, Case, numbers, table
from support import setUpModule  # noqa: F401  (unittest calls it)

HEADER = """\
[model]
id = "signs"
title = "Signs"
time = "h"
source = "made up for this test"
[parameters]
p = { value = 2, unit = "1", kind = "assumed", source = "model", rationale = "test" }
q = { value = 3, unit = "1", kind = "assumed", source = "model", rationale = "test" }
m = { value = -7, unit = "1", kind = "assumed", source = "model", rationale = "test" }
h = { value = 1, unit = "h", kind = "assumed", source = "model", rationale = "test" }
[species]
z = { initial = 1, unit = "1", rate = "0*z/h", source = "model", kind = "assumed", rationale = "test" }
[rules]
"""
p, q, m = 2.0, 3.0, -7.0
RULES = {  # name -> (formula, its value in Python)
    "minus_power": ("-p^2", -(p**2)), "negative_base": ("(-p)^2", (-p) ** 2), "inverse": ("p^-1", p**-1), "tower": ("p^q^2", p ** (q**2)),
    "literal_tower": ("2^3^2", 2 ** 3**2), "power_of_ratio": ("(7/2)^2", 3.5**2), "third": ("8^(1/3)", 8 ** (1 / 3)),
    "exp_ratio": ("exp(-1/2)", math.exp(-1 / 2)), "floor_ratio": ("floor(7/2)", 3), "floor_minus": ("floor(-7/2)", -4), "ceil_minus": ("ceil(-7/2)", -3),
    "twice": ("p - -q", p + q), "double": ("--p", p), "product": ("-p*-q", p * q), "modulo": ("m % q", math.fmod(m, q)),
    "modulo_of_negative": ("7 % -3", math.fmod(7, -3)), "remainder": ("rem(m, q)", math.fmod(m, q)), "quotient_": ("quotient(m, q)", math.trunc(m / q)),
    "quotients": ("m/q/p", m / q / p), "or_and": ("1 < 2 || 2 < 3 && 3 < 1", 1), "and_or": ("3 < 1 && 1 < 2 || 2 < 3", 1), "nested": ("(q > p) > 0", 1),
    "compared": ("2 == (1 < 2)", 0), "chain": ("1 < p < q", 1), "not_": ("!(1 < 2) || 2 < 1", 0),
    "pieces": ("-piecewise(p, p > q, piecewise(q, p == q, m))^2", -(m**2)), "digits": ("0.30000000000000004 - 0.3", 0.30000000000000004 - 0.3),
}
SBML = """\
<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2">
<model id="named">
<listOfFunctionDefinitions><functionDefinition id="lt"><math xmlns="http://www.w3.org/1998/Math/MathML"><lambda><bvar><ci>u</ci></bvar><bvar><ci>pi</ci></bvar>
<apply><minus/><ci>u</ci><apply><times/><cn>2</cn><ci>pi</ci></apply></apply></lambda></math></functionDefinition></listOfFunctionDefinitions>
<listOfParameters><parameter id="exp" value="8" constant="false"/><parameter id="pi" value="4" constant="true"/><parameter id="y" constant="false"/>
<parameter id="seen" value="0" constant="false"/></listOfParameters>
<listOfRules>
<rateRule variable="exp"><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><divide/><apply><minus/><ci>exp</ci></apply><ci>pi</ci></apply></math></rateRule>
<assignmentRule variable="y"><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><plus/>
<apply><times/><ci>exp</ci><apply><exp/><apply><divide/><cn type="integer">-3</cn><cn type="integer">4</cn></apply></apply></apply>
<apply><ceiling/><apply><divide/><cn type="integer">-5</cn><cn type="integer">2</cn></apply></apply>
<apply><power/><cn type="integer">2</cn><cn type="integer">-1</cn></apply>
<apply><quotient/><cn type="integer">-7</cn><cn type="integer">2</cn></apply><apply><rem/><cn type="integer">-7</cn><cn type="integer">4</cn></apply>
<cn type="rational">1<sep/>3</cn><cn type="e-notation">1.5<sep/>-1</cn>
<apply><ci>lt</ci><ci>pi</ci><cn>3</cn></apply></apply></math></assignmentRule></listOfRules>
<listOfEvents><event id="max" useValuesFromTriggerTime="true"><trigger initialValue="true" persistent="true"><math xmlns="http://www.w3.org/1998/Math/MathML">
<apply><or/><apply><gt/><ci>exp</ci><cn>100</cn></apply><apply><and/><apply><lt/><ci>exp</ci><cn>4</cn></apply><apply><gt/><ci>pi</ci><cn>3</cn></apply></apply></apply>
</math></trigger>
<listOfEventAssignments><eventAssignment variable="seen"><math xmlns="http://www.w3.org/1998/Math/MathML"><ci>pi</ci></math></eventAssignment></listOfEventAssignments></event></listOfEvents>
</model>
</sbml>
"""


class Formulas(Case):
    def values(self, document: str, until: str = "1 h") -> dict[str, float]:
        result = self.cli("simulate", document, "--until", until, "--every", until, "--observe", ",".join(RULES))
        self.assertEqual(result.code, OK, result.err)
        return {name: float(table(result.out)[0][name]) for name in RULES}

    def test_signs_remainders_and_powers_mean_what_python_says_in_every_file(self):
        self.write("a.toml", HEADER + "".join(f'{name} = {{ formula = "{text}", unit = "1", unchecked = "test" }}\n' for name, (text, _) in RULES.items()))
        files = ["a.toml"]
        for name in ("b.toml", "c.xml", "d.xml", "e.toml", "f.xml"):  # each way twice
            done = self.cli("convert", files[-1], name)
            self.assertEqual(done.code, OK, done.err)
            files.append(name)
        for file in files:
            for name, got in self.values(file).items():
                # 1e-15: library functions may differ in the last bit
                self.assertAlmostEqual(got, RULES[name][1], delta=1e-15 * abs(RULES[name][1]), msg=f"{file}: {RULES[name][0]}")

    def test_integers_rationals_and_names_of_functions_survive_every_conversion(self):
        self.write("a.xml", SBML)
        files = ["a.xml"]
        for name in ("b.toml", "c.xml", "d.toml", "e.xml", "f.xml"):
            done = self.cli("convert", files[-1], name)
            self.assertEqual(done.code, OK, done.err)
            files.append(name)
        constant = -2 + 0.5 - 3 - 3 + 1 / 3 + 0.15 + (4 - 2 * 3)
        for file in files:
            shown = "exp_,y,seen"
            result = self.cli("simulate", file, "--until", "4", "--every", "2", "--time-unit", "model", "--observe", shown, "--rtol", "1e-10")
            self.assertEqual(result.code, OK, f"{file}: {result.err}")
            level = [8 * math.exp(-t / 4) for t in (0, 2, 4)]
            for got, want in zip(numbers(table(result.out), "y"), level, strict=True):
                self.assertAlmostEqual(got, want * math.exp(-0.75) + constant, delta=1e-8, msg=file)
            # 8 exp(-t/4) passes 4 at t = 4 ln 2 = 2.77
            self.assertEqual(numbers(table(result.out), "seen"), [0, 0, 4], file)

    def test_names_that_formulas_have_built_in_are_refused(self):
        self.write("a.toml", HEADER + 'a = { formula = "gt(p, q)", unit = "1" }\n[functions]\ngt = { arguments = ["u", "pi"], formula = "u - pi" }\n')
        result = self.cli("check", "a.toml")
        self.assertEqual(result.code, INPUT)
        self.assertIn("'gt' is a built-in function of formulas", result.err)
        self.assertIn("the argument 'pi' is a built-in name of formulas", result.err)


if __name__ == "__main__":
    unittest.main()
