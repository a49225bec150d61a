#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""calibrate on tables of one's own. Expected values: tests/data/own_fit/expected.py (scipy; nothing of ours)."""
import json
import math
import re
import shlex
import shutil
import subprocess
import unittest

from support import INPUT, IO_ERROR, OK, ROOT, USAGE, Case, table
from support import setUpModule  # noqa: F401  (unittest calls it)

MODEL = """
[model]
id = "absorption"
title = "One compartment with absorption"
time = "h"
source = "doi:10.1000/example"
[parameters]
ka = { value = 0.8, unit = "1/h", kind = "reported", source = "model", meaning = "absorption" }
CL = { value = 4.5, unit = "L/h", kind = "reported", source = "model", meaning = "clearance" }
V = { value = 45, unit = "L", kind = "reported", source = "model", meaning = "volume" }
[rules]
conc = { formula = "central/V", unit = "mg/L", meaning = "concentration" }
[species]
depot = { initial = 0, unit = "mg", rate = "-ka*depot", meaning = "not yet absorbed" }
central = { initial = 0, unit = "mg", rate = "ka*depot - CL*conc", meaning = "in the body" }
[doses]
mydrug = { into = "depot" }
[outputs]
concentration = { formula = "conc", unit = "mg/L", label = "concentration" }
"""
FIT = """
[calibration]
title = "fit"
model = "model.toml"
{header}
[data]
table = "absorption.csv"
fit = "{fit}"
[observed]
concentration = {{ error = "{error}" }}
[unknowns]
ka = {{ low = 0.05, high = 10 }}
CL = {{ low = 0.5, high = 50 }}
V = {{ low = 5, high = 500 }}
"""
# Estimates and standard errors of ka, CL and V, sizes of the errors, minus two log likelihood.
POOLED = {
    "additive": ([0.79783194, 4.8177098, 48.59589171], [0.12524552, 0.35478873, 3.83036232], [0.27991962], 7.356963347206384),
    "proportional": ([0.85880423, 4.37248667, 46.9530259], [0.11364971, 0.16033951, 3.22691402], [0.20073434], -4.412874015807125),
    "combined": ([0.83059343, 4.43786662, 45.99500709], [0.1083825, 0.17274259, 3.2040865], [0.06625907, 0.18287045], -5.231991427684475),
    "log": ([0.82056146, 4.4885689, 46.124027], [0.11732716, 0.17274875, 3.46192064], [0.21218667], -12.58963524792711),
}
SUBJECTS = {"1": [0.83535611, 4.10187976, 38.83240506], "2": [0.6717951, 5.99839025, 54.32160276], "3": [1.08016097, 4.52300412, 52.21027465],
            "4": [0.78124548, 3.58229313, 41.23612744]}


class Fits(Case):
    def setUp(self):
        super().setUp()
        self.write("model.toml", MODEL)
        shutil.copy(ROOT / "tests/data/own_fit/absorption.csv", self.dir)

    def fit(self, error="log", fit="pooled", header="", change=lambda text: text):
        self.write("fit.toml", change(FIT.format(error=error, fit=fit, header=header)))

    def calibrate(self, *options):
        return self.cli("calibrate", "fit.toml", "-o", "out", *options)

    def rows(self, name="parameters.csv"):
        return table((self.dir / "out" / name).read_text(encoding="utf-8"))

    def test_pooled_fits_are_those_of_scipy(self):
        for error, (estimates, standard_errors, sizes, likelihood) in POOLED.items():
            with self.subTest(error=error):
                self.fit(error)
                self.assertEqual(self.calibrate("--overwrite").code, OK)
                rows = self.rows()
                for row, estimate, standard_error in zip(rows, estimates, standard_errors):
                    self.assertAlmostEqual(float(row["estimate"]) / estimate, 1, delta=1e-4)
                    self.assertAlmostEqual(float(row["standard_error"]) / standard_error, 1, delta=1e-3)
                for row, size in zip(rows[3:], sizes, strict=True):
                    self.assertAlmostEqual(float(row["estimate"]) / size, 1, delta=1e-3)
                fit = json.loads((self.dir / "out/record.json").read_text())["fits"][0]
                self.assertAlmostEqual(fit["minus_two_log_likelihood"], likelihood, delta=1e-5)
                self.assertAlmostEqual(fit["AIC"], likelihood + 2 * (3 + len(sizes)), delta=1e-5)

    def test_interval_uses_students_t(self):
        self.fit("log")
        self.calibrate()
        row = self.rows()[1]
        # t(0.975, 33) = 2.034515; the scale is logarithmic.
        self.assertAlmostEqual(float(row["high_95"]) / float(row["estimate"]), 2.718281828 ** (2.034515 * float(row["rse_percent"]) / 100), delta=1e-4)

    def test_each_subject_on_its_own(self):
        self.fit("log", "subjects")
        result = self.calibrate()
        self.assertIn("4 of 4 subjects converged", result.out)
        self.fit("log", "subjects", header='profiles = ["CL"]')
        self.calibrate("--overwrite")
        profiles = self.rows("profiles.csv")
        self.assertEqual([row["ID"] for row in profiles], [subject for subject in SUBJECTS for _ in range(5)])
        for subject, values in SUBJECTS.items():
            costs = {float(row["held_at"]): float(row["cost"]) for row in profiles if row["ID"] == subject}
            self.assertAlmostEqual(min(costs, key=costs.get) / values[1], 1, delta=2e-4)
        for row in self.rows("subjects.csv"):
            for name, expected in zip(("ka", "CL", "V"), SUBJECTS[row["ID"]]):
                self.assertAlmostEqual(float(row[name]) / expected, 1, delta=2e-4)

    def test_predictions_and_page(self):
        self.fit("proportional", header='profiles = ["CL"]')
        self.calibrate()
        rows = self.rows("predictions.csv")
        self.assertEqual(len(rows), 36)
        for row in rows:
            self.assertAlmostEqual(float(row["RES"]), float(row["DV"]) - float(row["PRED"]), delta=1e-5)
        page = (self.dir / "out/calibration.html").read_text(encoding="utf-8")
        for chart in ("course", "observed", "by-time", "by-prediction"):
            self.assertIn(f'id="chart-fit-0-{chart}"', page)
        costs = [float(row["cost"]) for row in self.rows("profiles.csv")]
        self.assertEqual(min(costs), costs[2])  # the middle one is the fit
        # A scenario takes the fitted values and their ensemble from the overlay.
        self.write("s.toml", '[scenario]\ntitle = "s"\nuntil = "24 h"\nevery = "12 h"\n[models."model.toml"]\noverlays = ["out/fitted.overlay.toml"]\n'
                             '[arms.one]\nregimen = "none"\n')
        self.assertEqual(self.cli("run", "s.toml", "-o", "run").code, OK)
        self.assertIn('"CL" = { value = 4.37', (self.dir / "out/fitted.overlay.toml").read_text())

    def test_the_fit_starts_elsewhere_and_ends_there(self):
        self.fit("proportional")
        self.write("model.toml", MODEL.replace("value = 0.8", "value = 0.1").replace("value = 45", "value = 300"))
        self.calibrate()
        for row, estimate in zip(self.rows(), POOLED["proportional"][0]):
            self.assertAlmostEqual(float(row["estimate"]) / estimate, 1, delta=2e-4)

    def test_an_estimate_at_its_bound_is_said(self):
        self.fit("log", change=lambda text: text.replace("CL = { low = 0.5, high = 50 }", "CL = { low = 4.495, high = 50 }").replace("V = { low = 5,", "V = { low = 5,"))
        result = self.calibrate()
        self.assertIn("CL ended at its lower bound, 4.495", result.err)
        self.assertEqual([row["at_bound"] for row in self.rows()][:3], ["", "lower", ""])

    def test_a_folder_is_not_overwritten(self):
        self.fit()
        self.assertEqual(self.calibrate().code, OK)
        self.fails(IO_ERROR, "calibrate", "fit.toml", "-o", "out", says=("is not empty", "--overwrite"))
        self.assertEqual(self.calibrate("--overwrite").code, OK)

    def test_data_replaces_the_table(self):
        self.fit(change=lambda text: text.replace('table = "absorption.csv"\n', ""))
        self.fails(INPUT, "calibrate", "fit.toml", "-o", "out", says=("no table to fit to", "--data"))
        self.assertEqual(self.calibrate("--data", "absorption.csv").code, OK)

    def test_threads_change_nothing(self):
        self.fit("combined")
        texts = []
        for threads in ("1", "2"):
            self.calibrate("--overwrite", "--threads", threads)
            texts.append((self.dir / "out/parameters.csv").read_text())
        self.assertEqual(*texts)

    def test_rows_without_a_value_are_said(self):
        text = (self.dir / "absorption.csv").read_text()
        self.write("absorption.csv", text.replace("1,0.5,.,0,0.8881", "1,0.5,.,0,."))
        self.fit()
        self.assertIn("1 rows without a DV, or with MDV 1 or EVID 2, are not fitted", self.calibrate().err)

    def test_what_cannot_be_fitted_is_refused(self):
        good = (self.dir / "absorption.csv").read_text()
        cases = [
            ("log", good.replace(",0.8881", ",0"), ("an observation of concentration is 0, which has no logarithm",)),
            ("proportional", good.replace(",0.8881", ",0"), ("a proportional error alone cannot have",)),
            ("log", good.replace(",DV", ",VALUE"), ("the column DV is missing",)),
            ("log", good.replace(",0.8881", ",high"), ("DV is 'high', not a number", "absorption.csv:3")),
            ("log", "\n".join(good.splitlines()[:4]) + "\n", ("2 observations do not tell 3 unknowns",)),
            ("log", "\n".join(line + (",CENS" if k == 0 else ",1" if k == 3 else ",0") for k, line in enumerate(good.splitlines())) + "\n",
             ("CENS is '1'", "absorption.csv:4", "MDV = 1")),
            ("log", "\n".join(line + (",CL" if k == 0 else ",4") for k, line in enumerate(good.splitlines())) + "\n", ("'CL' is an unknown, and a column",)),
        ]
        for error, text, says in cases:
            with self.subTest(says=says):
                self.write("absorption.csv", text)
                self.fit(error)
                self.fails(INPUT, "calibrate", "fit.toml", "-o", "out", says=says)

    def test_words_that_do_not_fit(self):
        cases = [("error = \"log\"", "error = \"logarithmic\"", "unknown 'error'"), ("fit = \"pooled\"", "fit = \"mixed\"", "unknown 'fit'"),
                 ("concentration =", "conzentration =", "conzentration"), ("[data]", "[weights]\nTH = { sd = 1 }\n[data]", "[weights] has no meaning beside [observed]")]
        for old, new, says in cases:
            with self.subTest(new=new):
                self.fit(change=lambda text, old=old, new=new: text.replace(old, new))
                self.fails(INPUT, "calibrate", "fit.toml", "-o", "out", says=(says,))
        self.write("fit.toml", '[calibration]\ntitle = "x"\nmodel = "osteosome"\n[weights]\nTH = { sd = 1 }\n[unknowns]\n"hip.k" = { low = 1, high = 2 }\n')
        self.fails(USAGE, "calibrate", "fit.toml", "--data", "absorption.csv", "-o", "out", says=("[observed]",))

    def test_more_starts_and_more_errors_are_never_worse(self):
        """The best -2LL over starts; a combined error is at least as likely as each of its parts (nested models)."""
        value = {}
        for error in ("additive", "proportional", "combined"):
            for starts in (1, 8):
                self.fit(error, "subjects", header=f"starts = {starts}")
                self.calibrate("--overwrite")
                for fit in json.loads((self.dir / "out/record.json").read_text())["fits"]:
                    value[error, starts, fit["ID"]] = fit["minus_two_log_likelihood"]
        for subject in SUBJECTS:
            for error in ("additive", "proportional", "combined"):
                self.assertLessEqual(value[error, 8, subject], value[error, 1, subject] + 1e-5)
            for part in ("additive", "proportional"):
                self.assertLessEqual(value["combined", 1, subject], value[part, 1, subject] + 1e-5)

    def test_several_quantities_are_not_taken_for_one(self):
        lines = (self.dir / "absorption.csv").read_text().splitlines()
        self.write("absorption.csv", "\n".join(line + (",DVID" if k == 0 else f",{1 + k % 2}") for k, line in enumerate(lines)) + "\n")
        self.fit()
        self.fails(INPUT, "calibrate", "fit.toml", "-o", "out", says=("DVID says that DV holds several quantities", "dvid = 1"))

    def test_what_the_data_do_not_tell_is_said(self):
        text = (self.dir / "absorption.csv").read_text()
        self.write("model.toml", MODEL.replace("[rules]", 'kout = { value = 1, unit = "1/h", kind = "reported", source = "model", meaning = "nothing" }\n[rules]\n'
                                               'unused = { formula = "kout", unit = "1/h", meaning = "nothing" }'))
        self.fit(change=lambda t: t + "kout = { low = 0.1, high = 10 }\n")
        result = self.calibrate()
        self.assertIn("the data do not tell kout", result.err)
        self.assertRegex(result.out, r"kout [0-9.]+ 1/h \(the data do not tell it\)")
        self.write("absorption.csv", "\n".join(line + (",BLQ" if k == 0 else ",1" if k == 3 else ",0") for k, line in enumerate(text.splitlines())) + "\n")
        self.fit()
        self.fails(INPUT, "calibrate", "fit.toml", "-o", "other", says=("BLQ is '1'", "MDV = 1"))

    def test_an_impossible_prediction_is_told(self):
        lines = (self.dir / "absorption.csv").read_text().splitlines()
        self.write("absorption.csv", "\n".join([lines[0], "1,-0.5,.,0,0.74", *lines[1:]]).replace("-0.5", "0") + "\n")
        self.fit("proportional")
        self.fails(INPUT, "calibrate", "fit.toml", "-o", "out", says=("the model predicts 0 where 0.74 of concentration was observed",))

    def test_nothing_of_a_replaced_fit_stays(self):
        self.fit("log", header='profiles = ["CL"]')
        self.calibrate()
        self.fit("log", "subjects")
        self.calibrate("--overwrite")
        self.assertEqual(sorted(path.name for path in (self.dir / "out").iterdir()),
                         ["calibration.html", "parameters.csv", "predictions.csv", "record.json", "subjects.csv"])

    def test_check_finds_what_calibrate_would(self):
        self.fit()
        self.ok("check", "fit.toml")
        for old, new, says in (("CL = { low", "Cl = { low", "no parameter 'Cl'"), ("concentration =", "concentratio =", "the model has no 'concentratio' to observe"),
                               ("high = 50 }", "high = 4 }", "outside low to high")):
            self.fit(change=lambda text, old=old, new=new: text.replace(old, new))
            self.assertIn(says, self.cli("check", "fit.toml").err)

    def test_a_subject_that_fails_is_a_row(self):
        text = (self.dir / "absorption.csv").read_text()
        self.write("absorption.csv", text + "5,0,100,1,.\n5,1,.,0,1.2\n5,2,.,0,1.5\n")
        self.fit("log", "subjects")
        result = self.calibrate()
        self.assertEqual(result.code, OK)
        self.assertIn("4 of 5 subjects converged", result.out)
        self.assertIn("ID 5: failed: 2 observations do not tell 3 unknowns", result.err)
        self.assertTrue(all(row["estimate"] == "" for row in self.rows() if row["ID"] == "5"))

    def test_two_quantities_by_dvid(self):
        """The second is the first doubled: the same fit, and the same errors on the logarithmic scale."""
        lines = ["ID,TIME [h],AMT [mg],EVID,DV,DVID"]
        for line in (self.dir / "absorption.csv").read_text().splitlines()[1:]:
            subject, time, amount, evid, value = line.split(",")
            lines.append(f"{line},1")
            if evid == "0":
                lines.append(f"{subject},{time},{amount},{evid},{2 * float(value):.6g},2")
        self.write("absorption.csv", "\n".join(lines) + "\n")
        self.write("model.toml", MODEL + 'twice = { formula = "2*conc", unit = "mg/L", label = "twice" }\n')
        self.fit(change=lambda text: text.replace('{ error = "log" }', '{ error = "log", dvid = 1 }\ntwice = { error = "log", dvid = 2 }'))
        self.assertEqual(self.calibrate().code, OK)
        rows = self.rows()
        for row, estimate in zip(rows, POOLED["log"][0]):
            self.assertAlmostEqual(float(row["estimate"]) / estimate, 1, delta=1e-4)
        self.assertEqual([row["parameter"] for row in rows[3:]], ["concentration additive", "twice additive"])
        self.assertAlmostEqual(float(rows[3]["estimate"]) / float(rows[4]["estimate"]), 1, delta=1e-3)

    def test_a_subject_without_one_of_the_quantities(self):
        """It has no error of that quantity; the fit is that of the other one alone."""
        lines = ["ID,TIME [h],AMT [mg],EVID,DV,DVID"]
        for line in (self.dir / "absorption.csv").read_text().splitlines()[1:]:
            lines.append(f"{line},1")
            if line.split(",")[3] == "0" and line[0] != "2":
                lines.append(",".join([*line.split(",")[:4], f"{2 * float(line.split(',')[4]):.6g}", "2"]))
        self.write("absorption.csv", "\n".join(lines) + "\n")
        self.write("model.toml", MODEL + 'twice = { formula = "2*conc", unit = "mg/L", label = "twice" }\n')
        self.fit("log", "subjects", change=lambda text: text.replace('{ error = "log" }', '{ error = "log", dvid = 1 }\ntwice = { error = "log", dvid = 2 }'))
        self.assertEqual(self.calibrate().code, OK)
        rows = [row for row in self.rows() if row["ID"] == "2"]
        self.assertEqual([row["parameter"] for row in rows], ["ka", "CL", "V", "concentration additive"])
        self.assertAlmostEqual(float(rows[1]["standard_error"]) / 0.20210006, 1, delta=2e-3)  # expected.py, subject 2

    def test_quantities_of_very_different_size(self):
        """The second is 1e10 times the first: the same errors on each own scale (additive and all else as for the first alone)."""
        lines = ["ID,TIME [h],AMT [mg],EVID,DV,DVID"]
        for line in (self.dir / "absorption.csv").read_text().splitlines()[1:]:
            lines.append(f"{line},1")
            if line.split(",")[3] == "0":
                lines.append(",".join([*line.split(",")[:4], f"{1e10 * float(line.split(',')[4]):.9g}", "2"]))
        self.write("absorption.csv", "\n".join(lines) + "\n")
        self.write("model.toml", MODEL + 'large = { formula = "1e10*conc", unit = "mg/L", label = "large" }\n')
        self.fit("additive", change=lambda text: text.replace('{ error = "additive" }', '{ error = "additive", dvid = 1 }\nlarge = { error = "additive", dvid = 2 }'))
        self.assertEqual(self.calibrate().code, OK)
        rows = self.rows()
        for row, estimate in zip(rows, POOLED["additive"][0]):
            self.assertAlmostEqual(float(row["estimate"]) / estimate, 1, delta=2e-4)
        self.assertAlmostEqual(float(rows[4]["estimate"]) / float(rows[3]["estimate"]) / 1e10, 1, delta=1e-6)

    def test_own_studies_are_fitted(self):
        """--evidence takes the place of the library's studies."""
        self.write("fit.toml", '[calibration]\ntitle = "x"\nmodel = "osteosome"\n[weights]\nTH = { sd = 1 }\n[unknowns]\n"osteoclast.k_opg" = { low = 0.0015, high = 0.05 }\n')
        self.fails(IO_ERROR, "calibrate", "fit.toml", "--evidence", "none", "-o", "out", says=("cannot read the folder 'none'",))
        (self.dir / "empty").mkdir()
        self.fails(INPUT, "calibrate", "fit.toml", "--evidence", "empty", "-o", "out", says=("no study in 'empty'",))


def rxode2_is_here() -> bool:
    return shutil.which("Rscript") is not None and subprocess.run(["Rscript", "-e", "library(rxode2)"], capture_output=True, check=False).returncode == 0


class Nlmixr2(Case):
    def blocks(self):
        page = (ROOT / "docs/how-to/nlme-with-nlmixr2.md").read_text(encoding="utf-8")
        return re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)

    def simulate(self):
        for language, file, body in self.blocks():
            if file:
                self.write(file, body)
            for command in body.splitlines() if language == "sh" else []:
                self.assertEqual(self.cli(*shlex.split(command)[1:]).code, OK, command)
        return table((self.dir / "osteosome.csv").read_text(encoding="utf-8"))

    def test_our_half_of_the_page_runs(self):
        rows = self.simulate()
        # The closed form of one compartment with absorption, ka = 0.5, CL = 5, V = 50.
        for row, dose in zip(rows, [100] * 3 + [200] * 3, strict=True):
            t = float(row["TIME"])
            self.assertAlmostEqual(float(row["concentration"]), dose * 0.5 / (50 * 0.4) * (math.exp(-0.1 * t) - math.exp(-0.5 * t)), delta=1e-5)

    @unittest.skipUnless(rxode2_is_here(), "rxode2 is not installed: the page's R is untested")
    def test_rxode2_predicts_the_same(self):
        ours = self.simulate()
        subprocess.run(["Rscript", "model.R"], cwd=self.dir, check=True, capture_output=True)
        theirs = table((self.dir / "rxode2.csv").read_text(encoding="utf-8"))
        for a, b in zip(ours, theirs, strict=True):
            for name in ("concentration", "marker_level"):
                self.assertAlmostEqual(float(a[name]), float(b[name]), delta=1e-5)


if __name__ == "__main__":
    unittest.main()
