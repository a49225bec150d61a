#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Black-box tests of the command line: stdout, stderr, exit code and files. `validate` and `calibrate` stand in test_evidence.py."""

from __future__ import annotations

import json
import math
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

from support import CANCELLED, INPUT, IO_ERROR, NUMERICAL, OK, USAGE, BINARY, ROOT, Case, Result, launch, numbers, osteosome, sha256, table, times, wait_until
from support import setUpModule  # noqa: F401  (unittest calls it)

SCENARIOS = ROOT / "scenarios"
VERBS = ("run", "rerun", "simulate", "scan", "check", "models", "regimen", "validate", "calibrate", "doctor")
PETERSON = "peterson-riggs-2010"
JOERG = "joerg-2022"
NOISE_BYTES = 50_000_000

PK = """\
[model]
id = "pk"
title = "one compartment with absorption"
time = "h"
source = "doi:10.1000/test"
[parameters]
ka = { value = 1.0, unit = "1/h", source = "model", kind = "reported" }
ke = { value = 0.1, unit = "1/h", source = "model", kind = "reported" }
V = { value = 10, unit = "L", source = "model", kind = "reported" }
[species]
depot = { initial = "0", unit = "mg", rate = "-ka*depot", typical = "100" }
central = { initial = "0", unit = "mg", rate = "ka*depot - ke*central", typical = "100" }
[doses]
denosumab = { into = "depot", unit = "mg" }
[outputs]
conc = { formula = "central/V", unit = "mg/L", label = "plasma" }
"""

BLOW = """\
[model]
id = "blow"
title = "x' = k x^2 ends at 1/k"
time = "d"
source = "doi:10.1000/test"
[parameters]
k = { value = 0.001, unit = "1/d", source = "model", kind = "reported" }
[species]
x = { initial = "1", unit = "1", rate = "k*x*x", source = "model", kind = "reported" }
[outputs]
y = { formula = "2*x", unit = "1", label = "twice x" }
"""

BLOW_SCENARIO = """\
[scenario]
title = "one subject blows up"
until = "3 months"
every = "1 month"
[models.blow]
document = "blow.toml"
[population]
table = "subjects.csv"
[arms.a]
regimen = "none"
"""

EVENTS = """\
ID,TIME,EVID,AMT,CMT,SITE,AGE
a,0,1,100,depot,Lyon,61
a,1,0,.,.,Lyon,61
a,2,0,,,Lyon,61
b,0,1,50,1,Oslo,70
b,2,0,,,Oslo,70
"""


def limit_file_size(size: int) -> Callable[[], None]:
    """A full disk without a disk: writes beyond `size` fail with EFBIG."""

    def apply() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return apply


def limit_memory() -> None:
    """4 GB of address space, so that a runaway allocation does not take the machine down."""
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))


def write_noise(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(NOISE_BYTES // 1_000_000):
            file.write(os.urandom(1_000_000))


def population_scenario(n: int, parameters: str = 'koutL = { kind = "lognormal", cv = 0.2 }', regimen: str = "denosumab 60 mg sc every 6 months x 2", until: str = "6 months", seed: int = 3) -> str:
    return f"""\
[scenario]
title = "population"
until = "{until}"
every = "1 month"
seed = {seed}
[models.{PETERSON}]
from_rest = true
[population]
n = {n}
[population.parameters.{PETERSON}]
{parameters}
[arms.drug]
regimen = "{regimen}"
"""


class HelpAndInformation(Case):
    def test_help_of_every_verb_has_two_examples(self) -> None:
        for verb in ((), *((v,) for v in VERBS)):
            with self.subTest(verb=verb):
                result = self.ok(*verb, "--help")
                examples = result.out.split("Examples:")[1]
                self.assertEqual(len(re.findall(r"^\s.*osteosome ", examples, re.MULTILINE)), 2, examples)

    def test_help_fits_one_screen(self) -> None:
        for verb in VERBS:
            with self.subTest(verb=verb):
                self.assertLessEqual(self.ok(verb, "--help").out.count("\n"), 45)

    def test_version(self) -> None:
        self.assertRegex(self.ok("--version").out, r"\Aosteosome \d+\.\d+\.\d+\n\Z")

    def test_no_verb_and_unknown_verb_are_usage_errors(self) -> None:
        self.fails(USAGE)
        self.fails(USAGE, "simulte", says=("'simulte'", "Did you mean 'simulate'?"))
        self.fails(USAGE, "regimn", says=("Did you mean 'regimen'?",))

    def test_an_unknown_verb_is_an_error_even_with_help(self) -> None:
        self.fails(USAGE, "fit", "--help", says=("'fit'",))

    def test_unknown_option_is_a_usage_error_with_a_near_match(self) -> None:
        self.fails(USAGE, "simulate", PETERSON, "--until", "1 d", "--obsrve", "L", says=("--obsrve", "Did you mean '--observe'?"))

    def test_a_missing_or_malformed_option_is_a_usage_error(self) -> None:
        for arguments in (("simulate", PETERSON), ("simulate", PETERSON, "--until", "6"), ("simulate", PETERSON, "--until", "1 d", "--engine", "fast"),
                          ("simulate", PETERSON, "--until", "1 d", "--set", "koutL"), ("models", "show")):
            with self.subTest(arguments=arguments):
                self.fails(USAGE, *arguments)

    def test_models_list_and_show(self) -> None:
        listed = self.ok("models", "list")
        self.assertEqual(listed.out, self.ok("models").out)
        for name in (JOERG, PETERSON):
            self.assertIn(name, listed.out)
        shown = self.ok("models", "show", PETERSON).out
        for word in ("koutL", "1/h", "doi:10.1016/j.bone.2009.08.053", "reported"):
            self.assertIn(word, shown)
        self.fails(INPUT, "models", "show", "joerg-2021", says=("'joerg-2021'", JOERG))

    def test_doctor(self) -> None:
        out = self.ok("doctor").out
        for word in ("osteosome 0.", "data folder", f"model {JOERG}", f"model {PETERSON}"):
            self.assertIn(word, out)
        for line in out.splitlines():
            self.assertRegex(line, r"\bok\b")

    def test_start_up_takes_little_time_and_memory(self) -> None:
        result = self.ok("simulate", PETERSON, "--dose", "denosumab 60 mg sc every 6 months x 6", "--until", "60 months", "--every", "1 month")
        print(f"[start-up, built-in model, 60 months: {result.seconds:.3f} s, {result.megabytes:.0f} MB]", file=sys.stderr)
        self.assertLess(result.megabytes, 200)
        self.assertEqual(len(table(result.out)), 61)


class Regimen(Case):
    def test_table(self) -> None:
        rows = table(self.ok("regimen", "denosumab 60 mg sc every 6 months x 6").out)
        self.assertEqual(list(rows[0]), ["time_days", "time_months", "drug", "amount", "unit", "route", "over_days", "interval_days"])
        self.assertEqual(numbers(rows, "time_days"), [182.625 * i for i in range(6)])
        self.assertEqual(numbers(rows, "time_months"), [6.0 * i for i in range(6)])
        self.assertEqual({(r["drug"], r["amount"], r["unit"], r["route"]) for r in rows}, {("denosumab", "60", "mg", "sc")})

    def test_phases_courses_and_case(self) -> None:
        rows = table(self.ok("regimen", "Denosumab 60 MG sc q6mo x 4 THEN zoledronate 5 mg iv over 15 min").out)
        self.assertEqual([(r["drug"], float(r["time_months"])) for r in rows][-1], ("zoledronate", 24.0))
        self.assertAlmostEqual(float(rows[-1]["over_days"]) * 1440, 15)
        self.assertEqual(len(table(self.ok("regimen", "teriparatide 20 ug sc daily for 24 months & denosumab 60 mg sc every 6 months x 4").out)), 731 + 4)
        self.assertEqual(table(self.ok("regimen", "none").out), [])

    def test_then_after_waits(self) -> None:
        rows = table(self.ok("regimen", "denosumab 60 mg q6mo x 1 then after 3 months denosumab 60 mg").out)
        self.assertEqual(numbers(rows, "time_months"), [0, 9])

    def test_until_drops_doses_at_or_after(self) -> None:
        self.assertEqual(len(table(self.ok("regimen", "denosumab 60 mg q6mo x 6", "--until", "12 months").out)), 2)

    def test_errors_have_a_column_and_a_near_match(self) -> None:
        for text, phrases in {
            "denosmab 60 mg sc": ("column 1", "'denosmab'", "Did you mean 'denosumab'?"),
            "denosumab 60 sc": ("column 14", "no unit"),
            "denosumab 60": ("no unit",),
            "denosumab 60 L": ("column 14", "does not fit"),
            "denosumab -60 mg": ("column 11", "negative"),
            "denosumab nan mg": ("column 11",),
            "denosumab inf mg": ("column 11",),
            "denosumab 60 mg sc evry 6 months x 6": ("column 20", "Did you mean 'every'?"),
            "denosumab 60 mg q0mo x 3": ("positive",),
            "denosumab 60 mg q6mo x 0": ("whole number",),
            "": ("empty",),
        }.items():
            with self.subTest(text=text):
                self.fails(INPUT, "regimen", text, says=phrases)


class Check(Case):
    def test_good_documents_and_scenarios(self) -> None:
        self.write("pk.toml", PK)
        out = self.ok("check", "pk.toml", *(str(p) for p in sorted(SCENARIOS.glob("*.toml")))).out
        self.assertEqual(out.count(": ok ("), 1 + len(list(SCENARIOS.glob("*.toml"))))

    def bad_document(self) -> None:
        self.write("bad.toml", PK.replace(', unit = "1/h", source = "model"', ', source = "model"', 1)
                   .replace('V = { value = 10, unit = "L", source = "model", kind = "reported" }', 'V = { value = 10, unit = "L", source = "model", kind = "reportd" }')
                   .replace("[outputs]", "[outputz]"))

    def test_all_problems_in_one_go_with_line_and_near_match(self) -> None:
        self.bad_document()
        result = self.cli("check", "bad.toml")
        self.assertEqual(result.code, INPUT)
        for phrase in ("bad.toml:7:", "'unit' is missing", "bad.toml:9:", "Did you mean 'reported'?", "bad.toml:15:", "Did you mean 'outputs'?"):
            self.assertIn(phrase, result.err)

    def test_a_bad_document_is_not_called_ok(self) -> None:
        self.bad_document()
        self.assertNotIn("ok", self.cli("check", "bad.toml").out)

    def test_good_and_bad_files_together(self) -> None:
        self.bad_document()
        self.write("pk.toml", PK)
        result = self.cli("check", "bad.toml", "pk.toml")
        self.assertEqual(result.code, INPUT)
        self.assertRegex(result.out, r"(?m)^pk\.toml: ok \(model, 2 species, 3 parameters")

    def test_problems_of_different_kinds_are_reported_together(self) -> None:
        text = PK.replace('"-ka*depot"', '"-kaa*depot"').replace('unit = "L"', 'unit = "Lx"').replace("title = ", "titel = ")
        self.write("bad.toml", text)
        result = self.cli("check", "bad.toml")
        for phrase in ("'kaa'", "'Lx'", "'titel'"):
            self.assertIn(phrase, result.err)

    def one_problem(self, old: str, new: str, *phrases: str) -> None:
        self.assertIn(old, PK)
        self.write("bad.toml", PK.replace(old, new))
        result = self.cli("check", "bad.toml")
        self.assertEqual(result.code, INPUT)
        for phrase in phrases:
            self.assertIn(phrase, result.err)

    def test_bad_formulas(self) -> None:
        self.one_problem('"-ka*depot"', '"-kaa*depot"', "bad.toml:11:", "'kaa'", "Did you mean 'ka'?")
        self.one_problem('"-ka*depot"', '"-log(ka)*depot"', "bad.toml:11:", "log10", "ln")
        self.one_problem('"-ka*depot"', '"-sinn(ka)*depot"', "bad.toml:11:", "sinn")
        self.one_problem('"-ka*depot"', '"-ka"', "bad.toml:11:", "mg")

    def test_bad_structure(self) -> None:
        self.one_problem("[outputs]", '[rules]\na = { formula = "b", unit = "1" }\nb = { formula = "a", unit = "1" }\n[outputs]', "circle")
        self.one_problem('unit = "1/h", source = "model", kind', 'unit = "1/h", kind', "'source' is missing")
        self.one_problem("V = {", "depot = {", "depot")
        self.one_problem('unit = "L"', 'unit = "Lx"', "bad.toml:9:", "'Lx'")

    def test_bad_scenario(self) -> None:
        self.write("bad.toml", '[scenario]\ntitle = "t"\nuntil = "48"\nevery = "1 month"\n[models.joerg-2021]\n[arms.a]\nregimen = "denosmab 60 mg"\n[solvr]\n')
        result = self.cli("check", "bad.toml")
        self.assertEqual(result.code, INPUT)
        for phrase in ("bad.toml:3:", "no unit", "joerg-2021", "bad.toml:7:", "Did you mean 'denosumab'?", "Did you mean 'solver'?"):
            self.assertIn(phrase, result.err)


class Simulate(Case):
    def setUp(self) -> None:
        super().setUp()
        self.write("pk.toml", PK)

    def simulate(self, *arguments: str) -> list[dict[str, str]]:
        return table(self.ok("simulate", "pk.toml", *arguments).out)

    def test_built_in_model_gives_all_states_and_outputs(self) -> None:
        rows = table(self.ok("simulate", JOERG, "--until", "6 months", "--every", "3 months").out)
        self.assertEqual(times(rows, "month"), ["0", "3", "6"])
        for column in ("pB", "rho", "hip", "P1NP"):
            self.assertIn(column, rows[0])

    def test_user_document_against_the_closed_form(self) -> None:
        for row in self.simulate("--dose", "denosumab 100 mg", "--until", "10 h", "--every", "1 h", "--rtol", "1e-9")[1:]:
            t = float(row["time [hour]"])
            exact = 100 / 0.9 * (math.exp(-0.1 * t) - math.exp(-t))
            self.assertAlmostEqual(float(row["central"]), exact, delta=1e-6)
            self.assertAlmostEqual(float(row["conc"]), exact / 10, delta=1e-7)

    def who(self, *arguments: str) -> tuple[str, list[dict[str, str]]]:
        """The note on who it is, and the values of a day."""
        result = self.cli("simulate", "osteosome", *arguments, "--until", "1 d", "--every", "1 d", "--observe", self.observed)
        self.assertEqual(result.code, OK, result.err)
        return result.err.rstrip("\n"), table(result.out)

    observed = "endocrine.age,endocrine.ovary,T_LS,T_TH"

    def test_it_says_who_is_simulated(self) -> None:
        said, rows = self.who()
        self.assertEqual(said, "note: at time 0: a woman of 30 years, menopause at 50 years; --age, --menopause, --ovariectomy and --t-score make it "
                               "somebody else")
        self.assertEqual(float(rows[0]["endocrine.age"]), 30)

    def test_somebody_else_is_simulated(self) -> None:
        said, rows = self.who("--age", "68 years", "--menopause", "47 years", "--t-score", "LS=-2.5", "--t-score", "TH=-1.9")
        self.assertEqual(said, "note: at time 0: a woman of 68 years, menopause at 47 years, T-scores LS -2.5, TH -1.9")
        self.assertAlmostEqual(float(rows[0]["endocrine.age"]), 68, delta=1e-9)
        self.assertAlmostEqual(float(rows[0]["T_LS"]), -2.5, delta=1e-3)
        self.assertAlmostEqual(float(rows[0]["T_TH"]), -1.9, delta=1e-3)
        later = float(self.who("--age", "50 years", "--menopause", "52 years")[1][0]["endocrine.ovary"])
        self.assertGreater(later, float(self.who("--age", "50 years", "--menopause", "48 years")[1][0]["endocrine.ovary"]))

    def test_an_animal_is_operated(self) -> None:
        self.observed = "endocrine.age"
        said, rows = self.who("--species", "rat", "--age", "13 weeks", "--ovariectomy", "1 week")
        self.assertEqual(said, "note: at time 0: a rat of 13 weeks, gonads removed at 12 weeks")
        self.assertAlmostEqual(float(rows[0]["endocrine.age"]) * 365.25 / 7, 13, delta=1e-9)

    def test_what_nobody_can_be_is_refused_in_one_go(self) -> None:
        self.fails(USAGE, "simulate", "osteosome", "--until", "1 d", "--age", "68", "--t-score", "XX=-2", "--t-score", "LS", "--ovariectomy", "-1 d",
                   says=("--age: '68' has no unit", "no density of 'XX'", "It has LS, TH, FN", "--t-score LS is not SITE=NUMBER", "lies after the start"))
        self.fails(USAGE, "simulate", "osteosome", "--until", "1 d", "--age", "68 years", "--t-score", "LS=-2", "--t-score", "LS=-3", says=("twice",))
        self.fails(INPUT, "simulate", "osteosome", "--until", "1 d", "--age", "68 years", "--menopause", "20 weeks", says=("between 10 and 70 years",))
        self.fails(INPUT, "simulate", "osteosome", "--species", "rat", "--until", "1 d", "--age", "25 weeks", "--menopause", "20 weeks", says=("no menopause",))
        self.fails(INPUT, "simulate", "osteosome", "--until", "1 d", "--ovariectomy", "2 years", says=("lies before the model starts",))
        self.fails(INPUT, "simulate", "osteosome", "--until", "1 d", "--age", "140 years", says=("140 lies outside 0 to 130",))
        self.fails(INPUT, "simulate", "osteosome", "--until", "1 d", "--age", "20 years", says=("starts at age 30 years",))
        self.fails(USAGE, "simulate", "osteosome", "--until", "1 d", "--menopause", "50 years", "--t-score", "LS=-2",
                   says=("--menopause needs --age", "--t-score needs --age"))
        self.fails(INPUT, "simulate", "pk.toml", "--until", "1 h", "--age", "60 years", says=("model 'pk.toml' has no age",))
        self.write("events.csv", "ID,TIME,EVID,AMT,CMT\n1,0,1,10,depot\n1,1,0,0,depot\n")
        self.fails(USAGE, "simulate", "pk.toml", "--data", "events.csv", "--time-unit", "h", "--age", "60 years", says=("--data excludes --age",))

    def test_dose_is_repeatable(self) -> None:
        both = self.simulate("--dose", "denosumab 60 mg", "--dose", "denosumab 40 mg", "--until", "2 h", "--every", "1 h", "--rtol", "1e-10")
        once = self.simulate("--dose", "denosumab 100 mg", "--until", "2 h", "--every", "1 h", "--rtol", "1e-10")
        for a, b in zip(numbers(both, "central"), numbers(once, "central")):
            self.assertAlmostEqual(a, b, delta=1e-7)

    def test_doses_the_model_lacks(self) -> None:
        self.fails(INPUT, "simulate", PETERSON, "--until", "1 month", "--dose", "romosozumab 210 mg", says=("romosozumab", "It has: denosumab, teriparatide"))
        self.fails(INPUT, "simulate", PETERSON, "--until", "1 month", "--dose", "denosmab 60 mg", says=("Did you mean 'denosumab'?",))
        self.fails(INPUT, "simulate", PETERSON, "--until", "1 month", "--dose", "denosumab 1 mg/kg", says=("body weight",))
        self.ok("simulate", PETERSON, "--until", "1 month", "--dose", "denosumab 1 mg/kg", "--weight", "60 kg", "--observe", "L")

    def test_weight_is_the_body_mass_of_the_model(self) -> None:
        """With regimens and with a table; one beyond the model's bounds is refused."""
        asked = ("simulate", "osteosome", "--weight", "80 kg", "--observe", "body_mass")
        self.assertEqual(numbers(table(self.cli(*asked, "--until", "1 d", "--every", "1 d").out), "body_mass"), [80, 80])
        self.write("ev.csv", "ID,TIME,EVID\n1,0,0\n1,1,0\n")
        result = self.cli(*asked, "--data", "ev.csv", "--time-unit", "d")
        self.assertEqual((result.code, numbers(table(result.out), "body_mass")), (OK, [80, 80]), result)
        self.fails(INPUT, "simulate", "osteosome", "--weight", "500 kg", "--until", "1 d", says=("body_mass", "500", "300"))

    def test_set_with_and_without_unit(self) -> None:
        plain = self.simulate("--set", "depot=100", "--set", "ke=0.2", "--until", "2 h", "--every", "1 h")
        units = self.simulate("--set", "depot=0.1 g", "--set", "ke=4.8 1/day", "--until", "2 h", "--every", "1 h")
        for a, b in zip(numbers(plain, "central"), numbers(units, "central")):
            self.assertAlmostEqual(a, b, delta=1e-5)
        self.assertEqual(float(plain[0]["depot"]), 100)

    def test_every_wrong_set_is_told(self) -> None:
        self.fails(INPUT, "simulate", "pk.toml", "--until", "1 d", "--set", "ke=0.1 mg", "--set", "VV=1", "--set", "V=abc",
                   says=("ke=0.1 mg", "'VV'", "V=abc"))

    def test_set_errors(self) -> None:
        self.fails(INPUT, "simulate", PETERSON, "--until", "1 d", "--set", "koutLL=1", says=("'koutLL'", "Did you mean 'koutL'?"))
        self.fails(INPUT, "simulate", "pk.toml", "--until", "1 d", "--set", "ke=0.1 mg", says=("dimension",))
        self.fails(INPUT, "simulate", "pk.toml", "--until", "1 d", "--set", "ke=nan")
        self.fails(INPUT, "simulate", "pk.toml", "--until", "1 d", "--set", "ke=abc", says=("'abc'",))

    def test_dimension_message_of_set_names_the_unit_of_the_document(self) -> None:
        self.fails(INPUT, "simulate", "pk.toml", "--until", "1 d", "--set", "ke=0.1 mg", says=("ke", "1/h"))

    def test_observe(self) -> None:
        rows = self.simulate("--until", "2 h", "--every", "1 h", "--observe", "conc,depot")
        self.assertEqual(list(rows[0]), ["time [hour]", "conc", "depot"])
        self.fails(INPUT, "simulate", "pk.toml", "--until", "2 h", "--observe", "dpot", says=("'dpot'", "Did you mean 'depot'?"))

    def test_until_and_every_need_units(self) -> None:
        for option in ("--until", "--every"):
            arguments = ["simulate", "pk.toml", "--until", "2 h", option, "6"]
            result = self.cli(*arguments if option == "--every" else arguments[:2] + arguments[4:])
            self.assertIn(result.code, (USAGE, INPUT))
            self.assertEqual(result.out, "")
            self.assertIn(f"{option}: '6' has no unit", result.err)

    def test_every_and_its_default(self) -> None:
        self.assertEqual(times(self.simulate("--until", "3 h", "--every", "90 min"), "hour"), ["0", "1.5", "3"])
        self.assertEqual(len(self.simulate("--until", "3 h")), 101)

    def test_until_is_the_last_row_even_off_the_grid(self) -> None:
        self.assertEqual(times(self.simulate("--until", "2 h", "--every", "1.5 h"), "hour"), ["0", "1.5", "2"])

    def test_times_file(self) -> None:
        self.write("t.csv", "time [h]\n0\n1.5\n3\n")
        self.assertEqual(times(self.simulate("--times", "t.csv", "--dose", "denosumab 60 mg"), "hour"), ["0", "1.5", "3"])
        self.write("d.csv", "time [d]\n0\n1\n")
        self.assertEqual(times(self.simulate("--times", "d.csv"), "day"), ["0", "1"])
        self.write("no.csv", "time\n0\n1\n")
        self.assertEqual(times(self.simulate("--times", "no.csv", "--time-unit", "h"), "hour"), ["0", "1"])
        result = self.cli("simulate", "pk.toml", "--times", "no.csv")
        self.assertIn(result.code, (USAGE, INPUT))
        self.assertIn("unit of the times", result.err)
        self.write("back.csv", "time [h]\n3\n1.5\n")
        self.fails(INPUT, "simulate", "pk.toml", "--times", "back.csv", says=("back.csv:3:",))

    def test_times_in_a_unit_that_is_no_time(self) -> None:
        self.write("t.csv", "time [mg]\n0\n1\n")
        self.fails(INPUT, "simulate", "pk.toml", "--times", "t.csv", says=("'mg'", "unit of time"))

    def test_values_at_a_dose_are_pre_unless_post(self) -> None:
        common = ("--until", "2 h", "--every", "1 h", "--dose", "denosumab 60 mg every 1 h x 2", "--observe", "depot")
        default, pre, post = self.simulate(*common), self.simulate(*common, "--at-dose", "pre"), self.simulate(*common, "--at-dose", "post")
        self.assertEqual(default, pre)
        self.assertEqual((float(pre[0]["depot"]), float(post[0]["depot"])), (0, 60))
        self.assertAlmostEqual(float(post[1]["depot"]) - float(pre[1]["depot"]), 60, delta=1e-9)
        self.assertEqual(pre[2], post[2])
        self.fails(USAGE, "simulate", "pk.toml", "--until", "2 h", "--at-dose", "both", says=("both",))

    def test_engines_agree(self) -> None:
        for model, dose in ((PETERSON, "denosumab 60 mg sc every 6 months x 2"), (JOERG, "romosozumab 210 mg monthly x 12")):
            common = ("simulate", model, "--dose", dose, "--until", "24 months", "--every", "1 month", "--rtol", "1e-8")
            a, b = (table(self.ok(*common, "--engine", engine).out) for engine in ("reference", "lanes"))
            for column in a[0]:
                x, y = numbers(a, column), numbers(b, column)
                scale = max(map(abs, x))
                for p, q in zip(x, y, strict=True):
                    self.assertLessEqual(abs(p - q), 1e-5 * scale, f"{model} {column}")

    def test_isa_tape_and_threads_do_not_change_a_bit(self) -> None:
        common = ("simulate", PETERSON, "--dose", "denosumab 60 mg", "--until", "6 months", "--every", "1 month", "--engine", "lanes")
        first = self.ok(*common).out
        for option in (("--isa", "scalar"), ("--tape",), ("--threads", "1")):
            self.assertEqual(self.ok(*common, *option).out, first, option)

    def test_rtol_out_of_range(self) -> None:
        for value in ("1", "0", "-1e-6", "1e-20", "abc"):
            with self.subTest(value=value):
                self.fails(USAGE, "simulate", "pk.toml", "--until", "1 h", "--rtol", value, says=("--rtol",))

    def test_tolerances_that_are_no_numbers(self) -> None:
        for option in ("--rtol", "--atol-scale"):
            with self.subTest(option=option):
                self.fails(USAGE, "simulate", "pk.toml", "--until", "1 h", option, "nan", says=(option,))

    def test_rtol_message_names_the_true_range(self) -> None:
        self.assertIn("1e-13", self.fails(USAGE, "simulate", "pk.toml", "--until", "1 h", "--rtol", "1").err)

    def test_output_file_and_sidecar(self) -> None:
        result = self.ok("simulate", "pk.toml", "--until", "2 h", "--every", "1 h", "-o", "out.csv")
        self.assertEqual(result.out, "")
        self.assertEqual((self.dir / "out.csv").read_text(), self.ok("simulate", "pk.toml", "--until", "2 h", "--every", "1 h").out)
        meta = json.loads((self.dir / "out.csv.meta.json").read_text())
        self.assertEqual({k: v["unit"] for k, v in meta.items()}, {"time [hour]": "hour", "depot": "mg", "central": "mg", "conc": "mg/L"})
        self.assertEqual(self.partials(), [])

    def test_output_is_not_overwritten_without_the_flag(self) -> None:
        self.write("out.csv", "precious")
        self.fails(IO_ERROR, "simulate", "pk.toml", "--until", "2 h", "-o", "out.csv", says=("'out.csv' exists", "--overwrite"))
        self.assertEqual((self.dir / "out.csv").read_text(), "precious")
        self.ok("simulate", "pk.toml", "--until", "2 h", "-o", "out.csv", "--overwrite")
        self.assertTrue((self.dir / "out.csv").read_text().startswith("time [hour],"))

    def test_an_input_is_never_overwritten(self) -> None:
        result = self.cli("simulate", "pk.toml", "--until", "2 h", "-o", "pk.toml", "--overwrite")
        self.assertNotEqual(result.code, OK)
        self.assertEqual((self.dir / "pk.toml").read_text(), PK)

    def test_output_into_a_missing_folder(self) -> None:
        self.fails(IO_ERROR, "simulate", "pk.toml", "--until", "2 h", "-o", "no/out.csv", says=("no/out.csv", "No such file"))

    def test_a_solution_that_blows_up(self) -> None:
        self.write("blow.toml", BLOW)
        for engine in ("reference", "lanes"):
            result = self.cli("simulate", "blow.toml", "--set", "k=0.1", "--until", "40 d", "--every", "4 d", "--engine", engine)
            self.assertEqual(result.code, NUMERICAL, result)
            self.assertIn("time", result.err)
            rows = table(result.out)
            self.assertEqual([r["x"] != "" for r in rows], [float(t) < 10 for t in times(rows, "day")])

    def test_an_absurd_number_of_threads_is_no_internal_error(self) -> None:
        self.assertIn(self.cli("simulate", "pk.toml", "--until", "1 h", "--threads", "100000").code, (OK, USAGE))

    def test_an_output_that_is_no_number_is_not_a_silent_success(self) -> None:
        result = self.cli("simulate", "pk.toml", "--until", "1 h", "--every", "1 h", "--set", "V=0")
        self.assertFalse(result.code == OK and result.err == "", result)

    def test_unknown_model_names_the_near_one(self) -> None:
        self.fails(INPUT, "simulate", "joerg-2020", "--until", "1 d", says=(JOERG,))
        self.fails(INPUT, "simulate", "joerg2022", "--until", "1 d", says=(f"Did you mean '{JOERG}'?",))

    def test_data_with_a_horizon_is_refused_or_obeyed(self) -> None:
        self.write("ev.csv", EVENTS)
        result = self.cli("simulate", "pk.toml", "--data", "ev.csv", "--time-unit", "h", "--until", "1 h")
        if result.code == OK:
            self.assertTrue(all(float(r["TIME"]) <= 1 for r in table(result.out)))


class EventTable(Case):
    def setUp(self) -> None:
        super().setUp()
        self.write("pk.toml", PK)
        self.write("ev.csv", EVENTS)

    def data(self, *arguments: str, file: str = "ev.csv") -> list[dict[str, str]]:
        """What it prints of a table; stderr names the columns that go through, and nothing else."""
        return self.carried(file, "--time-unit", "h", *arguments)

    def carried(self, file: str, *arguments: str) -> list[dict[str, str]]:
        result = self.cli("simulate", "pk.toml", "--data", file, *arguments)
        passing = "SITE" in (self.dir / file).read_text()
        said = f"warning: {file}: columns without effect, only carried to the output: 'SITE', 'AGE'\n" if passing else ""
        self.assertEqual((result.code, result.err), (OK, said), result)
        return table(result.out)

    def refused(self, text: str, *phrases: str) -> None:
        self.write("bad.csv", text)
        self.fails(INPUT, "simulate", "pk.toml", "--data", "bad.csv", "--time-unit", "h", says=phrases)

    def test_rows_are_those_with_evid_0_and_carry_other_columns(self) -> None:
        rows = self.data()
        self.assertEqual([(r["ID"], float(r["TIME"]), r["SITE"], r["AGE"]) for r in rows], [("a", 1, "Lyon", "61"), ("a", 2, "Lyon", "61"), ("b", 2, "Oslo", "70")])
        for row in rows:
            dose, t = {"a": 100, "b": 50}[row["ID"]], float(row["TIME"])
            self.assertAlmostEqual(float(row["central"]), dose / 0.9 * (math.exp(-0.1 * t) - math.exp(-t)), delta=1e-4)

    def test_a_column_named_as_a_parameter_varies_it(self) -> None:
        self.write("ke.csv", "ID,TIME,EVID,AMT,CMT,ke\n1,0,1,100,central,0.1\n1,2,0,,,0.1\n2,0,1,100,central,0.2\n2,2,0,,,0.2\n")
        for row, ke in zip(self.data(file="ke.csv"), (0.1, 0.2), strict=True):
            self.assertAlmostEqual(float(row["central"]), 100 * math.exp(-2 * ke), delta=1e-3)

    def test_the_unit_of_time_is_mandatory(self) -> None:
        self.fails(INPUT, "simulate", "pk.toml", "--data", "ev.csv", says=("unit of TIME", "--time-unit"))
        self.fails(INPUT, "simulate", "pk.toml", "--data", "ev.csv", "--time-unit", "mg", says=("'mg'",))

    def test_the_unit_of_time_may_stand_in_the_file(self) -> None:
        expected = self.data()
        self.write("head.csv", EVENTS.replace("TIME", "TIME [h]"))
        self.write("line.csv", "# time-unit: h\n" + EVENTS)
        for file in ("head.csv", "line.csv"):
            rows = self.carried(file)
            self.assertEqual([r["central"] for r in rows], [r["central"] for r in expected])

    def test_addl_equals_explicit_doses(self) -> None:
        self.write("addl.csv", "ID,TIME,EVID,AMT,CMT,II,ADDL\n1,0,1,100,depot,12,2\n1,36,0,,,,\n")
        self.write("each.csv", "ID,TIME,EVID,AMT,CMT\n1,0,1,100,depot\n1,12,1,100,depot\n1,24,1,100,depot\n1,36,0,,\n")
        a, b = self.data(file="addl.csv"), self.data(file="each.csv")
        self.assertEqual(a[0]["central"], b[0]["central"])

    def test_steady_state(self) -> None:
        self.write("ss.csv", "ID,TIME,EVID,AMT,CMT,II,SS\n1,0,1,100,central,12,1\n1,12,0,,,,\n")
        trough = 100 * math.exp(-1.2) / (1 - math.exp(-1.2))
        self.assertAlmostEqual(float(self.data("--rtol", "1e-9", file="ss.csv")[0]["central"]), trough, delta=1e-4)

    def test_infusion(self) -> None:
        self.write("inf.csv", "ID,TIME,EVID,AMT,CMT,RATE\n1,0,1,100,central,50\n1,2,0,,,\n1,4,0,,,\n")
        rows = self.data("--rtol", "1e-9", file="inf.csv")
        end = 50 / 0.1 * (1 - math.exp(-0.2))
        self.assertAlmostEqual(float(rows[0]["central"]), end, delta=1e-5)
        self.assertAlmostEqual(float(rows[1]["central"]), end * math.exp(-0.2), delta=1e-5)

    def test_lower_case_tab_and_dot(self) -> None:
        self.write("ev.tsv", EVENTS.replace("ID,TIME,EVID,AMT,CMT", "id,time,evid,amt,cmt").replace(",", "\t"))
        rows = self.carried("ev.tsv", "--time-unit", "h")
        self.assertEqual(len(rows), 3)

    def test_errors_name_the_line_and_all_come_at_once(self) -> None:
        self.refused("ID,TIME,EVID,AMT,CMT\na,5,1,100,depot\na,2,0,,\nb,1,1,-4,depot\nb,2,9,1,depot\n", "bad.csv:3:", "goes back", "bad.csv:4:", "negative", "bad.csv:5:", "EVID is 9")
        self.refused("ID,TIME,EVID,AMT,CMT\na,0,1,100,deport\na,2,0,,\n", "bad.csv:2:", "'deport'", "Did you mean 'depot'?")
        self.refused("ID,TIME,EVID,AMT,CMT,RATE,DUR\na,0,1,100,depot,10,3\na,2,0,,,,\n", "bad.csv:2:", "RATE and DUR")
        self.refused("ID,TIME,EVID,AMT,CMT\na,0,1,100,-1\na,2,0,,\n", "bad.csv:2:", "CMT")
        self.refused("ID,TIME,EVID,AMT,CMT\na,0,1,nan,depot\na,2,0,,\n", "bad.csv:2:", "AMT")
        self.refused("ID,TIME,EVID,AMT,CMT,ADDL\na,0,1,10,depot,3\na,2,0,,,\n", "bad.csv:2:", "II")
        self.refused("ID,TIME,EVID,AMT,CMT\na,0,1,10,depot\nb,0,1,10,depot\na,2,0,,\n", "bad.csv:4:")
        self.refused("ID,EVID,AMT,CMT\na,1,10,depot\n", "'TIME' is missing")
        self.refused("ID,TIME,EVID,AMT,CMT\na,0,1,10\n", "bad.csv:2:")

    def test_mixed_case_of_the_column_family_is_refused(self) -> None:
        self.refused("ID,time,EVID,AMT,CMT\na,0,1,10,depot\n", "bad.csv:1:")

    def test_absurd_addl_is_an_input_error(self) -> None:
        self.write("bad.csv", "ID,TIME,EVID,AMT,CMT,II,ADDL\na,0,1,100,depot,12,100000000\na,1,0,,,,\n")
        result = self.cli("simulate", "pk.toml", "--data", "bad.csv", "--time-unit", "h", before=limit_memory, timeout=30)
        self.assertEqual(result.code, INPUT, result)
        self.assertIn("bad.csv:2:", result.err)

    def test_carried_column_does_not_take_the_name_of_a_result(self) -> None:
        self.write("clash.csv", "ID,TIME,EVID,AMT,CMT,conc\n1,0,1,100,depot,3\n1,1,0,,,3\n")
        result = self.cli("simulate", "pk.toml", "--data", "clash.csv", "--time-unit", "h")
        if result.code == OK:
            header = result.out.splitlines()[0].split(",")
            self.assertEqual(len(header), len(set(header)), header)

    def test_data_excludes_dose(self) -> None:
        result = self.cli("simulate", "pk.toml", "--data", "ev.csv", "--time-unit", "h", "--dose", "denosumab 60 mg")
        self.assertIn(result.code, (USAGE, INPUT))
        self.assertIn("--data excludes --dose", result.err)


class BadFiles(Case):
    def commands(self, name: str) -> list[tuple[str, ...]]:
        self.write("pk.toml", PK)
        return [("simulate", f"./{name}", "--until", "1 d"), ("check", name), ("run", name, "-o", "R"), ("simulate", "pk.toml", "--data", name, "--time-unit", "h"),
                ("simulate", "pk.toml", "--times", name, "--time-unit", "h"), ("rerun", name, "-o", "R")]

    def each(self, name: str, codes: tuple[int, ...], phrase: str) -> None:
        for command in self.commands(name):
            with self.subTest(command=command):
                result = self.cli(*command, timeout=20)
                self.assertIn(result.code, codes, result)
                self.assertIn(name, result.err)
                self.assertRegex(result.err, phrase)
                self.assertLess(len(result.err), 2000)
                self.assertLess(result.seconds, 5)
                self.assertLess(result.megabytes, 500)
                self.assertFalse((self.dir / "R").exists())

    def test_missing_file(self) -> None:
        self.each("nope.toml", (INPUT, IO_ERROR), "no such file|no model")

    def test_missing_document_path_is_reported_as_a_missing_file(self) -> None:
        self.fails(IO_ERROR, "simulate", "./nope.toml", "--until", "1 d", says=("no such file",))

    def test_directory(self) -> None:
        (self.dir / "folder.toml").mkdir()
        self.each("folder.toml", (IO_ERROR,), "directory")

    def test_unreadable_file(self) -> None:
        if os.geteuid() == 0:
            self.skipTest("root can read every file")
        self.write("secret.toml", PK).chmod(0)
        self.each("secret.toml", (IO_ERROR,), "[Pp]ermission")

    def test_empty_file(self) -> None:
        self.write("empty.toml", "")
        self.each("empty.toml", (INPUT,), "empty|not a run manifest")

    def test_noise(self) -> None:
        write_noise(self.dir / "noise.toml")
        self.each("noise.toml", (INPUT, IO_ERROR), "larger than|binary|not valid|not a run manifest|UTF-8")

    def test_printable_noise_as_event_table(self) -> None:
        self.write("pk.toml", PK)
        line = "x" * 79 + "\n"
        with (self.dir / "noise.csv").open("w") as file:
            for _ in range(50):
                file.write(line * 12_500)
        result = self.cli("simulate", "pk.toml", "--data", "noise.csv", "--time-unit", "h")
        self.assertEqual(result.code, INPUT)
        self.assertLess(len(result.err), 5000)
        self.assertLess(result.seconds, 5)
        self.assertLess(result.megabytes, 500)

    def test_fifo_or_device_as_input_ends(self) -> None:
        self.fails(INPUT, "simulate", "/dev/null", "--until", "1 d", says=("/dev/null",))


class FullDisk(Case):
    def setUp(self) -> None:
        super().setUp()
        self.write("pk.toml", PK)

    def test_stdout(self) -> None:
        with open("/dev/full", "wb") as full, tempfile.TemporaryFile() as err:
            child = launch(("simulate", "pk.toml", "--until", "2 h"), self.dir, full.fileno(), err)
            self.assertEqual(child.wait(30), IO_ERROR)
            err.seek(0)
            self.assertIn(b"cannot write", err.read())

    def test_stdout_of_the_small_verbs(self) -> None:
        for command in (("regimen", "denosumab 60 mg"), ("models", "list"), ("doctor",), ("check", "pk.toml"), ("--version",), ("models", "show", PETERSON)):
            with self.subTest(command=command), open("/dev/full", "wb") as full:
                self.assertEqual(launch(command, self.dir, full.fileno(), subprocess.DEVNULL).wait(30), IO_ERROR)

    def test_simulate_leaves_nothing_under_the_final_name(self) -> None:
        result = self.cli("simulate", "pk.toml", "--until", "100 h", "--every", "1 min", "-o", "out.csv", before=limit_file_size(20_000))
        self.assertEqual(result.code, IO_ERROR, result)
        self.assertRegex(result.err, r"out\.csv.*(too large|space)")
        self.assertFalse((self.dir / "out.csv").exists())
        self.assertFalse((self.dir / "out.csv.meta.json").exists())

    def run_with_limit(self, size: int) -> None:
        result = self.cli("run", str(SCENARIOS / "denosumab-and-stop.toml"), "-o", "R", before=limit_file_size(size))
        self.assertEqual(result.code, IO_ERROR, result)
        self.assertIn("cannot write", result.err)
        final = sorted(p.name for p in (self.dir / "R").rglob("*") if p.is_file() and not p.name.endswith(".partial"))
        self.assertEqual(final, [])

    def test_run_full_at_the_first_table(self) -> None:
        self.run_with_limit(20_000)

    def test_run_full_at_the_report(self) -> None:
        self.run_with_limit(500_000)

    def test_manifest_after_a_failed_run_does_not_say_running(self) -> None:
        self.cli("run", str(SCENARIOS / "denosumab-and-stop.toml"), "-o", "R", before=limit_file_size(500_000))
        self.assertNotEqual(self.manifest("R", "run.json.partial")["status"], "running")

    def test_a_failed_run_can_be_repeated_in_the_same_folder(self) -> None:
        self.cli("run", str(SCENARIOS / "denosumab-and-stop.toml"), "-o", "R", before=limit_file_size(500_000))
        self.ok("run", str(SCENARIOS / "denosumab-and-stop.toml"), "-o", "R")
        self.assertEqual(self.manifest("R")["status"], "completed")
        self.assertEqual(self.partials("R"), [])


class RunFolder(Case):
    """One run of the first scenario, looked at from all sides."""

    folder: tempfile.TemporaryDirectory[str]
    done: Path
    result: Result

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory(prefix="osteosome-run-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.result = osteosome("run", str(SCENARIOS / "denosumab-and-stop.toml"), "-o", "R", cwd=Path(cls.folder.name))
        cls.done = Path(cls.folder.name) / "R"

    def test_success_and_where_the_report_is(self) -> None:
        self.assertEqual((self.result.code, self.result.err), (OK, ""))
        self.assertIn(str(self.done / "report.html"), self.result.out)

    def test_files(self) -> None:
        names = {str(p.relative_to(self.done)) for p in self.done.rglob("*") if p.is_file()}
        tables = {"trajectories.csv", "observed.csv", "status.csv"}
        self.assertLessEqual({"report.html", "run.json", *tables, *(t + ".meta.json" for t in tables)}, names)
        self.assertEqual(sorted(n for n in names if n.endswith(".partial")), [])
        self.assertFalse((self.done / "parts").exists())
        self.assertLessEqual({f"charts/{o}.vl.json" for o in ("TH", "LS", "CTX", "P1NP", "BSAP", "FN")}, names)

    def test_manifest(self) -> None:
        run = json.loads((self.done / "run.json").read_text())
        self.assertEqual(run["status"], "completed")
        self.assertEqual(run["seed"], 1)
        self.assertEqual(run["scenario"]["text"], (SCENARIOS / "denosumab-and-stop.toml").read_text())
        self.assertEqual(run["scenario"]["sha256"], sha256(SCENARIOS / "denosumab-and-stop.toml"))
        self.assertEqual(run["tool"]["program_sha256"], sha256(BINARY))
        for model in run["models"]:
            self.assertEqual(model["sha256"], sha256(Path(model["document"])))
        for name, digest in run["files"].items():
            self.assertEqual(digest, sha256(self.done / name))
        self.assertEqual((run["solver"]["rtol"], run["solver"]["engine"]), (1e-6, "auto"))
        self.assertRegex(run["values_sha256"], r"\A[0-9a-f]{64}\Z")
        self.assertEqual((run["statistics"]["simulations"], run["statistics"]["failed"]), (6, 0))
        self.assertIn("version", run["tool"])

    def test_manifest_hashes_every_file_and_names_the_platform(self) -> None:
        run = json.loads((self.done / "run.json").read_text())
        self.assertIn("report.html", run["files"])
        self.assertIn("platform", run)
        self.assertIn("libraries", run)

    def test_trajectories(self) -> None:
        rows = table((self.done / "trajectories.csv").read_text())
        self.assertEqual(list(rows[0]), ["model", "arm", "subject", "month", "output", "value", "unit"])
        self.assertEqual({r["model"] for r in rows}, {"osteosome", JOERG, PETERSON})
        self.assertEqual({r["arm"] for r in rows}, {"denosumab", "placebo"})
        self.assertEqual(sorted({float(r["month"]) for r in rows}), list(range(49)))
        self.assertTrue(all(math.isfinite(float(r["value"])) for r in rows))

    def test_trajectories_sidecar_covers_every_output(self) -> None:
        rows = table((self.done / "trajectories.csv").read_text())
        meta = json.loads((self.done / "trajectories.csv.meta.json").read_text())
        for key in {f"{r['model']}.{r['output']}" for r in rows}:
            self.assertLessEqual({"unit", "source", "label"}, set(meta["value"][key]))
        self.assertIn("unit", meta["month"])

    def test_observed(self) -> None:
        rows = table((self.done / "observed.csv").read_text())
        self.assertLessEqual({"study", "arm", "outcome", "month", "observed", "error", "simulated", "difference"}, set(rows[0]))
        for row in rows:
            self.assertAlmostEqual(float(row["difference"]), float(row["simulated"]) - float(row["observed"]), delta=1e-9)
        self.assertEqual({r["study_arm"] for r in rows}, {"defend-ext-denosumab", "defend-denosumab", "defend-ext-placebo", "defend-placebo"})
        self.assertIn("observed", json.loads((self.done / "observed.csv.meta.json").read_text()))

    def test_status_is_empty(self) -> None:
        self.assertEqual(table((self.done / "status.csv").read_text()), [])

    def test_charts_are_vega_lite(self) -> None:
        for chart in (self.done / "charts").glob("*.vl.json"):
            spec = json.loads(chart.read_text())
            self.assertIn("vega-lite", spec["$schema"])

    def test_report_is_self_contained(self) -> None:
        html = (self.done / "report.html").read_text(encoding="utf-8")
        self.assertIsNone(re.search(r"""<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)\s*=\s*["']?(?:https?:)?//""", html))
        self.assertNotIn('src="http', html)
        for phrase in ("research use, not for clinical decisions", "DEFEND", JOERG, PETERSON, "Denosumab for two years, then stopped"):
            self.assertIn(phrase.lower(), html.lower())


class Run(Case):
    def test_refuses_a_folder_that_is_not_empty(self) -> None:
        self.write("blow.toml", BLOW)
        self.write("s.toml", BLOW_SCENARIO)
        self.write("subjects.csv", "k\n0.001\n")
        (self.dir / "R").mkdir()
        self.write("R/mine.txt", "mine")
        self.fails(IO_ERROR, "run", "s.toml", "-o", "R", says=("not empty", "--overwrite"))
        self.assertEqual(sorted(p.name for p in (self.dir / "R").iterdir()), ["mine.txt"])
        self.ok("run", "s.toml", "-o", "R", "--overwrite")
        self.assertEqual((self.dir / "R" / "mine.txt").read_text(), "mine")
        self.fails(IO_ERROR, "run", "s.toml", "-o", "R", says=("not empty",))

    def test_overwrite_does_not_delete_foreign_files_in_charts(self) -> None:
        self.write("blow.toml", BLOW)
        self.write("s.toml", BLOW_SCENARIO)
        self.write("subjects.csv", "k\n0.001\n")
        (self.dir / "charts").mkdir()
        self.write("charts/mine.svg", "mine")
        self.cli("run", "s.toml", "-o", ".", "--overwrite")
        self.assertTrue((self.dir / "charts" / "mine.svg").exists())

    def test_default_folder(self) -> None:
        self.write("blow.toml", BLOW)
        self.write("s.toml", BLOW_SCENARIO)
        self.write("subjects.csv", "k\n0.001\n")
        self.ok("run", "s.toml")
        self.assertTrue((self.dir / "runs" / "s" / "report.html").exists())

    def test_seed_and_threads(self) -> None:
        self.write("s.toml", population_scenario(20))
        hashes: dict[str, str] = {}
        for name, options in {"A": (), "B": ("--seed", "4"), "C": ("--threads", "1"), "D": ("--threads", "2"), "E": ("--seed", "3")}.items():
            self.ok("run", "s.toml", "-o", name, *options)
            hashes[name] = self.manifest(name)["values_sha256"]
        self.assertEqual(hashes["A"], hashes["C"])
        self.assertEqual(hashes["A"], hashes["D"])
        self.assertEqual(hashes["A"], hashes["E"])
        self.assertNotEqual(hashes["A"], hashes["B"])
        self.assertEqual(self.manifest("B")["seed"], 4)
        rows = table((self.dir / "A" / "trajectories.csv").read_text())
        self.assertEqual(len({r["subject"] for r in rows}), 20)

    def test_subject_17_is_the_same_in_a_larger_population(self) -> None:
        self.write("small.toml", population_scenario(18))
        self.write("large.toml", population_scenario(60))
        values = []
        for name in ("small", "large"):
            self.ok("run", f"{name}.toml", "-o", name)
            values.append([r for r in table((self.dir / name / "trajectories.csv").read_text()) if r["subject"] == "17"])
        self.assertTrue(values[0])
        self.assertEqual(values[0], values[1])

    def test_large_population_is_netcdf(self) -> None:
        self.write("s.toml", population_scenario(150))
        self.ok("run", "s.toml", "-o", "R")
        head = (self.dir / "R" / "trajectories.nc").read_bytes()[:4]
        self.assertIn(head, (b"\x89HDF", b"CDF\x02", b"CDF\x05"))
        self.assertFalse((self.dir / "R" / "trajectories.csv").exists())
        self.assertFalse((self.dir / "R" / "parts").exists())
        self.assertEqual(self.partials("R"), [])
        self.assertEqual(self.manifest("R")["statistics"]["simulations"], 150)

    def test_manifest_of_a_large_population_hashes_the_netcdf_file(self) -> None:
        self.write("s.toml", population_scenario(150))
        self.ok("run", "s.toml", "-o", "R")
        self.assertEqual(self.manifest("R")["files"].get("trajectories.nc"), sha256(self.dir / "R" / "trajectories.nc"))

    def test_rerun_gives_the_same_bits(self) -> None:
        self.write("s.toml", population_scenario(12))
        self.ok("run", "s.toml", "-o", "R", "--seed", "9", "--threads", "1")
        result = self.ok("rerun", "R/run.json", "-o", "again")
        self.assertIn("same bits", result.out)
        for key in ("values_sha256", "seed"):
            self.assertEqual(self.manifest("again")[key], self.manifest("R")[key])
        self.assertEqual((self.dir / "again" / "trajectories.csv").read_bytes(), (self.dir / "R" / "trajectories.csv").read_bytes())
        self.fails(IO_ERROR, "rerun", "R/run.json", "-o", "again", says=("not empty",))
        self.ok("rerun", "R/run.json")
        self.assertTrue((self.dir / "R-rerun" / "run.json").exists())

    def test_rerun_needs_only_the_manifest(self) -> None:
        """The scenario and its table may be gone: the manifest holds what ran."""
        self.write("blow.toml", BLOW)
        self.write("s.toml", BLOW_SCENARIO)
        self.write("subjects.csv", "k\n0.001\n0.002\n")
        self.ok("run", "s.toml", "-o", "R")
        self.write("subjects.csv", "k\n0.003\n0.004\n")
        result = self.cli("rerun", "R/run.json", "-o", "again")
        self.assertTrue("same bits" in result.out or "subjects.csv" in result.err, result)

    def test_rerun_refuses_what_is_no_manifest(self) -> None:
        self.write("x.json", "{}")
        self.fails(INPUT, "rerun", "x.json", says=("x.json", "manifest"))
        self.write("y.json", '{"scenario": {}, "values_sha256": 3, "models": []}')
        self.fails(INPUT, "rerun", "y.json", says=("y.json",))


class Population(Case):
    def blow_up(self, *options: str) -> Result:
        self.write("blow.toml", BLOW)
        self.write("s.toml", BLOW_SCENARIO)
        self.write("subjects.csv", "k\n0.001\n0.1\n0.002\n")
        return self.cli("run", "s.toml", "-o", "R", *options)

    def test_one_subject_fails_and_the_others_do_not(self) -> None:
        result = self.blow_up()
        self.assertEqual(result.code, NUMERICAL)
        self.assertIn("1 of 3", result.err)
        status = table((self.dir / "R" / "status.csv").read_text())
        self.assertEqual([(s["subject"], s["model"], s["arm"]) for s in status], [("1", "blow", "a")])
        self.assertAlmostEqual(float(status[0]["time_reached_days"]), 10, delta=0.1)
        rows = table((self.dir / "R" / "trajectories.csv").read_text())
        for row in rows:
            k, t = {"0": 0.001, "1": 0.1, "2": 0.002}[row["subject"]], float(row["month"]) * 30.4375
            if k * t < 1:
                self.assertAlmostEqual(float(row["value"]), 2 / (1 - k * t), delta=1e-4)
            else:
                self.assertEqual(row["value"], "")
        self.assertEqual(self.manifest("R")["statistics"]["failed"], 1)

    def test_max_failed(self) -> None:
        self.assertEqual(self.blow_up("--max-failed", "0.5").code, OK)
        self.assertEqual(self.cli("run", "s.toml", "-o", "R2", "--max-failed", "0.3").code, NUMERICAL)
        self.fails(USAGE, "run", "s.toml", "-o", "R3", "--max-failed", "2")

    def test_rerun_of_a_run_with_failures_compares_the_bits(self) -> None:
        self.blow_up("--max-failed", "0.5")
        self.assertIn("same bits", self.cli("rerun", "R/run.json", "-o", "again").out)

    def table_error(self, text: str, phrase: str) -> None:
        self.write("blow.toml", BLOW)
        self.write("s.toml", BLOW_SCENARIO)
        self.write("subjects.csv", text)
        result = self.fails(INPUT, "run", "s.toml", "-o", "R", says=("subjects.csv", phrase))
        self.assertFalse((self.dir / "R").exists(), result)

    def test_table_with_text(self) -> None:
        self.table_error("k\n0.001\nabc\n", "'abc'")

    def test_table_with_an_unknown_column(self) -> None:
        self.table_error("kk\n0.001\n", "'kk'")

    def test_table_without_rows(self) -> None:
        self.table_error("k\n", "no")

    def test_unknown_quantity_and_model(self) -> None:
        self.write("s.toml", population_scenario(3, 'koutLL = { kind = "lognormal", cv = 0.2 }'))
        self.fails(INPUT, "run", "s.toml", "-o", "R", says=("s.toml:", "koutLL", "Did you mean 'koutL'?"))
        self.write("s.toml", population_scenario(3, 'koutL = { kind = "lognormall", cv = 0.2 }'))
        self.fails(INPUT, "run", "s.toml", "-o", "R", says=("s.toml:11:", "Did you mean 'lognormal'?"))

    def test_absurd_population_is_refused(self) -> None:
        self.write("s.toml", population_scenario(1).replace("n = 1\n", "n = 1e15\n"))
        result = self.cli("run", "s.toml", "-o", "R", before=limit_memory, timeout=20)
        self.assertEqual(result.code, INPUT, result)


class Cancel(Case):
    """A population of three blocks (256 + 256 + 8 subjects), each block a part file."""

    SUBJECTS = 520
    whole: dict[str, str]

    @classmethod
    def setUpClass(cls) -> None:
        with tempfile.TemporaryDirectory(prefix="osteosome-whole-") as name:
            folder = Path(name)
            (folder / "s.toml").write_text(cls.slow_text(cls.SUBJECTS), encoding="utf-8")
            result = osteosome("run", "s.toml", "-o", "R", cwd=folder)
            if result.code != OK:
                raise AssertionError(f"the uninterrupted run failed: {result}")
            cls.whole = json.loads((folder / "R" / "run.json").read_text())

    @staticmethod
    def slow_text(n: int) -> str:
        parameters = "\n".join(f'{p} = {{ kind = "lognormal", cv = 0.2 }}' for p in ("koutL", "kb", "TERICL"))
        return population_scenario(n, parameters, "teriparatide 20 ug sc daily for 3 months", "3 months")

    def interrupt(self, *arguments: str, when: Callable[[], bool], seconds: float = 60) -> Result:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            start = time.monotonic()
            child = launch(arguments, self.dir, out, err)
            self.addCleanup(child.kill)
            self.assertTrue(wait_until(lambda: when() or child.poll() is not None, seconds), "nothing to interrupt")
            self.assertIsNone(child.poll(), "the run ended before it could be interrupted")
            sent = time.monotonic()
            child.send_signal(signal.SIGINT)
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                self.fail("SIGINT was not answered within 5 s")
            print(f"[cancelled after {sent - start:.2f} s, gone {time.monotonic() - sent:.2f} s later]", file=sys.stderr)
            out.seek(0)
            err.seek(0)
            return Result(child.returncode, out.read().decode(), err.read().decode(), 0, 0)

    def final_names(self, folder: str) -> list[str]:
        files = [p.relative_to(self.dir / folder) for p in (self.dir / folder).rglob("*") if p.is_file()]
        return sorted(str(f) for f in files if f.suffix != ".partial" and f.parts[0] != "parts")

    def parts(self) -> int:
        folder = self.dir / "R" / "parts"
        return sum(1 for p in folder.iterdir() if not p.name.endswith((".partial", ".tmp"))) if folder.is_dir() else 0

    def slow_scenario(self, n: int = SUBJECTS) -> None:
        self.write("s.toml", self.slow_text(n))

    def interrupt_after_a_part(self) -> int:
        """Cancels a population run once a block is on disk; returns the number of finished parts."""
        self.slow_scenario()
        result = self.interrupt("run", "s.toml", "-o", "R", when=lambda: self.parts() >= 1)
        self.assertEqual(result.code, CANCELLED)
        self.assertIn("cancelled", result.err)
        kept = self.parts()
        self.assertGreaterEqual(kept, 1)
        return kept

    def test_population_run_is_cancelled_and_resumed(self) -> None:
        kept = self.interrupt_after_a_part()
        self.assertEqual(self.manifest("R", "run.json.partial")["status"], "cancelled")
        self.assertEqual(self.final_names("R"), [])
        self.assertTrue(table((self.dir / "R" / "trajectories.csv.partial").read_text()))
        start = time.monotonic()
        self.ok("run", "s.toml", "-o", "R")
        print(f"[resumed with {kept} parts: {time.monotonic() - start:.2f} s; whole: {self.whole['seconds']:.2f} s]", file=sys.stderr)
        self.assertEqual(self.manifest("R")["values_sha256"], self.whole["values_sha256"])
        self.assertEqual(self.manifest("R")["status"], "completed")
        self.assertFalse((self.dir / "R" / "parts").exists())

    def test_nothing_partial_is_left_after_a_resumed_run(self) -> None:
        self.interrupt_after_a_part()
        self.ok("run", "s.toml", "-o", "R")
        self.assertEqual(self.partials("R"), [])

    def test_resumed_statistics_count_every_subject(self) -> None:
        self.interrupt_after_a_part()
        self.ok("run", "s.toml", "-o", "R")
        self.assertEqual(self.manifest("R")["statistics"], self.whole["statistics"])

    def test_kill_9_is_resumed_too(self) -> None:
        self.slow_scenario()
        child = launch(("run", "s.toml", "-o", "R"), self.dir, subprocess.DEVNULL, subprocess.DEVNULL)
        self.assertTrue(wait_until(lambda: self.parts() >= 1 or child.poll() is not None, 60))
        child.kill()
        child.wait()
        self.assertEqual(self.final_names("R"), [])
        self.ok("run", "s.toml", "-o", "R")
        self.assertEqual(self.manifest("R")["values_sha256"], self.whole["values_sha256"])

    def test_a_damaged_part_is_computed_again(self) -> None:
        self.interrupt_after_a_part()
        part = min((self.dir / "R" / "parts").iterdir())
        part.write_bytes(part.read_bytes()[:100])
        self.ok("run", "s.toml", "-o", "R")
        self.assertEqual(self.manifest("R")["values_sha256"], self.whole["values_sha256"])

    def test_another_seed_does_not_take_over_parts(self) -> None:
        self.interrupt_after_a_part()
        self.cli("run", "s.toml", "-o", "R", "--seed", "77")
        self.ok("run", "s.toml", "-o", "whole", "--seed", "77")
        self.assertEqual(self.manifest("R")["values_sha256"], self.manifest("whole")["values_sha256"])

    def test_small_run_keeps_finished_rows(self) -> None:
        self.slow_scenario(100)
        result = self.interrupt("run", "s.toml", "-o", "R", "--threads", "1", when=lambda: self.running_for(0.8))
        self.assertEqual(result.code, CANCELLED)
        self.assertEqual(self.manifest("R", "run.json.partial")["status"], "cancelled")
        self.assertEqual(self.final_names("R"), [])
        rows = table((self.dir / "R" / "trajectories.csv.partial").read_text())
        self.assertTrue(rows)
        self.assertTrue(all(r["value"] for r in rows))

    def running_for(self, seconds: float) -> bool:
        manifest = self.dir / "R" / "run.json.partial"
        return manifest.exists() and time.time() - manifest.stat().st_mtime > seconds

    def test_tables_are_partial_while_running(self) -> None:
        self.slow_scenario()
        child = launch(("run", "s.toml", "-o", "R"), self.dir, subprocess.DEVNULL, subprocess.DEVNULL)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.assertTrue(wait_until(lambda: (self.dir / "R" / "run.json.partial").exists(), 30))
        self.assertEqual(self.manifest("R", "run.json.partial")["status"], "running")
        self.assertEqual(self.final_names("R"), [])

    def test_a_second_run_does_not_enter_a_folder_in_use(self) -> None:
        self.slow_scenario()
        child = launch(("run", "s.toml", "-o", "R"), self.dir, subprocess.DEVNULL, subprocess.DEVNULL)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.assertTrue(wait_until(lambda: (self.dir / "R" / "run.json.partial").exists(), 30))
        self.write("other.toml", population_scenario(2))
        self.assertEqual(self.cli("run", "other.toml", "-o", "R").code, IO_ERROR)

    def cancel_simulate(self, engine: str) -> None:
        begun = time.monotonic()
        result = self.interrupt("simulate", PETERSON, "--engine", engine, "--rtol", "1e-10", "--dose", "teriparatide 20 ug sc daily for 60 years", "--until", "60 years", "-o", "out.csv",
                                when=lambda: time.monotonic() - begun > 0.5)
        self.assertEqual(result.code, CANCELLED, result)
        self.assertFalse((self.dir / "out.csv").exists(), "a cancelled simulation has no result")

    def test_simulate_with_lanes_is_cancelled(self) -> None:
        self.cancel_simulate("lanes")

    def test_simulate_with_reference_is_cancelled(self) -> None:
        self.cancel_simulate("reference")

if __name__ == "__main__":
    unittest.main()
