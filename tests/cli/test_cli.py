#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Black-box tests of the command line: stdout, stderr, exit code and files.

The binary is $OSTEOSOME_BINARY, else ../../build/bin/osteosome beside this file. Everything is written to temporary folders.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import unittest
import unittest.mock
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
BINARY = Path(os.environ.get("OSTEOSOME_BINARY", str(HERE / ".." / ".." / "build" / "bin" / "osteosome"))).resolve()
SCENARIOS = HERE.parent.parent / "scenarios"
VERBS = ("run", "rerun", "simulate", "check", "models", "regimen", "doctor")
PETERSON = "peterson-riggs-2010"
JOERG = "joerg-2022"
NOISE_BYTES = 50_000_000

OK, USAGE, INPUT, NUMERICAL, IO_ERROR, CANCELLED = 0, 2, 3, 4, 6, 130

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


@dataclass(frozen=True)
class Result:
    """What one run of the program left behind."""

    code: int
    out: str
    err: str
    seconds: float
    megabytes: float


def launch(arguments: tuple[str, ...], cwd: Path, out: io.BufferedRandom | int, err: io.BufferedRandom | int, before: Callable[[], None] | None = None) -> subprocess.Popen[bytes]:
    """Starts the program in a folder."""
    return subprocess.Popen([str(BINARY), *arguments], cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=err, preexec_fn=before)


def osteosome(*arguments: str, cwd: Path, before: Callable[[], None] | None = None, timeout: float = 120) -> Result:
    """Runs the program to its end; time and peak memory are those of this one child."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.monotonic()
        child = launch(arguments, cwd, out, err, before)
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - start > timeout:
                child.kill()
                os.wait4(child.pid, 0)
                raise AssertionError(f"no end after {timeout} s: {arguments}")
            time.sleep(0.002)
        seconds = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        return Result(child.returncode, out.read().decode("utf-8", "replace"), err.read().decode("utf-8", "replace"), seconds, usage.ru_maxrss / 1024)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def numbers(rows: list[dict[str, str]], column: str) -> list[float]:
    return [float(row[column]) for row in rows]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


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


class Case(unittest.TestCase):
    """A temporary folder for each test, and the checks shared by all."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="osteosome-cli-")
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)

    def write(self, name: str, text: str) -> Path:
        path = self.dir / name
        path.write_text(text, encoding="utf-8")
        return path

    def cli(self, *arguments: str, before: Callable[[], None] | None = None, timeout: float = 120) -> Result:
        return osteosome(*arguments, cwd=self.dir, before=before, timeout=timeout)

    def ok(self, *arguments: str) -> Result:
        """Success: exit 0 and nothing on stderr."""
        result = self.cli(*arguments)
        self.assertEqual((result.code, result.err), (OK, ""), result)
        return result

    def fails(self, code: int, *arguments: str, says: tuple[str, ...] = ()) -> Result:
        """Failure: the exit code, nothing on stdout, every phrase on stderr."""
        result = self.cli(*arguments)
        self.assertEqual(result.code, code, result)
        self.assertEqual(result.out, "", result)
        for phrase in says:
            self.assertIn(phrase, result.err)
        return result

    def manifest(self, folder: str, name: str = "run.json") -> dict:
        return json.loads((self.dir / folder / name).read_text(encoding="utf-8"))

    def partials(self, folder: str = ".") -> list[str]:
        return sorted(str(p.relative_to(self.dir)) for p in (self.dir / folder).rglob("*.partial"))


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
        self.assertEqual(numbers(rows, "time"), [0, 91.3125, 182.625])
        for column in ("pB", "rho", "hip", "P1NP"):
            self.assertIn(column, rows[0])

    def test_user_document_against_the_closed_form(self) -> None:
        for row in self.simulate("--dose", "denosumab 100 mg", "--until", "10 h", "--every", "1 h", "--rtol", "1e-9")[1:]:
            t = float(row["time"])
            exact = 100 / 0.9 * (math.exp(-0.1 * t) - math.exp(-t))
            self.assertAlmostEqual(float(row["central"]), exact, delta=1e-6)
            self.assertAlmostEqual(float(row["conc"]), exact / 10, delta=1e-7)

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

    def test_set_with_and_without_unit(self) -> None:
        plain = self.simulate("--set", "depot=100", "--set", "ke=0.2", "--until", "2 h", "--every", "1 h")
        units = self.simulate("--set", "depot=0.1 g", "--set", "ke=4.8 1/day", "--until", "2 h", "--every", "1 h")
        for a, b in zip(numbers(plain, "central"), numbers(units, "central")):
            self.assertAlmostEqual(a, b, delta=1e-5)
        self.assertEqual(float(plain[0]["depot"]), 100)

    def test_set_errors(self) -> None:
        self.fails(INPUT, "simulate", PETERSON, "--until", "1 d", "--set", "koutLL=1", says=("'koutLL'", "Did you mean 'koutL'?"))
        self.fails(INPUT, "simulate", "pk.toml", "--until", "1 d", "--set", "ke=0.1 mg", says=("dimension",))
        self.fails(INPUT, "simulate", "pk.toml", "--until", "1 d", "--set", "ke=nan")
        self.fails(INPUT, "simulate", "pk.toml", "--until", "1 d", "--set", "ke=abc", says=("'abc'",))

    def test_dimension_message_of_set_names_the_unit_of_the_document(self) -> None:
        self.fails(INPUT, "simulate", "pk.toml", "--until", "1 d", "--set", "ke=0.1 mg", says=("ke", "1/h"))

    def test_observe(self) -> None:
        rows = self.simulate("--until", "2 h", "--every", "1 h", "--observe", "conc,depot")
        self.assertEqual(list(rows[0]), ["time", "conc", "depot"])
        self.fails(INPUT, "simulate", "pk.toml", "--until", "2 h", "--observe", "dpot", says=("'dpot'", "Did you mean 'depot'?"))

    def test_until_and_every_need_units(self) -> None:
        for option in ("--until", "--every"):
            arguments = ["simulate", "pk.toml", "--until", "2 h", option, "6"]
            result = self.cli(*arguments if option == "--every" else arguments[:2] + arguments[4:])
            self.assertIn(result.code, (USAGE, INPUT))
            self.assertEqual(result.out, "")
            self.assertIn(f"{option}: '6' has no unit", result.err)

    def test_every_and_its_default(self) -> None:
        self.assertEqual(numbers(self.simulate("--until", "3 h", "--every", "90 min"), "time"), [0, 1.5, 3])
        self.assertEqual(len(self.simulate("--until", "3 h")), 101)

    def test_until_is_the_last_row_even_off_the_grid(self) -> None:
        self.assertEqual(numbers(self.simulate("--until", "2 h", "--every", "1.5 h"), "time"), [0, 1.5, 2])

    def test_times_file(self) -> None:
        self.write("t.csv", "time [h]\n0\n1.5\n3\n")
        self.assertEqual(numbers(self.simulate("--times", "t.csv", "--dose", "denosumab 60 mg"), "time"), [0, 1.5, 3])
        self.write("d.csv", "time [d]\n0\n1\n")
        self.assertEqual(numbers(self.simulate("--times", "d.csv"), "time"), [0, 24])
        self.write("no.csv", "time\n0\n1\n")
        self.assertEqual(numbers(self.simulate("--times", "no.csv", "--time-unit", "h"), "time"), [0, 1])
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
        self.assertEqual({k: v["unit"] for k, v in meta.items()}, {"time": "h", "depot": "mg", "central": "mg", "conc": "mg/L"})
        self.assertEqual(self.partials(), [])

    def test_output_is_not_overwritten_without_the_flag(self) -> None:
        self.write("out.csv", "precious")
        self.fails(IO_ERROR, "simulate", "pk.toml", "--until", "2 h", "-o", "out.csv", says=("'out.csv' exists", "--overwrite"))
        self.assertEqual((self.dir / "out.csv").read_text(), "precious")
        self.ok("simulate", "pk.toml", "--until", "2 h", "-o", "out.csv", "--overwrite")
        self.assertTrue((self.dir / "out.csv").read_text().startswith("time,"))

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
            self.assertEqual([r["x"] != "" for r in rows], [float(r["time"]) < 10 for r in rows])

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
        return table(self.ok("simulate", "pk.toml", "--data", file, "--time-unit", "h", *arguments).out)

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
            rows = table(self.ok("simulate", "pk.toml", "--data", file).out)
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
        rows = table(self.ok("simulate", "pk.toml", "--data", "ev.tsv", "--time-unit", "h").out)
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

LINES = """\
[model]
id = "lines"
title = "density and a marker in straight lines"
time = "d"
source = "doi:10.1000/test"
[parameters]
one = { value = 1, unit = "g/cm^2", source = "model", kind = "reported" }
loss = { value = 1e-5, unit = "g/cm^2/d", source = "model", kind = "reported", bounds = [1e-6, 1e-4] }
build = { value = 1e-5, unit = "g/cm^2/d/mg", source = "model", kind = "reported" }
block = { value = 0.05, unit = "1/mg", source = "model", kind = "reported" }
blow = { value = 0, unit = "1/d", source = "model", kind = "reported" }
[species]
drug = { initial = "0", unit = "mg", rate = "0*loss/one*drug", typical = "10" }
spine = { initial = "one", unit = "g/cm^2", rate = "build*drug - loss" }
runaway = { initial = "1", unit = "1", rate = "blow*runaway*runaway", source = "model", kind = "reported" }
[doses]
denosumab = { into = "drug" }
[outputs]
LS = { formula = "spine", unit = "g/cm^2", observable = "LS", label = "spine" }
CTX = { formula = "1 - block*drug", unit = "1", observable = "CTX", label = "CTX" }
"""
YEAR = 365.25
LOSS, BUILD = 100 * 1e-5 * YEAR, 100 * 10e-5 * YEAR  # percent of 1 g/cm2 a year, without drug and by 10 mg of it

FIRST = """\
[study]
id = "first"
title = "First trial"
domain = "clinical"
doi = "10.1000/first"
[arms.first-drug]
class = "denosumab"
regimen = "denosumab 10 mg"
comparator_regimen = "none"
runnable = "yes"
role = "calibration"
measurements = [
  { outcome = "LS", unit = "percent_change", month = 12, mean = 4, ci_low = 3, ci_high = 5, interval = "CI95", count = "yes", provenance = "seen" },
  { outcome = "LS", unit = "percent_change", month = 24, mean = 5, ci_low = 4, ci_high = 6, interval = "CI95", count = "yes", provenance = "seen" },
  { outcome = "LS", unit = "percent_diff", month = 12, mean = 3, count = "yes", provenance = "seen" },
  { outcome = "LS", unit = "absolute_g_cm2", month = 12, mean = 1, count = "yes", provenance = "seen" },
  { outcome = "CTX", unit = "percent_change", month = 6, mean = -60, count = "yes", provenance = "seen" },
  { outcome = "LS", unit = "percent_change", month = 6, mean = 99, count = "no:duplicate", provenance = "seen" },
  { outcome = "VFX", unit = "hazard_ratio", month = 36, mean = 0.3, count = "yes", provenance = "seen" },
  { outcome = "P1NP", unit = "percent_change", month = 6, mean = -50, count = "yes", provenance = "seen" },
]
[arms.first-placebo]
class = "placebo"
regimen = "none"
runnable = "yes"
role = "calibration"
measurements = [ { outcome = "LS", unit = "percent_change", month = 12, mean = -0.5, count = "yes", provenance = "seen" } ]
[arms.first-both]
class = "denosumab"
regimen = ""
runnable = "no: doses pooled"
role = "calibration"
measurements = [ { outcome = "LS", unit = "percent_change", month = 12, mean = 3, count = "yes", provenance = "seen" } ]
"""
SECOND = """\
[study]
id = "second"
title = "Second trial"
domain = "clinical"
doi = "10.1000/second"
[arms.second-drug]
class = "denosumab"
regimen = "denosumab 10 mg"
runnable = "yes"
role = "validation"
measurements = [ { outcome = "LS", unit = "percent_change", month = 12, mean = 30, count = "yes", provenance = "seen" } ]
"""
GRADES = ["model", "study", "arm_id", "class", "role", "outcome", "n_points", "rmse", "bias", "within_interval"]
POINTS = ["model", "study", "arm_id", "outcome", "unit", "month", "observed", "simulated"]
LEFT_OUT = ["model", "study", "arm_id", "outcome", "reason"]


class DataFolder(Case):
    """A data folder of the test's own instead of the installed one."""

    def setUp(self) -> None:
        super().setUp()
        self.data = self.dir / "data"
        self.data.mkdir()
        patch = unittest.mock.patch.dict(os.environ, {"OSTEOSOME_DATA": str(self.data)})
        patch.start()
        self.addCleanup(patch.stop)

    def tiny_data(self) -> None:
        for name, text in {"models/lines.toml": LINES, "therapies/catalogue.toml": '[drugs]\ndenosumab = { route = "sc", unit = "mg" }\nromosozumab = { route = "sc", unit = "mg" }\n',
                           "evidence/first.toml": FIRST, "evidence/second.toml": SECOND}.items():
            (self.data / name).parent.mkdir(exist_ok=True)
            (self.data / name).write_text(text, encoding="utf-8")

    def good(self, *arguments: str) -> Result:
        """Success; progress and the place of the report may stand on stderr."""
        result = self.cli(*arguments)
        self.assertEqual(result.code, OK, result)
        return result

    def rows(self, name: str) -> list[dict[str, str]]:
        return table((self.dir / name).read_text(encoding="utf-8"))

    def header(self, name: str) -> list[str]:
        return (self.dir / name).read_text(encoding="utf-8").splitlines()[0].split(",")

    def files(self, folder: str) -> dict[str, str]:
        """Hash of each file of a folder; of record.json without the seconds."""
        hashes = {p.name: sha256(p) for p in (self.dir / folder).iterdir() if p.name != "record.json"}
        if (self.dir / folder / "record.json").exists():
            record = self.manifest(folder, "record.json")
            self.assertGreaterEqual(record.pop("seconds"), 0)
            hashes["record.json"] = json.dumps(record)
        return hashes


class AddADrug(DataFolder):
    """docs/how-to/add-a-drug.md does what it says."""

    def setUp(self) -> None:
        super().setUp()
        root = HERE.parent.parent
        for name in ("models", "evidence", "scenarios"):
            (self.data / name).symlink_to(root / name)
        shutil.copytree(root / "therapies", self.data / "therapies")
        page = (root / "docs" / "how-to" / "add-a-drug.md").read_text(encoding="utf-8")
        self.document, self.scenario = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
        self.therapy = self.data / "therapies" / "fictocatib.toml"
        self.therapy.write_text(self.document, encoding="utf-8")
        self.model = str(self.data / "models" / "osteosome" / "osteosome.toml")
        self.write("s.toml", self.scenario)

    def run_page(self, folder: str) -> dict[str, dict[tuple[str, str], float]]:
        """Values of each arm by month and output."""
        self.ok("run", "s.toml", "-o", folder, "--quiet")
        values: dict[str, dict[tuple[str, str], float]] = {}
        for row in self.rows(f"{folder}/trajectories.csv"):
            values.setdefault(row["arm"], {})[row["month"], row["output"]] = float(row["value"])
        return values

    def change(self, old: str, new: str) -> None:
        self.assertIn(old, self.document)
        self.therapy.write_text(self.document.replace(old, new), encoding="utf-8")

    def test_document_and_scenario_are_good(self) -> None:
        out = self.ok("check", str(self.therapy), self.model, "s.toml").out
        self.assertEqual(out.count(": ok ("), 3)

    def test_regimen_text_knows_the_drug(self) -> None:
        rows = table(self.ok("regimen", "fictocatib 10 mg daily for 1 week").out)
        self.assertEqual([(r["drug"], r["amount"], r["unit"], r["route"]) for r in rows], [("fictocatib", "10", "mg", "po")] * 7)

    def test_exposure(self) -> None:
        rows = table(self.ok("simulate", str(self.therapy), "--dose", "fictocatib 10 mg daily x 28", "--until", "28 d", "--every", "1 d", "--observe", "serum").out)
        self.assertAlmostEqual(float(rows[-1]["serum"]), 10 / 24 / 0.8, delta=0.002)

    def test_drug_differs_from_placebo(self) -> None:
        values = self.run_page("R")
        self.assertEqual(sorted(values), ["fictocatib", "placebo"])
        for output in ("TH", "LS", "CTX"):
            self.assertEqual(values["fictocatib"]["0", output], values["placebo"]["0", output])
        for month in ("3", "12", "24"):
            self.assertLess(values["fictocatib"][month, "CTX"], 0.9 * values["placebo"][month, "CTX"])
        for output in ("TH", "LS"):
            self.assertGreater(values["fictocatib"]["24", output], 1.01 * values["placebo"]["24", output])

    def test_changed_number_changes_its_arm_and_no_other(self) -> None:
        before = self.run_page("R")
        self.change("IC50 = { value = 0.3", "IC50 = { value = 0.1")
        after = self.run_page("R2")
        self.assertEqual(after["placebo"], before["placebo"])
        self.assertLess(after["fictocatib"]["12", "CTX"], before["fictocatib"]["12", "CTX"])
        self.assertNotEqual(self.manifest("R")["values_sha256"], self.manifest("R2")["values_sha256"])

    def test_changed_number_is_in_the_report(self) -> None:
        self.change("IC50 = { value = 0.3", "IC50 = { value = 0.1234")
        self.run_page("R")
        report = (self.dir / "R" / "report.html").read_text(encoding="utf-8")
        row = re.search(r"<tr[^>]*><td>fictocatib\.IC50</td>.*", report)
        assert row is not None
        self.assertIn("0.1234", row[0])
        self.assertIn("assumed: resorption markers fall by half at 10 mg a day", row[0])

    def test_set_in_the_scenario_is_the_same_as_in_the_document(self) -> None:
        self.write("s.toml", self.scenario.replace("[models.osteosome]\n", '[models.osteosome]\nset = { "fictocatib.IC50" = 0.1 }\n'))
        values = self.run_page("R")
        self.write("s.toml", self.scenario)
        self.change("IC50 = { value = 0.3", "IC50 = { value = 0.1")
        self.assertEqual(self.run_page("R2"), values)

    def test_mistakes_the_page_names(self) -> None:
        for old, new, phrases in (
                ("osteoclast_inhibitor =", "osteoclast_inhibtor =", ("fictocatib.toml:30:", "no target 'osteoclast_inhibtor'", "Did you mean 'osteoclast_inhibitor'?")),
                ('"serum/IC50"', '"serum/IC5"', ("unknown name 'IC5'",)),
                ('"serum/IC50"', '"serum"', ("'fictocatib.on_osteoclast_inhibitor' is in '1'",)),
                ('\nid = "fictocatib"', '\nid = "denosumab"', ("'denosumab.CL' has the name of a parameter",))):
            with self.subTest(new=new):
                self.change(old, new)
                self.fails(INPUT, "check", self.model, says=phrases)
        self.change("\nfictocatib = {", "\nfictocatb = {")
        self.fails(INPUT, "check", "s.toml", says=("no entry of [doses] is for the drug 'fictocatib'",))

    def test_without_the_document_there_is_no_such_drug(self) -> None:
        self.therapy.unlink()
        self.fails(INPUT, "check", "s.toml", says=("unknown drug 'fictocatib'",))


    def test_manifest_tells_that_another_therapy_ran(self) -> None:
        self.run_page("R")
        self.change("IC50 = { value = 0.3", "IC50 = { value = 0.1")
        self.run_page("R2")
        self.assertNotEqual(self.manifest("R")["models"], self.manifest("R2")["models"])


class Validate(DataFolder):
    def setUp(self) -> None:
        super().setUp()
        self.tiny_data()

    def validate(self, *arguments: str, folder: str = "V") -> Result:
        return self.good("validate", *arguments, "--model", "lines", "-o", folder)

    def arms(self, folder: str = "V") -> list[str]:
        return [f"{r['arm_id']} {r['outcome']}" for r in self.rows(f"{folder}/validation.csv")]

    def test_help(self) -> None:
        help_text = self.ok("validate", "--help").out
        self.assertRegex(help_text.split("Examples:")[1], r"(?m)^\s.*osteosome validate ")
        self.assertLessEqual(help_text.count("\n"), 45)

    def test_files_and_their_columns(self) -> None:
        self.validate()
        self.assertEqual(sorted(p.name for p in (self.dir / "V").iterdir()), ["left-out.csv", "points.csv", "validation.csv", "validation.html"])
        self.assertEqual(self.header("V/validation.csv"), GRADES)
        self.assertEqual(self.header("V/points.csv"), POINTS)
        self.assertEqual(self.header("V/left-out.csv"), LEFT_OUT)
        self.assertIn("first-drug", (self.dir / "V" / "validation.html").read_text(encoding="utf-8"))

    def test_points(self) -> None:
        self.validate()
        rows = self.rows("V/points.csv")
        found = {(r["arm_id"], r["outcome"], r["unit"], r["month"]): (float(r["observed"]), float(r["simulated"])) for r in rows}
        self.assertEqual(len(found), len(rows))
        expected = {("first-drug", "LS", "percent_change", "12"): (4, BUILD - LOSS), ("first-drug", "LS", "percent_change", "24"): (5, 2 * (BUILD - LOSS)),
                    ("first-drug", "LS", "percent_diff", "12"): (3, BUILD), ("first-drug", "LS", "absolute_g_cm2", "12"): (1, 1 + (BUILD - LOSS) / 100),
                    ("first-drug", "CTX", "percent_change", "6"): (-60, -50), ("first-placebo", "LS", "percent_change", "12"): (-0.5, -LOSS),
                    ("second-drug", "LS", "percent_change", "12"): (30, BUILD - LOSS)}
        self.assertEqual(set(found), set(expected))
        for key, (observed, simulated) in expected.items():
            self.assertEqual(found[key][0], observed)
            self.assertAlmostEqual(found[key][1], simulated, delta=1e-4, msg=str(key))
        self.assertEqual({(r["model"], r["study"]) for r in rows}, {("lines", "first"), ("lines", "second")})

    def test_grades(self) -> None:
        self.validate()
        grades = {(r["arm_id"], r["outcome"]): r for r in self.rows("V/validation.csv")}
        drug = grades["first-drug", "LS"]
        residuals = (BUILD - LOSS - 4, 2 * (BUILD - LOSS) - 5, BUILD - 3)  # the absolute density does not count
        self.assertEqual([drug[c] for c in ("model", "study", "class", "role", "n_points")], ["lines", "first", "denosumab", "calibration", "3"])
        self.assertAlmostEqual(float(drug["rmse"]), math.sqrt(sum(r * r for r in residuals) / 3), delta=1e-4)
        self.assertAlmostEqual(float(drug["bias"]), sum(residuals) / 3, delta=1e-4)
        self.assertEqual(float(drug["within_interval"]), 0.5)  # 3.29 in 3 to 5, 6.57 not in 4 to 6
        self.assertAlmostEqual(float(grades["first-drug", "CTX"]["bias"]), math.log(0.5 / 0.4), delta=1e-4)
        self.assertEqual(grades["first-drug", "CTX"]["within_interval"], "")
        self.assertEqual(grades["second-drug", "LS"]["role"], "validation")

    def test_densities_before_markers_worst_first(self) -> None:
        self.validate()
        self.assertEqual(self.arms(), ["second-drug LS", "first-drug LS", "first-placebo LS", "first-drug CTX"])

    def test_left_out(self) -> None:
        self.validate()
        found = [(r["model"], r["study"], r["arm_id"], r["outcome"], r["reason"]) for r in self.rows("V/left-out.csv")]
        self.assertCountEqual(found, [("lines", "first", "first-both", "", "doses pooled"), ("lines", "first", "first-drug", "VFX", "fractures are not modelled"),
                                      ("lines", "first", "first-drug", "P1NP", "the model has no P1NP")])

    def test_totals_on_stdout(self) -> None:
        out = self.ok("validate", "--model", "lines").out
        self.assertRegex(out, r"lines\s+calibration\s+LS\s+0\.93\s+bias\s+\+0\.41\s+\(4 points\)")  # -0.71, 1.57, 0.65, 0.13
        self.assertRegex(out, r"lines\s+validation\s+LS\s+26\.71\s+bias\s+-26\.71\s+\(1 points\)")
        self.assertRegex(out, r"LS\s+18\.38\s+\(2 means in 1 groups\)")  # 4 and 30 at month 12 of the same doses
        self.assertEqual(sorted(p.name for p in self.dir.iterdir()), ["data"], "nothing is written without -o")

    def test_study_filter(self) -> None:
        self.validate("second")
        self.assertEqual(self.arms(), ["second-drug LS"])
        self.assertEqual(self.rows("V/left-out.csv"), [])
        self.validate("second", "first", folder="both")
        self.assertEqual(len(self.arms("both")), 4)

    def test_unknown_studies_are_refused_with_near_matches(self) -> None:
        self.fails(INPUT, "validate", "frist", "secnd", "first", "--model", "lines", "-o", "V",
                   says=("no study 'frist'", "Did you mean 'first'?", "no study 'secnd'", "Did you mean 'second'?"))
        self.assertFalse((self.dir / "V").exists())

    def test_role(self) -> None:
        self.validate("--role", "validation")
        self.assertEqual(self.arms(), ["second-drug LS"])
        self.validate("--role", "calibration", folder="C")
        self.assertEqual(self.arms("C"), ["first-drug LS", "first-placebo LS", "first-drug CTX"])
        self.fails(USAGE, "validate", "--role", "test", says=("test",))

    def test_domain(self) -> None:
        (self.data / "evidence" / "second.toml").write_text(SECOND.replace('"clinical"', '"rat"'), encoding="utf-8")
        self.validate()
        self.assertNotIn("second-drug LS", self.arms())
        self.validate("--domain", "rat", folder="rats")
        self.assertEqual(self.arms("rats"), ["second-drug LS"])
        self.fails(INPUT, "validate", "--domain", "mouse", "--model", "lines", "-o", "mice", says=("no study of domain 'mouse'", "Known: clinical, rat."))
        self.assertFalse((self.dir / "mice").exists())

    def test_models_beside_each_other(self) -> None:
        (self.data / "models" / "steeper.toml").write_text(LINES.replace("build = { value = 1e-5", "build = { value = 2e-5"), encoding="utf-8")
        self.good("validate", "second", "--model", "lines", "--model", "steeper", "-o", "V")
        simulated = {r["model"]: float(r["simulated"]) for r in self.rows("V/points.csv")}
        self.assertAlmostEqual(simulated["lines"], BUILD - LOSS, delta=1e-4)
        self.assertAlmostEqual(simulated["steeper"], 2 * BUILD - LOSS, delta=1e-4)

    def test_totals_on_identical_rows_are_in_the_report(self) -> None:
        (self.data / "models" / "hips.toml").write_text(LINES.replace('observable = "CTX"', 'observable = "TH"'), encoding="utf-8")
        self.good("validate", "first", "--model", "lines", "--model", "hips", "-o", "V")
        table_of_classes = (self.dir / "V" / "validation.html").read_text(encoding="utf-8").split("Beside hips")[1].split("</table>")[0]
        rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in table_of_classes.split("\n") if "<td" in row]
        self.assertEqual([row[:4] for row in rows], [["calibration", "all", "LS", "4"], ["calibration", "denosumab", "LS", "3"], ["calibration", "placebo", "LS", "1"]])
        self.assertEqual(rows[0][4:], ["0.93", "0.93"])  # as in the totals on stdout

    def test_overlay_is_on_the_first_model(self) -> None:
        self.write("steep.toml", '[overlay]\ntitle = "t"\nof = "lines"\nsource = "s"\n[parameters]\nbuild = { value = 2e-5, unit = "g/cm^2/d/mg", kind = "fitted" }\n')
        (self.data / "models" / "other.toml").write_text(LINES, encoding="utf-8")
        self.good("validate", "second", "--model", "lines", "--model", "other", "--overlay", "steep.toml", "-o", "V")
        simulated = {r["model"]: float(r["simulated"]) for r in self.rows("V/points.csv")}
        self.assertAlmostEqual(simulated["lines"], 2 * BUILD - LOSS, delta=1e-4)
        self.assertAlmostEqual(simulated["other"], BUILD - LOSS, delta=1e-4)

    def test_unknown_model_is_refused_with_a_near_match(self) -> None:
        self.fails(INPUT, "validate", "--model", "linse", says=("no model 'linse'", "Did you mean 'lines'?"))

    def test_same_bytes_whatever_the_threads_and_instructions(self) -> None:
        self.validate("--threads", "1", folder="one")
        for k, options in enumerate((("--threads", "2"), ("--isa", "scalar"), ("--tape",))):
            self.validate(*options, folder=f"again{k}")
            self.assertEqual(self.files("one"), self.files(f"again{k}"), options)

    def test_files_are_written_over(self) -> None:
        self.validate()
        self.validate("second")
        self.assertEqual(self.arms(), ["second-drug LS"])

    def test_failed_simulation_has_no_value(self) -> None:
        (self.data / "models" / "lines.toml").write_text(LINES.replace("blow = { value = 0", "blow = { value = 0.005"), encoding="utf-8")  # ends at day 200
        result = self.cli("validate", "first", "--model", "lines", "-o", "V")
        self.assertEqual(result.code, 4, result)
        self.assertIn("values are missing because their simulation failed", result.err)
        values = {(r["outcome"], r["unit"], r["month"]): r["simulated"] for r in self.rows("V/points.csv") if r["arm_id"] == "first-drug"}
        self.assertEqual(values["LS", "percent_change", "12"], "")
        grades = self.rows("V/validation.csv")
        self.assertEqual([(r["arm_id"], r["outcome"], r["rmse"], r["bias"]) for r in grades][0], ("first-drug", "LS", "", ""))

    # ---- studies of the user

    ARMS = ("arm_id,study,regimen,time_zero_month,runnable,role,comparator_regimen\nmine,\"Mine, 2026\",denosumab 10 mg,12,yes,validation,none\n"
            "pooled,\"Mine, 2026\",,,no: pooled,validation,\n")
    ROWS = "arm_id,site_or_marker,unit,month,mean,ci_low,ci_high,which,count\nmine,LS,percent_change,12,3,2,4,CI95,yes\nmine,LS,percent_diff,12,4,,,,yes\nmine,HIPFX,relative_risk,36,0.5,,,,yes\n"

    def own(self, arms: str = ARMS, rows: str = ROWS) -> None:
        (self.dir / "mine").mkdir(exist_ok=True)
        self.write("mine/arms.csv", arms)
        self.write("mine/measurements.csv", rows)

    def test_tables_in_place_of_the_library(self) -> None:
        self.own()
        self.validate("--evidence", "mine")
        first, second = self.rows("V/points.csv")
        self.assertEqual([first[c] for c in ("study", "arm_id", "outcome", "unit", "month", "observed")], ["Mine, 2026", "mine", "LS", "percent_change", "12", "3"])
        density = 1 + (BUILD - LOSS) / 100  # at month 0 of the arm, a year after the dose
        self.assertAlmostEqual(float(first["simulated"]), (BUILD - LOSS) / density, delta=1e-4)
        self.assertAlmostEqual(float(second["simulated"]), (BUILD - LOSS) / density + LOSS / (1 - LOSS / 100), delta=1e-4)
        self.assertEqual([(r["arm_id"], r["outcome"], r["reason"]) for r in self.rows("V/left-out.csv")],
                         [("mine", "HIPFX", "fractures are not modelled"), ("pooled", "", "pooled")])
        self.assertEqual(self.rows("V/validation.csv")[0]["study"], "Mine, 2026")

    def test_study_filter_on_tables(self) -> None:
        self.own()
        self.validate("Mine, 2026", "--evidence", "mine")
        self.assertEqual(self.arms(), ["mine LS"])
        self.fails(INPUT, "validate", "Mine, 2025", "--evidence", "mine", "--model", "lines", says=("Did you mean 'Mine, 2026'?",))

    def test_documents_in_place_of_the_library(self) -> None:
        (self.dir / "mine").mkdir()
        self.write("mine/mine.toml", SECOND.replace('"second"', '"mine"'))
        self.validate("--evidence", "mine")
        self.assertEqual([r["study"] for r in self.rows("V/points.csv")], ["mine"])

    def test_tables_without_a_column_are_refused(self) -> None:
        self.own(self.ARMS.replace("runnable", "runable"), self.ROWS)
        self.fails(INPUT, "validate", "--evidence", "mine", "--model", "lines", "-o", "V", says=("arms.csv:1:", "column 'runnable' is missing", "Did you mean 'runable'?"))
        self.assertFalse((self.dir / "V").exists())

    def test_an_odd_row_leaves_the_others_alone(self) -> None:
        """Each is listed with its reason; the row at 12 months is graded all the same."""
        arm = 'other,"Mine, 2026",denosumab 10 mg,0,{},validation,none\n'
        for arms, rows, outcome, reason in (
                ("", "mine,LS,percent_change,24,three,,,,yes\n", "LS", "measurements.csv:5: 'three' in column 'mean' is no number"),
                ("", "mime,LS,percent_change,24,3,,,,yes\n", "LS", "measurements.csv:5: no arm 'mime' in arms.csv; Did you mean 'mine'?"),
                ("", "mine,LS,percent_change,24,3,,,,yes,a note, of two cells\n", "?", "measurements.csv:5: the row has 11 cells, the header 9"),
                ("", "mine,LS,percent_change,24,3,,,,YES\n", "LS", "'count' is 'YES', neither 'yes' nor 'no: reason'"),
                ("", "mine,CTX,percent_change,24,-100,,,,yes\n", "CTX", "a marker that changes by -100 %"),
                (arm.format("perhaps"), "", "", "'runnable' is 'perhaps', neither 'yes' nor 'no: reason'"),
                (arm.format("yes").replace(",0,", ",soon,"), "other,LS,percent_change,12,3,,,,yes\n", "", "arms.csv:4: 'soon' in column 'time_zero_month' is no number"),
                (arm.format("yes") * 2, "other,LS,percent_change,12,3,,,,yes\n", "", "arms.csv:4: arm 'other' stands twice")):
            with self.subTest(reason=reason):
                self.own(self.ARMS + arms, self.ROWS + rows)
                self.validate("--evidence", "mine")
                self.assertEqual([r["arm_id"] for r in self.rows("V/points.csv")], ["mine", "mine"])
                found = [(r["outcome"], r["reason"]) for r in self.rows("V/left-out.csv")]
                self.assertLessEqual({("HIPFX", "fractures are not modelled"), ("", "pooled"), (outcome, reason)}, set(found))

    def test_odd_women_are_left_out(self) -> None:
        header = self.ARMS.splitlines()[0] + ",age_y,t_ls\n"
        arms = "".join(f'{name},"Mine, 2026",none,0,yes,validation,,{age},{score}\n' for name, age, score in
                       (("child", "12", ""), ("typo", "650", ""), ("score", "65", "-25"), ("mine", "65", "-2.5")))
        self.own(header + arms, "arm_id,site_or_marker,unit,month,mean,count\n" + "".join(f"{n},LS,percent_change,12,1,yes\n" for n in ("child", "typo", "score", "mine")))
        out = self.validate("--evidence", "mine").out
        self.assertEqual([(r["arm_id"], r["outcome"], r["reason"]) for r in self.rows("V/left-out.csv")],
                         [("child", "", "an age of 12 years"), ("typo", "", "an age of 650 years"), ("score", "", "a T-score of -25")])
        self.assertEqual(self.arms(), ["mine LS"])
        self.assertRegex(out, r"(?m)^Left out.*:\n  lines\s+0 rows, 3 arms$")

    def test_roles_of_the_user_stay_apart(self) -> None:
        self.own(self.ARMS.replace("yes,validation", "yes,pilot"))
        self.assertRegex(self.validate("--evidence", "mine").out, r"(?m)^  lines\s+pilot\s+LS ")
        self.assertEqual([r["role"] for r in self.rows("V/validation.csv")], ["pilot"])

    def test_nothing_graded_is_no_success(self) -> None:
        self.own(rows=self.ROWS.replace(",LS,", ",TR,"))
        result = self.cli("validate", "--evidence", "mine", "--model", "lines", "-o", "V")
        self.assertEqual(result.code, INPUT, result)
        for phrase in ("nothing was graded", "V/left-out.csv"):
            self.assertIn(phrase, result.err)
        self.assertIn(("mine", "TR", "the model has no TR"), [(r["arm_id"], r["outcome"], r["reason"]) for r in self.rows("V/left-out.csv")])
        self.assertIn("-o FOLDER", self.cli("validate", "--evidence", "mine", "--model", "lines").err)

    def test_folder_without_studies(self) -> None:
        self.fails(IO_ERROR, "validate", "--evidence", "nowhere", "--model", "lines", says=("'nowhere'",))
        (self.dir / "empty").mkdir()
        self.fails(INPUT, "validate", "--evidence", "empty", "--model", "lines", says=("no study in 'empty'",))

    def test_drug_that_the_model_lacks_leaves_its_arm_out(self) -> None:
        self.own(self.ARMS + "other,\"Mine, 2026\",romosozumab 210 mg,0,yes,validation,\n", self.ROWS + "other,LS,percent_change,12,9,,,,yes\n")
        self.validate("--evidence", "mine")
        self.assertIn(("other", "", "model 'lines' has no drug 'romosozumab'"), [(r["arm_id"], r["outcome"], r["reason"]) for r in self.rows("V/left-out.csv")])


    def test_drug_that_nobody_knows_leaves_its_arm_out(self) -> None:
        self.own(self.ARMS + "other,\"Mine, 2026\",newdrug 5 mg,0,yes,validation,\n", self.ROWS + "other,LS,percent_change,12,9,,,,yes\n")
        self.validate("--evidence", "mine")
        self.assertIn("other", [r["arm_id"] for r in self.rows("V/left-out.csv")])


    def test_output_that_is_a_file(self) -> None:
        self.write("V", "")
        self.assertEqual(self.cli("validate", "--model", "lines", "-o", "V").code, IO_ERROR)


CONFIG = """\
[calibration]
title = "lines on two trials"
model = "lines"
rtol = 1e-8
tolerance = 1e-8
ensemble = 50
[weights]
LS = { sd = 0.5 }
"LS absolute_g_cm2" = { sd = 100 }
CTX = { sd = 0.1 }
[unknowns]
build = { low = 1e-6, high = 1e-4 }
block = { low = 0.01, high = 0.09, prior = 0.05, sd = 0.3, scale = "log" }
"""


class Calibrate(DataFolder):
    """On a data folder in which a fit takes a fraction of a second."""

    def setUp(self) -> None:
        super().setUp()
        self.tiny_data()
        self.write("c.toml", CONFIG)

    def calibrate(self, folder: str = "F", *options: str, config: str = "c.toml") -> Result:
        return self.good("calibrate", config, "-o", folder, *options)

    def overlay(self, folder: str = "F") -> dict:
        return tomllib.loads((self.dir / folder / "fitted.overlay.toml").read_text(encoding="utf-8"))

    def values(self, folder: str = "F") -> dict[str, float]:
        return {name: p["value"] for name, p in self.overlay(folder)["parameters"].items()}

    @staticmethod
    def best_build() -> float:
        """Least squares by hand over the percentages: drug at 12 and 24 months, difference at 12; placebo does not depend on it."""
        per_unit = BUILD / 1e-5  # percent a year for build of 1
        slopes, targets = (per_unit, 2 * per_unit, per_unit), (4 + LOSS, 5 + 2 * LOSS, 3)
        return sum(s * t for s, t in zip(slopes, targets)) / sum(s * s for s in slopes)

    def test_help(self) -> None:
        help_text = self.ok("calibrate", "--help").out
        self.assertEqual(len(re.findall(r"^\s.*osteosome ", help_text.split("Examples:")[1], re.MULTILINE)), 2)
        self.assertLessEqual(help_text.count("\n"), 45)

    def test_files(self) -> None:
        result = self.calibrate()
        self.assertEqual(sorted(self.files("F")), ["eigenvalues.csv", "ensemble.csv", "fitted.overlay.toml", "identifiability.csv", "record.json"])
        self.assertRegex(result.out, r"\Acost [\d.]+, converged; F/fitted\.overlay\.toml\n\Z")
        self.assertIn("2 unknowns, 6 calibration rows", result.err)

    def test_overlay(self) -> None:
        self.calibrate()
        overlay = self.overlay()
        self.assertEqual(overlay["overlay"]["of"], "lines")
        self.assertEqual(overlay["overlay"]["title"], "lines on two trials")
        self.assertIn("c.toml", overlay["overlay"]["source"])
        self.assertEqual(list(overlay["parameters"]), ["build", "block"])
        build = overlay["parameters"]["build"]
        self.assertEqual((build["unit"], build["kind"]), ("g/cm^2/d/mg", "fitted"))
        self.assertAlmostEqual(build["value"] / self.best_build(), 1, delta=1e-4)
        slope = build["value"] / 1e-5 * BUILD / 0.5 * math.sqrt(1 + 4 + 1)  # residuals by ln(build)
        self.assertAlmostEqual(build["standard_error"] * slope, 1, delta=0.01)

    def test_prior_and_data_share_the_fit(self) -> None:
        """CTX says 0.06, the prior 0.05: the marker's residual falls with 10 block/(1 - 10 block) a log unit."""
        self.calibrate()
        block = self.values()["block"]
        x = math.log(block)
        pull = math.log((1 - 10 * block) / 0.4) / 0.1**2 * (-10 * block / (1 - 10 * block)) + (x - math.log(0.05)) / 0.3**2
        self.assertAlmostEqual(pull, 0, delta=0.02)
        self.assertGreater(block, 0.05)
        self.assertLess(block, 0.06)

    def test_record(self) -> None:
        self.calibrate()
        record = self.manifest("F", "record.json")
        self.assertEqual(record["config_sha256"], sha256(self.dir / "c.toml"))
        self.assertEqual((record["config"], record["model"], record["rows"], record["simulations_a_set"], record["converged"]), ("c.toml", "lines", 6, 2, True))
        self.assertIs(record["resumed"], False)
        self.assertEqual(len(record["start_costs"]), 1)
        self.assertEqual(record["cost"], record["start_costs"][0])
        self.assertIn({"study": "first", "arm": "first-drug", "outcome": "VFX", "reason": "fractures are not modelled"}, record["left_out"])
        block = self.values()["block"]
        build = self.values()["build"] / 1e-5 * BUILD
        residuals = [(build - LOSS - 4) / 0.5, (2 * (build - LOSS) - 5) / 0.5, (build - 3) / 0.5, (build - LOSS) / 100 / 100, (-LOSS + 0.5) / 0.5,
                     math.log((1 - 10 * block) / 0.4) / 0.1, (math.log(block) - math.log(0.05)) / 0.3]
        self.assertAlmostEqual(record["cost"], sum(r * r for r in residuals) / 2, delta=1e-4)

    def test_identifiability(self) -> None:
        self.calibrate()
        self.assertEqual(self.header("F/identifiability.csv"), ["parameter", "value", "scale", "standard_error", "informed", "prior", "prior_sd", "low", "high"])
        build, block = self.rows("F/identifiability.csv")
        self.assertEqual((build["parameter"], build["scale"], build["prior"], build["prior_sd"]), ("build", "log", "", ""))
        self.assertEqual(float(build["value"]), self.values()["build"])
        self.assertGreater(float(build["informed"]), 0.9)
        self.assertEqual(block["prior_sd"], "0.3")
        self.assertAlmostEqual(float(block["prior"]), 0.05)
        self.assertTrue(0 < float(block["informed"]) < 1)
        self.assertEqual((float(block["low"]), float(block["high"])), (0.01, 0.09))
        eigen = self.rows("F/eigenvalues.csv")
        self.assertEqual(self.header("F/eigenvalues.csv"), ["eigenvalue", "build", "block"])
        self.assertGreaterEqual(float(eigen[0]["eigenvalue"]), float(eigen[1]["eigenvalue"]))

    def test_ensemble(self) -> None:
        self.calibrate()
        draws = self.rows("F/ensemble.csv")
        self.assertEqual(self.header("F/ensemble.csv"), ["build", "block"])
        self.assertEqual(len(draws), 50)
        for column, low, high in (("build", 1e-6, 1e-4), ("block", 0.01, 0.09)):
            sample = numbers(draws, column)
            self.assertTrue(all(low <= x <= high for x in sample))
            self.assertEqual(len(set(sample)), 50)
        middle = math.exp(sum(math.log(x) for x in numbers(draws, "build")) / 50)
        self.assertAlmostEqual(middle / self.values()["build"], 1, delta=0.1)

    def test_overlay_is_taken_by_validate_and_scenarios(self) -> None:
        self.calibrate()
        self.good("validate", "first", "--model", "lines", "--overlay", "F/fitted.overlay.toml", "-o", "V")
        change = {(r["arm_id"], r["unit"], r["month"]): float(r["simulated"]) for r in self.rows("V/points.csv") if r["outcome"] == "LS"}
        self.assertAlmostEqual(change["first-drug", "percent_change", "12"], self.values()["build"] / 1e-5 * BUILD - LOSS, delta=1e-3)
        self.write("s.toml", '[scenario]\ntitle = "t"\nuntil = "12 months"\nevery = "12 months"\n[models.lines]\noverlays = ["F/fitted.overlay.toml"]\n[arms.a]\nregimen = "denosumab 10 mg"\n')
        self.ok("run", "s.toml", "-o", "R", "--quiet")
        last = [float(r["value"]) for r in self.rows("R/trajectories.csv") if r["output"] == "LS"][-1]
        self.assertAlmostEqual(100 * (last - 1), change["first-drug", "percent_change", "12"], delta=1e-3)

    def test_fit_goes_on_from_an_overlay(self) -> None:
        self.calibrate()
        self.write("c2.toml", CONFIG.replace('model = "lines"', 'model = "lines"\noverlays = ["F/fitted.overlay.toml"]'))
        err = self.calibrate("F2", config="c2.toml").err
        first = re.search(r"start 1 step 0: cost ([\d.]+)", err)
        assert first is not None
        self.assertAlmostEqual(float(first[1]), self.manifest("F", "record.json")["cost"], delta=1e-3)

    def test_validation_rows_are_never_fitted(self) -> None:
        self.calibrate()
        (self.data / "evidence" / "second.toml").unlink()
        self.calibrate("without")
        self.assertEqual((self.dir / "F" / "fitted.overlay.toml").read_bytes(), (self.dir / "without" / "fitted.overlay.toml").read_bytes())

    def test_studies_and_their_factors(self) -> None:
        (self.data / "evidence" / "second.toml").write_text(SECOND.replace("validation", "calibration"), encoding="utf-8")
        self.calibrate()
        self.assertGreater(self.values()["build"], 1.5 * self.best_build())  # 30 % at 12 months pulls
        self.write("c2.toml", CONFIG.replace('model = "lines"', 'model = "lines"\nstudies = ["first"]'))
        self.calibrate("only", config="c2.toml")
        self.assertAlmostEqual(self.values("only")["build"] / self.best_build(), 1, delta=1e-4)
        self.write("c3.toml", CONFIG + '[study_factors]\nsecond = 1000\n')
        self.calibrate("light", config="c3.toml")
        self.assertAlmostEqual(self.values("light")["build"] / self.best_build(), 1, delta=1e-3)

    def test_parameters_of_one_value(self) -> None:
        (self.data / "models" / "lines.toml").write_text(LINES.replace("[species]", 'twin = { value = 0.05, unit = "1/mg", source = "model", kind = "reported" }\n[species]'), encoding="utf-8")
        self.write("c.toml", CONFIG.replace('scale = "log" }', 'scale = "log", also = ["twin"] }'))
        self.calibrate()
        self.assertEqual(self.values()["twin"], self.values()["block"])

    def test_several_starts_end_at_the_same_point(self) -> None:
        self.write("c.toml", CONFIG.replace("rtol", "starts = 4\nseed = 2\nrtol"))
        self.calibrate()
        costs = self.manifest("F", "record.json")["start_costs"]
        self.assertEqual(len(costs), 4)
        self.assertLess(max(costs) - min(costs), 1e-3)
        self.assertAlmostEqual(self.values()["build"] / self.best_build(), 1, delta=1e-3)

    def test_result_does_not_depend_on_threads(self) -> None:
        self.write("c.toml", CONFIG.replace("rtol", "starts = 3\nrtol"))
        self.calibrate("one", "--threads", "1")
        self.calibrate("two", "--threads", "2")
        self.calibrate("default")
        self.assertEqual(self.files("one"), self.files("two"))
        self.assertEqual(self.files("one"), self.files("default"))

    # ---- going on

    def test_goes_on_from_a_checkpoint(self) -> None:
        self.calibrate()
        values = self.values()
        (self.dir / "G").mkdir()
        checkpoint = {"config": sha256(self.dir / "c.toml"), "values": [[values["build"], values["block"]]]}
        self.write("G/checkpoint.json", json.dumps(checkpoint))
        err = self.calibrate("G").err
        first = re.search(r"start 1 step 0: cost ([\d.]+)", err)
        assert first is not None
        self.assertAlmostEqual(float(first[1]), self.manifest("F", "record.json")["cost"], delta=1e-3)
        self.assertAlmostEqual(self.values("G")["build"] / values["build"], 1, delta=1e-4)
        self.assertIs(self.manifest("G", "record.json")["resumed"], True)
        self.assertFalse((self.dir / "G" / "checkpoint.json").exists(), "a finished fit needs none")

    def test_checkpoint_of_another_configuration_is_not_taken(self) -> None:
        self.calibrate()
        (self.dir / "G").mkdir()
        self.write("G/checkpoint.json", json.dumps({"config": "0" * 64, "values": [[5e-5, 0.02]]}))
        self.calibrate("G")
        self.assertEqual(self.files("F"), self.files("G"))

    def test_interrupted_fit_goes_on(self) -> None:
        text = CONFIG.replace("rtol = 1e-8", "starts = 3000\nrtol = 1e-8")
        self.write("c.toml", text)
        child = launch(("calibrate", "c.toml", "-o", "F"), self.dir, subprocess.DEVNULL, subprocess.DEVNULL)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.assertTrue(wait_until(lambda: (self.dir / "F" / "checkpoint.json").exists() or child.poll() is not None, 60))
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(20), CANCELLED)
        self.assertEqual(sorted(p.name for p in (self.dir / "F").iterdir()), ["checkpoint.json"])
        checkpoint = self.manifest("F", "checkpoint.json")
        self.assertEqual(checkpoint["config"], sha256(self.dir / "c.toml"))
        self.assertEqual(len(checkpoint["values"]), 3000)
        self.assertEqual(len(checkpoint["values"][0]), 2)
        few = dict(checkpoint, values=checkpoint["values"][:2])  # the same point, with fewer starts to wait for
        self.write("c.toml", CONFIG.replace("rtol = 1e-8", "starts = 2\nrtol = 1e-8"))
        self.write("F/checkpoint.json", json.dumps(dict(few, config=sha256(self.dir / "c.toml"))))
        self.calibrate()
        self.assertAlmostEqual(self.values()["build"] / self.best_build(), 1, delta=1e-3)
        self.assertNotIn("checkpoint.json", self.files("F"))


    def test_damaged_checkpoint_is_not_taken(self) -> None:
        config = sha256(self.dir / "c.toml")
        codes = []
        for text in ("{", "[]", json.dumps({"config": config}), json.dumps({"config": config, "values": [[1]]})):
            (self.dir / "F").mkdir(exist_ok=True)
            self.write("F/checkpoint.json", text)
            codes.append(self.cli("calibrate", "c.toml", "-o", "F").code)
        self.assertEqual(codes, [OK] * 4)

    # ---- refused

    def refused(self, old: str, new: str, *phrases: str) -> None:
        self.assertIn(old, CONFIG)
        self.write("bad.toml", CONFIG.replace(old, new))
        with self.subTest(new=new):
            self.fails(INPUT, "calibrate", "bad.toml", "-o", "B", says=("bad.toml", *phrases))
            self.assertFalse((self.dir / "B").exists())

    def test_unknown_parameters(self) -> None:
        self.refused("build = {", "biuld = {", "model 'lines' has no parameter 'biuld'", "Did you mean 'build'?")
        self.refused('scale = "log" }', 'scale = "log", also = ["blok"] }', "no parameter 'blok'", "Did you mean 'block'?")

    def test_bounds(self) -> None:
        self.refused("low = 1e-6, high = 1e-4", "low = 1e-4, high = 1e-6", "bad.toml:12:", "'low' should be below 'high'")
        self.refused("low = 1e-6, high = 1e-4", "low = 1e-4, high = 1e-3", "'build' = 1e-05 lies outside low to high")
        self.refused("low = 1e-6, high = 1e-4", 'low = -1, high = 1e-4, scale = "log"', "a log scale needs a positive 'low'")
        self.refused("low = 1e-6, ", "", "'low' is missing")
        self.refused('"log"', '"lgo"', "'lgo'", "'log' or 'linear'")
        self.refused(", sd = 0.3", "", "'prior' and 'sd' go together")
        self.refused("prior = 0.05", "prior = 0", "bad.toml:13:", "a log scale needs a positive 'prior'")
        self.refused("prior = 0.05", "prior = -1", "a log scale needs a positive 'prior'")

    def test_parameter_of_two_unknowns(self) -> None:
        self.refused('scale = "log" }', 'scale = "log", also = ["build"] }', "bad.toml:13:", "'also' of unknown 'block' names 'build', which is an unknown too")
        self.refused('scale = "log" }', 'scale = "log", also = ["block"] }', "bad.toml:13:", "'also' of unknown 'block' names 'block' itself")
        self.refused('scale = "log" }', 'scale = "log", also = ["blow", "blow"] }', "bad.toml:13:", "'also' of unknown 'block' names 'blow' twice")
        self.refused("high = 1e-4 }", 'high = 1e-4, also = ["blow"] }\nloss = { low = 1e-6, high = 1e-4, also = ["blow"] }', "bad.toml:13:",
                     "'also' of unknown 'loss' names 'blow', which has the value of 'build' already")

    def test_parameters_of_one_value_have_one_unit(self) -> None:
        self.refused('scale = "log" }', 'scale = "log", also = ["blow"] }', "'blow' in '1/d' cannot have the value of 'block' in '1/mg'")

    def test_a_linear_scale_takes_a_prior_of_zero(self) -> None:
        self.write("c.toml", CONFIG.replace('prior = 0.05, sd = 0.3, scale = "log"', 'prior = 0, sd = 10, scale = "linear"'))
        self.calibrate()

    def test_weights_of_nothing(self) -> None:
        self.refused("CTX = {", "CTC = { sd = 1 }\nCTX = {", "bad.toml:10:", "neither the evidence nor the model has 'CTC' of [weights]", "Did you mean 'CTX'?")
        self.refused('"LS absolute_g_cm2"', '"LS absolute_g_m2"', "'LS absolute_g_m2'", "Did you mean 'LS absolute_g_cm2'?")
        self.write("c.toml", CONFIG.replace("CTX = {", "P1NP = { sd = 1 }\nCTX = {"))  # measured, but no output of this model
        self.calibrate()

    def test_weights(self) -> None:
        self.refused("CTX = { sd = 0.1 }", "", "no weight for 'CTX' in 'percent_change'", "[weights]")
        self.refused("sd = 0.5", "sd = 0", "'sd' should be positive")
        self.refused("sd = 0.5", "sd = 0.5, points = 0", "'points' should be positive")
        self.refused("sd = 0.5", "ds = 0.5", "'sd' is missing", "unknown key 'ds'")

    def test_header(self) -> None:
        self.refused("[calibration]", "[calibraton]", "[calibration] is missing", "Did you mean 'calibration'?")
        self.refused('title = "lines on two trials"\n', "", "'title' is missing")
        self.refused("tolerance", "tolerence", "unknown key 'tolerence'", "Did you mean 'tolerance'?")
        self.refused(CONFIG[CONFIG.index("[unknowns]"):], "", "[unknowns] is missing")

    def test_several_problems_are_reported_in_one_go(self) -> None:
        self.refused(CONFIG, CONFIG.replace("sd = 0.5", "sd = -1").replace("high = 1e-4", "high = 1e-7"), "'sd' should be positive", "'low' should be below 'high'")

    def test_settings(self) -> None:
        for setting in ("starts = 0", "max_iterations = -1", "tolerance = 0", "difference = 2"):
            with self.subTest(setting=setting):
                self.write("bad.toml", CONFIG.replace("tolerance = 1e-8\n", "").replace("rtol", setting + "\nrtol"))
                self.assertEqual(self.cli("calibrate", "bad.toml", "-o", "B").code, INPUT)

    def test_unknown_model_and_missing_files(self) -> None:
        self.write("bad.toml", CONFIG.replace('model = "lines"', 'model = "linse"'))
        self.fails(INPUT, "calibrate", "bad.toml", "-o", "B", says=("no model 'linse'", "Did you mean 'lines'?"))
        self.fails(IO_ERROR, "calibrate", "nowhere.toml", "-o", "B", says=("nowhere.toml",))
        self.fails(USAGE, "calibrate", "c.toml", says=("--output",))


    def test_unknown_study(self) -> None:
        self.refused('model = "lines"', 'model = "lines"\nstudies = ["frist"]', "'frist'", "Did you mean 'first'?")


    def test_nothing_to_fit(self) -> None:
        (self.data / "evidence" / "first.toml").unlink()
        self.assertEqual(self.cli("calibrate", "c.toml", "-o", "F").code, INPUT)


    def test_negative_number_of_starts(self) -> None:
        self.write("bad.toml", CONFIG.replace("rtol", "starts = -1\nrtol"))
        self.assertEqual(self.cli("calibrate", "bad.toml", "-o", "B").code, INPUT)


    def test_output_that_is_a_file(self) -> None:
        self.write("F", "")
        self.assertEqual(self.cli("calibrate", "c.toml", "-o", "F").code, IO_ERROR)


    def test_no_start_can_be_simulated(self) -> None:
        (self.data / "models" / "lines.toml").write_text(LINES.replace("blow = { value = 0", "blow = { value = 0.1"), encoding="utf-8")
        self.assertEqual(self.cli("calibrate", "c.toml", "-o", "F").code, NUMERICAL)


    def test_title_with_quotes(self) -> None:
        self.write("c.toml", CONFIG.replace('"lines on two trials"', "'lines on \"two\" trials'"))
        self.calibrate()
        self.assertEqual(self.overlay()["overlay"]["title"], 'lines on "two" trials')


    def test_bounds_beyond_those_of_the_parameter(self) -> None:
        self.refused("[unknowns]", "[unknowns]\nloss = { low = 1e-7, high = 1e-3 }", "bounds")


    def test_overlay_beside_its_model_is_no_model(self) -> None:
        self.calibrate()
        shutil.copy(self.dir / "F" / "fitted.overlay.toml", self.data / "models" / "lines.overlay.toml")
        self.assertEqual(self.ok("models", "list").out.count("\n"), 1)


class CalibrationPage(DataFolder):
    """The example of docs/reference/calibration.md runs as printed, on the shipped model and evidence."""

    def test_example(self) -> None:
        root = HERE.parent.parent
        for name in ("models", "evidence", "therapies"):
            (self.data / name).symlink_to(root / name)
        page = (root / "docs" / "reference" / "calibration.md").read_text(encoding="utf-8")
        [example] = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
        self.write("c.toml", example)
        self.assertIn(": ok (", self.ok("check", "c.toml").out)
        self.good("calibrate", "c.toml", "-o", "F")
        overlay = tomllib.loads((self.dir / "F" / "fitted.overlay.toml").read_text(encoding="utf-8"))["parameters"]
        self.assertEqual(list(overlay), ["osteoclast.k_opg", "spine.strain_power", "hip.strain_power", "neck.strain_power"])
        self.assertEqual(overlay["hip.strain_power"]["value"], overlay["spine.strain_power"]["value"])


def setUpModule() -> None:
    if not wait_until(lambda: os.access(BINARY, os.X_OK), 120):  # another build may be relinking it
        raise RuntimeError(f"no program at {BINARY}; set OSTEOSOME_BINARY")


if __name__ == "__main__":
    unittest.main()
