#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Black-box tests of what works on a data folder: drugs added to it, `validate` and `calibrate`."""

from __future__ import annotations

import json
import math
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tomllib
import unittest
import unittest.mock

from support import CANCELLED, INPUT, IO_ERROR, NUMERICAL, OK, USAGE, ROOT, Case, Result, launch, numbers, sha256, table, wait_until
from support import setUpModule  # noqa: F401  (unittest calls it)

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


class Verbs(Case):
    def good(self, *arguments: str) -> Result:
        """Success; progress and the place of the report may stand on stderr."""
        result = self.cli(*arguments)
        self.assertEqual(result.code, OK, result)
        return result

    def rows(self, name: str) -> list[dict[str, str]]:
        return table((self.dir / name).read_text(encoding="utf-8"))

    def header(self, name: str) -> list[str]:
        return (self.dir / name).read_text(encoding="utf-8").splitlines()[0].split(",")


class DataFolder(Verbs):
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
        root = ROOT
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
        return self.good("validate", *arguments, "--model", "lines", "-o", folder, "--overwrite")

    def arms(self, folder: str = "V") -> list[str]:
        return [f"{r['arm_id']} {r['outcome']}" for r in self.rows(f"{folder}/validation.csv")]

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

    def test_files_are_written_over_when_that_is_asked_for(self) -> None:
        self.validate()
        self.fails(IO_ERROR, "validate", "second", "--model", "lines", "-o", "V", says=("is not empty", "--overwrite"))
        self.assertIn("first-drug LS", self.arms())
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

    def test_impossible_spreads_and_visits_that_stand_twice_are_left_out(self) -> None:
        head, row = self.ROWS.splitlines()[:2]
        for bad, reason in ((row.replace("2,4,CI95", "4,2,CI95"), "ci_low lies above ci_high"), (row.replace("3,2,4", "5,2,4"), "the mean lies outside"),
                            (row + "\n" + row, "a row of this outcome, unit and month already")):
            with self.subTest(reason=reason):
                self.own(rows=f"{head}\nmine,LS,percent_change,6,1,,,,yes\n{bad}\n")
                self.validate("--evidence", "mine")
                self.assertTrue(any(reason in r["reason"] for r in self.rows("V/left-out.csv")), self.rows("V/left-out.csv"))
                self.assertEqual(len(self.rows("V/points.csv")), 1 if "already" not in reason else 2)

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

    def interrupted_fit(self, folder: str, lines: int) -> pathlib.Path:
        """Begins a fit and stops it once it has kept so many lines."""
        checkpoint = self.dir / folder / "checkpoint.json"
        child = launch(("calibrate", "c.toml", "-o", folder, "--threads", "1"), self.dir, subprocess.DEVNULL, subprocess.DEVNULL)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.assertTrue(wait_until(lambda: child.poll() is not None or (checkpoint.exists() and checkpoint.read_bytes().count(b"\n") >= lines), 60))
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(20), CANCELLED)
        self.assertEqual([p.name for p in (self.dir / folder).iterdir()], ["checkpoint.json"])
        return checkpoint

    def results(self, folder: str) -> dict[str, bytes]:
        """Every file, the record without how long it took and whether it was interrupted."""
        files = {p.name: p.read_bytes() for p in (self.dir / folder).iterdir() if p.name != "record.json"}
        record = self.manifest(folder, "record.json")
        del record["seconds"], record["resumed"]
        return files | {"record.json": json.dumps(record).encode()}

    def test_interrupted_fit_ends_where_an_uninterrupted_one_does_to_the_bit(self) -> None:
        self.write("c.toml", CONFIG.replace("rtol = 1e-8", 'starts = 100\nprofiles = ["build"]\nrtol = 1e-8'))
        self.calibrate("whole")
        kept = self.interrupted_fit("F", 20).read_bytes()
        err = self.calibrate("F", "--threads", "2").err
        self.assertIn("start 1 step 0: cost", err)
        self.assertEqual(self.results("F"), self.results("whole"))
        self.assertIs(self.manifest("F", "record.json")["resumed"], True)
        self.assertNotIn("checkpoint.json", self.files("F"), "a finished fit needs none")
        # Killed within a line, and in a file that another program has spoilt behind its first lines
        for name, text in (("cut", kept[:-len(kept.splitlines()[-1]) // 2]), ("spoilt", b"\n".join(kept.splitlines()[:5]) + b"\n[]\n")):
            (self.dir / name).mkdir()
            (self.dir / name / "checkpoint.json").write_bytes(text)
            self.calibrate(name)
            self.assertEqual(self.results(name), self.results("whole"), name)

    def test_evaluations_of_another_problem_are_not_taken(self) -> None:
        self.calibrate()
        config = sha256(self.dir / "c.toml")
        other = json.dumps({"points": [[5e-5, 0.02]], "residuals": [[0, 0]]})
        for text in (json.dumps({"config": "0" * 64}) + "\n" + other, json.dumps({"config": config}) + "\n" + other, "{", "[]", json.dumps({"config": config})):
            (self.dir / "G").mkdir(exist_ok=True)
            self.write("G/checkpoint.json", text + "\n")
            self.calibrate("G")
            self.assertEqual(self.results("G"), self.results("F"), text)

    # ---- refused

    def refused(self, old: str, new: str, *phrases: str) -> None:
        self.assertIn(old, CONFIG)
        self.write("bad.toml", CONFIG.replace(old, new))
        with self.subTest(new=new):
            self.fails(INPUT, "calibrate", "bad.toml", "-o", "B", says=("bad.toml", *phrases))
            self.assertFalse((self.dir / "B").exists())

    def test_what_would_have_no_effect(self) -> None:
        self.refused("low = 1e-6, high = 1e-4", 'scale = "log"', "bad.toml:12:", "'prior', 'sd' and 'scale' need 'low' and 'high'")
        self.refused("[unknowns]", '[study_factors]\nfrist = 2\n[unknowns]', "no study 'frist' of [study_factors]", "Did you mean 'first'?")
        self.refused("[unknowns]", '[study_factors]\nfirst = 0\n[unknowns]', "bad.toml:12:", "the factor of 'first' should be positive")
        self.refused("rtol = 1e-8", "rtol = 0", "bad.toml:4:", "'rtol' should lie between 1e-13 and 0.1")
        self.refused("rtol = 1e-8", 'domain = "preclinical"\nstudies = ["first"]', "studies has no meaning with domain", "[weights] has no meaning with domain")

    def test_unknown_parameters(self) -> None:
        self.refused("build = {", "biuld = {", "model 'lines' has no parameter 'biuld'", "Did you mean 'build'?")
        self.refused('scale = "log" }', 'scale = "log", also = ["blok"] }', "no parameter 'blok'", "Did you mean 'block'?")

    def test_bounds(self) -> None:
        self.refused("low = 1e-6, high = 1e-4", "low = 1e-4, high = 1e-6", "bad.toml:12:", "'low' should be below 'high'")
        self.refused("low = 1e-6, high = 1e-4", "low = 1e-4, high = 1e-3", "'build' = 1e-05 lies outside low to high")
        self.refused("low = 1e-6, high = 1e-4", 'low = -1, high = 1e-4, scale = "log"', "a log scale needs a positive 'low'")
        self.refused("low = 1e-6, ", "", "'low' and 'high' go together")
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
        root = ROOT
        for name in ("models", "evidence", "therapies"):
            (self.data / name).symlink_to(root / name)
        page = (root / "docs" / "reference" / "calibration.md").read_text(encoding="utf-8")
        example = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[0]
        self.write("c.toml", example)
        self.assertIn(": ok (", self.ok("check", "c.toml").out)
        self.good("calibrate", "c.toml", "-o", "F")
        overlay = tomllib.loads((self.dir / "F" / "fitted.overlay.toml").read_text(encoding="utf-8"))["parameters"]
        self.assertEqual(list(overlay), ["osteoclast.k_opg", "spine.strain_power", "hip.strain_power", "neck.strain_power"])
        self.assertEqual(overlay["hip.strain_power"]["value"], overlay["spine.strain_power"]["value"])


RATS = """\
[scenario]
title = "rats"
until = "4 weeks"
every = "4 weeks"
[patient]
age = "14 weeks"
ovariectomy = "2 weeks"
[models.osteosome]
species = "rat"
[arms.ovx]
regimen = "none"
[arms.exosomes]
regimen = "exosomes:bmsc 100 ug iv weekly x 4"
[power]
control = "ovx"
endpoints = ["BVTV_tibia", "P1NP"]
times = ["4 weeks"]
most = 20
"""
UNCERTAIN = "[population]\nn = 3\nuncertain_constants = true\n"


class Power(Verbs):
    """Sizes of groups: the shipped rat for four weeks."""

    def power(self, text: str, *options: str) -> list[dict[str, str]]:
        self.write("s.toml", text)
        self.last = self.good("power", "s.toml", "-o", "P", "--overwrite", *options)
        return self.rows("P/power.csv")

    def test_people_are_refused_in_every_verb(self) -> None:
        self.write("s.toml", RATS.replace('species = "rat"\n', "").replace('["BVTV_tibia", "P1NP"]', '["TH"]').replace('ovariectomy = "2 weeks"\n', ""))
        for verb in ("power", "run", "check"):
            self.fails(INPUT, verb, "s.toml", says=("power-003", "[power] counts animals, and model 'osteosome' is of people", "virtual trials"))

    def test_constants_that_count_as_known_are_warned_of(self) -> None:
        self.power(RATS)
        self.assertRegex(self.last.err, r"warning: s\.toml: \d+ uncertain constants count as known: .*population-004.*uncertain_constants = true")
        self.assertRegex(self.last.out, r"Uncertain constants: \d+ count as known\.")

    def test_priors_that_would_throw_the_calibration_away_are_refused_in_every_verb(self) -> None:
        self.write("s.toml", RATS + UNCERTAIN.replace("uncertain_constants", "priors"))
        for verb in ("power", "run", "check"):
            self.fails(INPUT, verb, "s.toml", says=("scenario-026", "'priors' would throw away what the calibration 'exosomes and cells on animal studies' has found",
                                                    "uncertain_constants = true"))

    def test_uncertain_constants_are_the_draws_of_the_calibration_and_priors_for_the_rest(self) -> None:
        """As the table of the same draws gives them beside priors: the same numbers."""
        rows = self.power(RATS + UNCERTAIN)
        self.assertNotIn("count as known", self.last.err + self.last.out)
        self.assertRegex(self.last.out, r"Uncertain constants are drawn: \d+ from the calibration 'exosomes and cells on animal studies' \(40 draws\), \d+ from their priors\.")
        draws = (ROOT / "calibrations/exosomes-run/ensemble.csv").read_text(encoding="utf-8").splitlines(keepends=True)
        self.write("draws.csv", "".join(draws[:4]))
        self.assertEqual(self.power(RATS + '[population]\ntable = "draws.csv"\nuncertain_constants = true\n'), rows)

    def test_spread_is_that_of_control_arms_or_assumed_aloud_or_given(self) -> None:
        rows = self.power(RATS)
        self.assertEqual({(r["endpoint"], r["cv"], r["cv_assumed"]) for r in rows}, {("BVTV_tibia", "0.1842", "no"), ("P1NP", "0.3", "yes")})
        self.assertIn("BVTV_tibia     18.4 %: 6 control arms of 2 studies (ORX + androgen rats; Prisby 2012)", self.last.out)
        self.assertIn("warning: the spread of P1NP between animals is assumed", self.last.err)
        self.assertIn("two-sided t test at 5 %", self.last.out)
        for text, options in ((RATS, ("--cv", "P1NP=0.1")), (RATS + "cv = { P1NP = 0.1 }\n", ()), (RATS + "cv = { P1NP = 0.4 }\n", ("--cv", "P1NP=0.1"))):
            self.assertEqual({r["cv"] for r in self.power(text, *options) if r["endpoint"] == "P1NP"}, {"0.1"})
            self.assertNotIn("is assumed", self.last.err)
        self.fails(INPUT, "power", "s.toml", "--cv", "P1PN=0.1", "--cv", "P1NP=10", says=("'P1PN' is no endpoint", "Did you mean 'P1NP'?", "above 0 and up to 2"))

    def test_tolerance_of_the_scenario_and_of_the_flag_count(self) -> None:
        exact = self.power(RATS)
        loose = self.power(RATS, "--rtol", "0.05")
        self.assertNotEqual(loose, exact)
        self.assertEqual(self.power(RATS + "[solver]\nrtol = 0.05\n"), loose)
        self.assertEqual(self.power(RATS + "[solver]\nrtol = 0.05\n", "--rtol", "1e-6"), exact)
        self.assertNotEqual(self.power(RATS + "[solver]\nrtol = 0.05\natol_scale = 1000\n"), loose)


class Manifest(Verbs):
    def test_names_the_integrator_that_ran(self) -> None:
        text = '[scenario]\ntitle = "t"\nuntil = "1 month"\nevery = "1 month"\n[models.joerg-2022]\n[arms.a]\nregimen = "none"\n'
        for engine, method in (("lanes", "rodas5p"), ("reference", "CVODES")):
            self.write("s.toml", text + f'[solver]\nengine = "{engine}"\n')
            self.good("run", "s.toml", "-o", engine)
            self.assertEqual(self.manifest(engine)["solver"]["method"], method)


class PreclinicalValidation(Case):
    def test_a_model_is_refused(self) -> None:
        self.fails(INPUT, "validate", "--domain", "preclinical", "--model", "joerg-2022", says=("--model has no meaning with --domain preclinical",))


if __name__ == "__main__":
    unittest.main()
