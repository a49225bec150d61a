#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Black-box tests of the vocabulary: an outcome, a site and a species are added to a data folder without any C++, and show in a run, its report and validate."""

from __future__ import annotations

import json
import math
import os
import shutil
import unittest
import unittest.mock

from support import INPUT, OK, ROOT, Case, table
from support import setUpModule  # noqa: F401  (unittest calls it)

# Density falls by 1e-5 g/cm2 a day; 10 mg of the drug take the marker to 0.8. The T-score is (density - 1)/0.1.
MODEL = """\
[model]
id = "lines"
title = "a radius and a marker in straight lines"
time = "d"
source = "doi:10.1000/test"
[parameters]
one = { value = 1, unit = "g/cm^2", source = "model", kind = "reported" }
tenth = { value = 0.1, unit = "g/cm^2", source = "model", kind = "reported" }
loss = { value = 1e-5, unit = "g/cm^2/d", source = "model", kind = "reported" }
block = { value = 0.02, unit = "1/mg", source = "model", kind = "reported" }
age_0 = { value = 50, unit = "year", source = "model", kind = "reported" }
scale = { value = 1, unit = "1", source = "model", kind = "reported" }
[species]
drug = { initial = "0", unit = "mg", rate = "0*loss/one*drug", typical = "10" }
radius = { initial = "scale*one", unit = "g/cm^2", rate = "-loss" }
[doses]
denosumab = { into = "drug" }
[start]
age_at_zero = "age_0"
[patient.densities]
DR = { scale = "scale", t_score = "T" }
[outputs]
DR = { formula = "radius", unit = "g/cm^2", observable = "DR", label = "radius" }
PYD = { formula = "1 - block*drug", unit = "1", observable = "PYD", label = "PYD" }
T = { formula = "(radius - one)/tenth", unit = "1", label = "T" }
"""
SITE = '[[sites]]\ncode = "DR"\ntitle = "distal radius"\nt_score = true\n'
OUTCOMES = """\
[[outcomes]]
code = "DR"
title = "Distal radius BMD"
meaning = "areal BMD, distal radius"
kind = "density"
unit = "g/cm^2"
site = "DR"
good = "up"
[[outcomes]]
code = "PYD"
title = "Pyridinoline (resorption)"
meaning = "pyridinoline in urine"
kind = "marker"
unit = "nmol/mmol"
good = "down"
"""
HAMSTER = """\
[overlay]
title = "hamster"
of = "lines"
species = "hamster"
source = "test"
[parameters]
loss = { value = 2e-5, unit = "g/cm^2/d", kind = "assumed", rationale = "twice as fast" }
"""
SCENARIO = """\
[scenario]
title = "radius"
until = "12 months"
every = "12 months"
[patient]
age = "60 years"
t_dr = -2
[models.lines]
[models.hamster]
document = "lines"
species = "hamster"
from_rest = true
[arms.drug]
regimen = "denosumab 10 mg"
[report]
outcomes = ["DR", "PYD"]
"""
STUDY = """\
[study]
id = "mine"
title = "Mine 2026"
domain = "clinical"
[arms.mine-drug]
regimen = "denosumab 10 mg"
age_y = 60
t_dr = -2
sex_or_disease = "volunteers"
runnable = "yes"
role = "validation"
measurements = [
  { outcome = "DR", unit = "percent_change", month = 12, mean = 0, count = "yes", provenance = "seen" },
  { outcome = "PYD", unit = "percent_change", month = 12, mean = -30, count = "yes", provenance = "seen" },
]
"""
VOLUNTEERS = '[[populations]]\ncode = "volunteers"\ntitle = "volunteers"\nage = 60\nsource = "test"\n'
YEAR = 365.25


class DataFolder(Case):
    def setUp(self) -> None:
        super().setUp()
        self.data = self.dir / "data"
        self.data.mkdir()
        patch = unittest.mock.patch.dict(os.environ, {"OSTEOSOME_DATA": str(self.data)})
        patch.start()
        self.addCleanup(patch.stop)
        shutil.copytree(ROOT / "vocabulary", self.data / "vocabulary")

    def put(self, name: str, text: str) -> None:
        path = self.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def add(self, name: str, text: str) -> None:
        with (self.data / name).open("a", encoding="utf-8") as file:
            file.write(text)

    def rows(self, name: str) -> list[dict[str, str]]:
        return table((self.dir / name).read_text(encoding="utf-8"))

    def good(self, *arguments: str) -> None:
        result = self.cli(*arguments)
        self.assertEqual(result.code, OK, result)

    def refused(self, *says: str) -> None:
        result = self.cli("run", "s.toml", "-o", "R")
        self.assertEqual(result.code, INPUT, result)
        for text in says:
            self.assertIn(text, result.err)


class AddAnOutcomeAndASite(DataFolder):
    def setUp(self) -> None:
        super().setUp()
        self.put("models/lines.toml", MODEL)
        self.put("species/hamster.toml", HAMSTER)
        self.put("therapies/catalogue.toml", '[drugs]\ndenosumab = { route = "sc", unit = "mg" }\n')
        self.put("evidence/mine.toml", STUDY)
        self.add("vocabulary/sites.toml", SITE)
        self.add("vocabulary/outcomes.toml", OUTCOMES)
        self.add("vocabulary/populations.toml", VOLUNTEERS)
        self.write("s.toml", SCENARIO)

    def test_they_are_run_and_stand_in_the_report(self) -> None:
        self.good("run", "s.toml", "-o", "R")
        value = {(r["model"], r["output"], float(r["month"])): float(r["value"]) for r in self.rows("R/trajectories.csv")}
        self.assertAlmostEqual(value["lines", "DR", 0], 0.8, delta=1e-6, msg="a T-score of -2")
        self.assertAlmostEqual(value["lines", "DR", 12], 0.8 - 1e-5 * YEAR, delta=1e-6)
        self.assertAlmostEqual(value["hamster", "DR", 12], 0.8 - 2e-5 * YEAR, delta=1e-6)
        for code, title in {"DR": "Distal radius BMD", "PYD": "Pyridinoline (resorption)"}.items():
            self.assertEqual(json.loads((self.dir / f"R/charts/{code}.vl.json").read_text(encoding="utf-8"))["title"]["text"], title)
            self.assertIn(title, (self.dir / "R/report.html").read_text(encoding="utf-8"))

    def test_they_are_validated_the_marker_as_a_log_ratio(self) -> None:
        self.good("validate", "--model", "lines", "-o", "V")
        grades = {r["outcome"]: float(r["bias"]) for r in self.rows("V/validation.csv")}
        self.assertEqual(list(grades), ["DR", "PYD"], "markers last")
        self.assertAlmostEqual(grades["DR"], -100 * 1e-5 * YEAR / 0.8, delta=1e-4, msg="from a T-score of -2")
        self.assertAlmostEqual(grades["PYD"], math.log(0.8 / 0.7), delta=1e-4)

    def test_without_the_entries_they_are_unknown(self) -> None:
        shutil.copytree(ROOT / "vocabulary", self.data / "vocabulary", dirs_exist_ok=True)
        self.refused("unknown outcome 'DR'", "unknown outcome 'PYD'", "unknown key 't_dr'")

    def test_mistakes_are_refused_with_file_line_and_near_match(self) -> None:
        self.add("vocabulary/outcomes.toml", OUTCOMES.replace('"DR"', '"DR2"').replace('"PYD"', '"PYD2"').replace('"marker"', '"markr"'))
        lines = (self.data / "vocabulary/outcomes.toml").read_text(encoding="utf-8").splitlines()
        kind = 1 + lines.index('kind = "markr"')
        self.refused(f"outcomes.toml:{kind}:", "unknown 'kind' = 'markr'", "Did you mean 'marker'?", "unknown 'site' = 'DR2'", "Did you mean 'DR'?")

    def test_a_folder_without_vocabulary_has_the_shipped_one(self) -> None:
        shutil.rmtree(self.data / "vocabulary")
        (self.data / "evidence/mine.toml").unlink()
        self.refused("unknown outcome 'DR'")
        self.put("models/lines.toml", MODEL.replace('"DR"', '"FN"').replace("DR = { scale", "FN = { scale"))
        self.write("s.toml", SCENARIO.replace("t_dr", "t_fn").replace('["DR", "PYD"]', '["FN"]'))
        self.good("run", "s.toml", "-o", "R")
        self.assertIn("Femoral neck BMD", (self.dir / "R/report.html").read_text(encoding="utf-8"))


class AddASpecies(DataFolder):
    """Hamsters are rats whose radius is looked at."""

    def setUp(self) -> None:
        super().setUp()
        for name in ("models", "therapies"):
            (self.data / name).symlink_to(ROOT / name)
        shutil.copytree(ROOT / "species", self.data / "species")
        self.put("species/hamster.toml", """\
[overlay]
title = "hamster"
of = "osteosome"
species = "hamster"
base = "rat"
source = "test"
[outputs]
BVTV_radius = { formula = "percent_of_one*tibia_BVTV*neck.volume_t", unit = "percent", observable = "BVTV_radius", label = "BV/TV, radius" }
""")
        folder = self.data / "evidence" / "preclinical"
        folder.mkdir(parents=True)
        for name in ("vocabulary.toml", "variability.csv"):
            shutil.copy(ROOT / "evidence" / "preclinical" / name, folder / name)
        self.add("vocabulary/sites.toml", '[[sites]]\ncode = "radius"\ntitle = "distal radius"\n')
        self.change("vocabulary/outcomes.toml", 'sites = ["tibia", "femur", "vertebra"]', 'sites = ["tibia", "femur", "vertebra", "radius"]')
        self.change("evidence/preclinical/vocabulary.toml", "[[species]]\n", '[[species]]\nwords = ["hamster"]\noverlay = "hamster"\n[[species]]\n')
        self.change("evidence/preclinical/vocabulary.toml", "[[sites]]\n", '[[sites]]\nwords = ["radius"]\nsite = "radius"\n[[sites]]\n')

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.data / name).read_text(encoding="utf-8")
        self.assertIn(old, text)
        self.put(name, text.replace(old, new, 1))

    def test_animal_study(self) -> None:
        self.write("mine.csv", "study,species,osteoporosis_model,therapy,duration_weeks,outcome,direction\nMine 2026,hamster,OVX,vehicle,12,BV/TV radius,down\n")
        self.good("validate", "--domain", "preclinical", "--evidence", "mine.csv", "-o", "V")
        (row,) = self.rows("V/preclinical.csv")
        self.assertEqual((row["species"], row["outcome"], row["group"], row["right"]), ("hamster", "BVTV_radius", "disease", "yes"), row)
        self.assertLess(float(row["simulated_percent"]), -10, "ovariectomised rats lose bone")

    def test_misspelt_names_in_the_words_of_studies_are_refused(self) -> None:
        self.change("evidence/preclinical/vocabulary.toml", 'overlay = "hamster"', 'overlay = "hampster"')
        self.change("evidence/preclinical/vocabulary.toml", 'site = "radius"', 'site = "radios"')
        self.write("mine.csv", "study,species,osteoporosis_model,therapy,outcome,direction\nMine 2026,hamster,OVX,vehicle,BV/TV radius,down\n")
        result = self.cli("validate", "--domain", "preclinical", "--evidence", "mine.csv")
        self.assertEqual(result.code, INPUT, result)
        for text in ("vocabulary.toml:", "unknown 'overlay' = 'hampster'", "Did you mean 'hamster'?", "unknown 'site' = 'radios'", "Did you mean 'radius'?"):
            self.assertIn(text, result.err)

    def test_run(self) -> None:
        self.write("s.toml", """\
[scenario]
title = "hamsters"
until = "12 weeks"
every = "4 weeks"
[models.osteosome]
species = "hamster"
[patient]
age = "24 weeks"
[arms.intact]
regimen = "none"
[arms.ovx]
regimen = "none"
patient = { ovariectomy = "0 d" }
[report]
outcomes = ["BVTV_radius"]
control = "intact"
""")
        self.good("run", "s.toml", "-o", "R")
        self.assertIn("BV/TV, distal radius", (self.dir / "R/report.html").read_text(encoding="utf-8"))
        last = {r["arm"]: float(r["value"]) for r in self.rows("R/trajectories.csv") if r["output"] == "BVTV_radius"}
        self.assertLess(last["ovx"], 0.9 * last["intact"])


if __name__ == "__main__":
    unittest.main()
