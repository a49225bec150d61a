#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The first hour: what there is to name, documents to start from, the pages "Your first study", own data and own drugs."""
import json
import math
import os
import re
import shlex
import shutil
import statistics
import unittest
import unittest.mock

from support import INPUT, IO_ERROR, OK, ROOT, USAGE, Case, numbers, table
from support import setUpModule  # noqa: F401  (unittest calls it)

LISTED = {"drugs": "denosumab", "products": "exosomes:bmsc", "species": "rat", "strains": "mouse-c3h", "outcomes": "BVTV_tibia", "sites": "LS",
          "scenarios": "denosumab-and-stop", "studies": "defend-denosumab"}

SCENARIO = """
[scenario]
title = "own"
until = "8 weeks"
every = "4 weeks"
[patient]
age = "25 weeks"
ovariectomy = "12 weeks"
[models.osteosome]
species = "rat"
[arms.ovx]
label = "OVX rats"
regimen = "none"
[arms.treated]
regimen = "alendronate 0.03 mg/kg sc every 3 d x 19"
"""
ABSOLUTE = SCENARIO + '[report]\nvalues = "absolute"\noutcomes = ["BVTV_tibia"]\n'


class Lists(Case):
    def test_every_kind_names_what_there_is(self):
        for what, example in LISTED.items():
            with self.subTest(what=what):
                lines = self.ok("list", what).out.splitlines()
                self.assertEqual(len([line for line in lines if line.split()[0] == example]), 1, lines)
                self.assertGreater(len(lines), 2)

    def test_another_kind_is_refused(self):
        self.fails(USAGE, "list", "drug", says=("{drugs,products,species",))


class Templates(Case):
    def test_each_is_valid_and_nothing_is_overwritten(self):
        self.cli("new", "model", "my-model.toml")  # which the calibration fits
        for kind in ("rat-study", "clinical", "model", "calibration", "drug", "product"):
            with self.subTest(kind=kind):
                result = self.cli("new", kind, f"{kind}.toml")
                self.assertEqual((result.code, result.err), (OK, f"wrote {kind}.toml; next: osteosome check {kind}.toml\n"))
                self.ok("check", f"{kind}.toml")
                self.write(f"{kind}.toml", "mine")
                self.fails(IO_ERROR, "new", kind, f"{kind}.toml", says=("exists",))
                self.assertEqual((self.dir / f"{kind}.toml").read_text(encoding="utf-8"), "mine")

    def test_an_unknown_kind(self):
        self.fails(USAGE, "new", "rat-studi", "x.toml", says=("clinical, drug, model, product, rat-study", "Did you mean 'rat-study'?"))
        self.assertFalse((self.dir / "x.toml").exists())

    def test_a_drug_and_a_product_join_a_data_folder(self):
        data = self.dir / "data"
        data.mkdir()
        for name in ("models", "evidence", "scenarios", "species", "vocabulary", "calibrations", "templates"):
            (data / name).symlink_to(ROOT / name)
        shutil.copytree(ROOT / "therapies", data / "therapies")
        patch = unittest.mock.patch.dict(os.environ, {"OSTEOSOME_DATA": str(data)})
        patch.start()
        self.addCleanup(patch.stop)
        self.cli("new", "drug", str(data / "therapies/mydrug.toml"))
        self.cli("new", "product", str(data / "therapies/exosomes/exosomes-mine.toml"))
        ctx = {dose: float(table(self.cli("simulate", "osteosome", "--age", "68 years", "--until", "28 d", "--every", "28 d", "--observe", "CTX", *dose).out)[-1]["CTX"])
               for dose in ((), ("--dose", "mydrug 10 mg po daily x 28"))}
        self.assertLess(ctx["--dose", "mydrug 10 mg po daily x 28"], 0.8 * ctx[()])
        self.assertEqual(self.cli("simulate", "osteosome", "--species", "rat", "--dose", "exosomes:mine 100 ug iv weekly x 8", "--until", "8 weeks", "--observe",
                                  "BVTV_tibia").code, OK)


class Pages(Case):
    """Every block of the pages runs as it stands."""

    def run_page(self, name: str) -> list[str]:
        page = (ROOT / "docs/how-to" / name).read_text(encoding="utf-8")
        done = []
        for language, file, body in re.findall(r"^```(sh|csv) ?(\S*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
            if language == "csv":
                self.write(file, body)
                continue
            for command in body.splitlines():
                program, *arguments = shlex.split(command)
                self.assertEqual(program, "osteosome")
                result = self.cli(*arguments)
                self.assertEqual(result.code, OK, (command, result))
                done.append(arguments[0])
        return done

    def test_animals(self):
        self.assertEqual(self.run_page("first-animal-study.md"), ["new", "check", "run", "run", "power"])
        own = [r for r in table((self.dir / "runs/with-data/observed.csv").read_text(encoding="utf-8")) if r["role"] == "own"]
        self.assertEqual([(r["arm"], float(r["observed"])) for r in own], [("sham", 17.5), ("ovx", 6.9), ("exosomes", 12.2)])

    def test_nonmem(self):
        self.assertEqual(self.run_page("first-nonmem-table.md"), ["new", "check", "simulate", "simulate", "new", "calibrate"])
        rows = table((self.dir / "predictions.csv").read_text(encoding="utf-8"))
        self.assertEqual([(r["ID"], r["TIME"]) for r in rows], [("1", "1"), ("1", "168"), ("2", "1"), ("2", "168")])
        self.assertGreater(numbers(rows, "concentration")[3], 2 * numbers(rows, "concentration")[1])

    def test_sequence(self):
        self.assertEqual(self.run_page("first-sequence.md"), ["new", "check", "run", "simulate"])


class Scan(Case):
    """One compartment with absorption has a closed form (ka 0.5, CL 5, V 50 unless scanned); the marker is at rest without a drug."""

    def setUp(self):
        super().setUp()
        self.cli("new", "model", "m.toml")

    @staticmethod
    def concentration(dose, t, cl, v, ka=0.5):
        k = cl / v
        return dose * ka / (v * (ka - k)) * (math.exp(-k * t) - math.exp(-ka * t))

    def test_two_parameters(self):
        rows = table(self.ok("scan", "m.toml", "--dose", "mydrug 100 mg", "--over", "CL=2,5,8", "--over", "V=30:60:4", "--until", "12 h",
                             "--observe", "concentration").out)
        self.assertEqual([(row["CL"], row["V"]) for row in rows], [(cl, v) for cl in ("2", "5", "8") for v in ("30", "40", "50", "60")])
        for row in rows:
            expected = self.concentration(100, 12, float(row["CL"]), float(row["V"]))
            self.assertAlmostEqual(float(row["concentration"]) / expected, 1, delta=1e-5)
            self.assertEqual(row["status"], "completed")

    def test_a_word_of_the_regimen(self):
        rows = table(self.ok("scan", "m.toml", "--dose", "mydrug {dose} mg", "--over", "dose=10:1000:3:log", "--until", "12 h", "--observe", "concentration").out)
        self.assertEqual([row["dose"] for row in rows], ["10", "100", "1000"])
        for row in rows:
            self.assertAlmostEqual(float(row["concentration"]) / self.concentration(float(row["dose"]), 12, 5, 50), 1, delta=1e-5)

    def test_a_word_of_who_it_is(self):
        """Each point is what simulate gives for that age and T-score."""
        command = ("osteosome", "--until", "12 months", "--observe", "TH")
        rows = table(self.cli("scan", *command, "--age", "{age} years", "--t-score", "TH={t}", "--over", "age=60,70", "--over", "t=-1,-3").out)
        self.assertEqual([(row["age"], row["t"]) for row in rows], [("60", "-1"), ("60", "-3"), ("70", "-1"), ("70", "-3")])
        for row in rows:
            alone = table(self.cli("simulate", *command, "--every", "12 months", "--age", f"{row['age']} years", "--t-score", f"TH={row['t']}").out)
            self.assertAlmostEqual(float(row["TH"]) / float(alone[-1]["TH"]), 1, delta=1e-6)
        result = self.cli("scan", "m.toml", "--dose", "mydrug {V} mg", "--over", "V=50,100", "--until", "12 h", "--observe", "concentration")
        self.assertIn("'V' is the word in braces here, not the parameter", result.err)
        result = self.cli("scan", "m.toml", "--dose", "mydrug 1 mg", "--over", "V=50,100", "--until", "12 h", "--observe", "concentration", "--value", "change")
        self.assertIn("the change of concentration is from a value that is not above 0", result.err)

    def test_largest_value_and_change(self):
        command = ("scan", "m.toml", "--dose", "mydrug 100 mg", "--over", "CL=2,5", "--until", "24 h", "--every", "0.05 h")
        result = self.cli(*command, "--observe", "concentration", "--value", "max")
        self.assertIn("the largest value is of 481 looks", result.err)
        for row in table(result.out):
            k = float(row["CL"]) / 50
            peak = self.concentration(100, math.log(0.5 / k) / (0.5 - k), float(row["CL"]), 50)
            self.assertAlmostEqual(float(row["concentration"]) / peak, 1, delta=1e-4)  # a look every 0.05 h
        ends = numbers(table(self.ok(*command, "--observe", "marker_level").out), "marker_level")
        changes = numbers(table(self.ok(*command, "--observe", "marker_level", "--value", "change").out), "marker_level")
        for end, change in zip(ends, changes, strict=True):
            self.assertAlmostEqual(change, 100 * (end - 1), delta=1e-6)

    def test_threads_and_order_change_nothing(self):
        command = ("scan", "m.toml", "--dose", "mydrug 100 mg", "--until", "12 h", "--over")
        self.assertEqual(self.ok(*command, "CL=1:9:9", "--threads", "1").out, self.ok(*command, "CL=1:9:9", "--threads", "2").out)
        self.assertEqual(sorted(self.ok(*command, "CL=5,2").out.splitlines()), sorted(self.ok(*command, "CL=2,5").out.splitlines()))

    def test_the_folder_has_table_and_page(self):
        command = ("scan", "m.toml", "--dose", "mydrug 100 mg", "--over", "CL=1:9:9", "--over", "V=20:60:9", "--until", "12 h", "-o", "out")
        out = self.cli(*command).out
        self.assertEqual((self.dir / "out/scan.csv").read_text(encoding="utf-8"), out)
        page = (self.dir / "out/scan.html").read_text(encoding="utf-8")
        self.assertIn('"mark":{"type":"rect"}', page)
        self.assertIn('"title":"CL [L/h]"', page)
        self.fails(IO_ERROR, *command, says=("is not empty",))

    def test_what_is_wrong_is_said(self):
        for over, says in ((["CLL=1,2"], "no parameter or species 'CLL'"), (["CL=1:2"], "is not NAME=LOW:HIGH:N"), (["CL"], "has no '='"),
                           (["CL=1,x"], "'x' is no number"), (["CL=2:1:3"], "low should be below high"), (["CL=-1,2"], "CL"), (["CL=1,2", "CL=3,4"], "given twice"),
                           (["CL=1:2:1000", "V=1:2:1000"], "more than 100000 points"), (["CL=1,2", "V=1,2", "ka=1,2"], "once or twice")):
            with self.subTest(over=over):
                result = self.cli("scan", "m.toml", "--until", "12 h", *(word for text in over for word in ("--over", text)))
                self.assertIn(result.code, (USAGE, INPUT))
                self.assertIn(says, result.err)
        self.fails(USAGE, "scan", "m.toml", "--dose", "mydrug {dose} mg", "--over", "CL=1,2", "--until", "12 h", says=("nothing gives a value to {dose}",))
        self.fails(USAGE, "scan", "m.toml", "--set", "CL=3", "--over", "CL=1,2", "--until", "12 h", says=("stands in --set and in --over",))


class Sizes(Case):
    """validate --domain preclinical grades the size of an effect too."""

    COLUMNS = ("study,species,osteoporosis_model,therapy,source,dose,dose_unit,route,schedule,duration_weeks,outcome,direction,n,"
               "mean_control,sd_control,mean_treated,sd_treated,mean_sham,sd_sham")
    DRUG = "Mine,rat,OVX,drug,alendronate,0.03,mg/kg,sc,every 3 d,8,BV/TV tibia,up"

    def grade(self, *rows: str):
        self.write("mine.csv", "\n".join([self.COLUMNS, *rows]) + "\n")
        result = self.cli("validate", "--domain", "preclinical", "--evidence", "mine.csv", "-o", "out", "--overwrite")
        self.assertEqual(result.code, OK, result)
        return result.out, table((self.dir / "out/preclinical.csv").read_text(encoding="utf-8"))

    def test_the_interval_of_the_ratio(self):
        out, (row,) = self.grade(f"{self.DRUG},8,10,2,12.7,3,,")
        error = math.sqrt(((2 / 10) ** 2 + (3 / 12.7) ** 2) / 8)
        self.assertAlmostEqual(float(row["size_percent"]), 27, delta=0.01)
        self.assertAlmostEqual(float(row["size_low"]), 100 * (1.27 * math.exp(-1.96 * error) - 1), delta=0.01)
        self.assertAlmostEqual(float(row["size_high"]), 100 * (1.27 * math.exp(1.96 * error) - 1), delta=0.05)
        simulated = float(row["simulated_percent"])
        inside = float(row["size_low"]) <= simulated <= float(row["size_high"])
        self.assertEqual((row["right"], row["size_right"]), ("yes", "yes" if inside else "no"))
        self.assertIn(f"within the study's 95 % interval in {1 if inside else 0} of 1 rows with SDs", out)
        self.assertIn(f"within a factor of {max((1 + simulated / 100) / 1.27, 1.27 / (1 + simulated / 100)):.2f} of the ratio reported", out)

    def test_a_right_direction_of_a_wrong_size_is_wrong(self):
        _, (simulated,) = self.grade(f"{self.DRUG},8,10,2,12.7,3,,")
        ratio = 1 + float(simulated["simulated_percent"]) / 100
        _, (near,) = self.grade(f"{self.DRUG},8,10,0.5,{10 * ratio:.6g},0.5,,")
        _, (far,) = self.grade(f"{self.DRUG},8,10,0.5,{10 * (1 + (ratio - 1) / 4):.6g},0.5,,")
        self.assertEqual([(r["right"], r["size_right"]) for r in (near, far)], [("yes", "yes"), ("yes", "no")])

    def test_of_the_disease_the_model_stands_against_sham(self):
        _, (row,) = self.grade("Mine,rat,OVX,vehicle,,,,,,8,BV/TV tibia,down,8,6,1,,,12,2")
        self.assertAlmostEqual(float(row["size_percent"]), -50, delta=0.01)

    def test_what_cannot_be_meant_is_refused(self):
        for row, says in ((f"{self.DRUG},8,10,-2,12.7,3,,", "sd_control is '-2', which no spread can be"), (f"{self.DRUG},1,10,2,12.7,3,,", "n is '1'"),
                          (f"{self.DRUG},8.5,10,2,12.7,3,,", "n is '8.5'"), (f"{self.DRUG},8,abc,2,12.7,3,,", "mean_control is 'abc', which is no number")):
            self.write("mine.csv", self.COLUMNS + "\n" + row + "\n")
            self.fails(INPUT, "validate", "--domain", "preclinical", "--evidence", "mine.csv", says=("mine.csv:2", says))
        self.write("mine.csv", self.COLUMNS.replace("mean_control", "mean_ctrl") + f"\n{self.DRUG},8,10,2,12.7,3,,\n")
        self.fails(INPUT, "validate", "--domain", "preclinical", "--evidence", "mine.csv", says=("column 'mean_ctrl' is not one that is read", "'mean_control'"))

    def test_means_alone_are_enough(self):
        _, (row,) = self.grade(f"{self.DRUG[:-3]},,8,10,2,12.7,3,,")
        self.assertEqual((row["reported"], row["size_percent"]), ("", "27"))

    def test_what_is_filled_in_is_listed(self):
        ev = "Mine,rat,OVX,EV,{source},100,ug,{route},{schedule},8,BV/TV tibia,up,8,,,,,,"
        _, rows = self.grade(ev.format(source="BMSC", route="iv", schedule="twice weekly"), ev.format(source="platypus", route="orally", schedule="whenever"),
                             f"{self.DRUG},8,,,,,,")
        self.assertIn("every 3.5 d x 16", rows[0]["regimen"])
        self.assertNotIn("in place of", rows[0]["filled_in"])
        for words in ("product in place of 'platypus'", "route in place of 'orally'", "schedule in place of 'whenever'"):
            self.assertIn(words, rows[1]["filled_in"])
        self.assertIn("usual dose and schedule of the drug", rows[2]["filled_in"])

    def test_fewest_animals_that_the_text_allows(self):
        _, rows = self.grade(*(f"{self.DRUG},{n},10,2,12.7,3,," for n in ("8", "30/8/10", "8-11", "total 24", "ten")))
        intervals = [(row["size_low"], row["size_high"]) for row in rows]
        self.assertEqual(intervals[1:3], [intervals[0]] * 2)
        self.assertEqual(intervals[3:], [("", "")] * 2)

    def test_without_spread_or_n_there_is_no_interval(self):
        _, rows = self.grade(f"{self.DRUG},8,10,,12.7,,,", f"{self.DRUG},,10,2,12.7,3,,", f"{self.DRUG},8,,,,,,")
        self.assertEqual([row["size_right"] for row in rows], ["", "", ""])
        self.assertEqual([row["size_percent"] for row in rows], ["27", "27", ""])


GROUPS = {"ovx": [12.1, 13.4, 11.8, 14.2, 12.9, 13.1], "treated": [15.9, 14.8, 16.2, 17.1, 15.0], "sham": [13.0, 14.1, 12.2, 15.0, 13.3, 14.6, 12.8]}


class Evidence(Case):
    def test_evidence_of_another_treatment_is_said(self):
        text = (ROOT / "scenarios/denosumab-and-stop.toml").read_text(encoding="utf-8")
        self.write("s.toml", text)
        self.ok("check", "s.toml")
        for old, new, arm in (('"defend-ext-placebo"', '"defend-ext-denosumab"', "placebo"), ('"defend-ext-denosumab"', '"defend-ext-placebo"', "denosumab")):
            self.assertIn(old, text)
            self.write("s.toml", text.replace(old, new))
            self.assertRegex(self.cli("check", "s.toml").err, f"warning: arm '{arm}', given '.*', is laid over {new.replace(chr(34), chr(39))}, which was given")


class Figures(Case):
    """Figures of the page and as files."""

    def page(self, folder: str = "out") -> str:
        return (self.dir / folder / "report.html").read_text(encoding="utf-8")

    def spec(self, name: str) -> dict:
        return json.loads((self.dir / "out/charts" / (name + ".vl.json")).read_text(encoding="utf-8"))

    def values(self, name: str, mark: str) -> list[dict]:
        return [row for layer in self.spec(name)["layer"] if layer["mark"]["type"] == mark for row in layer["data"]["values"]]

    def run_groups(self, columns: str, rows: list[str]):
        self.write("s.toml", ABSOLUTE.replace("[arms.ovx]", '[arms.sham]\nregimen = "none"\npatient = { ovariectomy = "none" }\n[arms.ovx]')
                   + 'control = "ovx"\n')
        self.write("mine.csv", "\n".join([columns, *rows]) + "\n")
        result = self.cli("run", "s.toml", "--evidence", "mine.csv", "-o", "out", "-q", "--overwrite")
        self.assertEqual(result.code, OK, result)

    def test_groups_are_tested_against_the_control(self):
        """p by scipy.stats.dunnett 1.16 on the same numbers, mean of 40 draws: 3.026e-4 (standard error 6e-6) and 0.38171 (1e-5)."""
        self.run_groups("arm,outcome,time [week],value", [f"{arm},BVTV_tibia,8,{v}" for arm, values in GROUPS.items() for v in values])
        groups = {row["group"]: row for row in self.values("groups-mine-BVTV_tibia-56", "tick")}
        self.assertEqual(list(groups), ["sham (n = 7)", "OVX rats (n = 6)", "treated (n = 5)"])
        self.assertEqual([groups[name]["mark"] for name in groups], ["ns", "", "***"])
        self.assertAlmostEqual(float(groups["treated (n = 5)"]["p"]), 3.026e-4, delta=0.5e-4 + 2e-5)  # printed to four digits
        self.assertAlmostEqual(float(groups["sham (n = 7)"]["p"]), 0.38171, delta=1e-4)
        self.assertEqual(len(self.values("groups-mine-BVTV_tibia-56", "point")), 18 + 3)  # animals, and the model's three
        self.assertIn("Dunnett's two-sided test against OVX rats", self.spec("groups-mine-BVTV_tibia-56")["title"]["subtitle"][1])

    def test_means_say_the_same_as_the_animals(self):
        self.run_groups("arm,outcome,time [week],mean,sd,n",
                        [f"{arm},BVTV_tibia,8,{statistics.mean(v):.17g},{statistics.stdev(v):.17g},{len(v)}" for arm, v in GROUPS.items()])
        groups = self.values("groups-mine-BVTV_tibia-56", "tick")
        self.assertEqual([row["mark"] for row in groups], ["ns", "", "***"])

    def test_charts_of_one_name_and_odd_names(self):
        """Two tables of one name are two tests; days need not be whole; a file name is no code."""
        rows = [f"{arm},BVTV_tibia,{day},{statistics.mean(v):.6g},1,{len(v)}" for arm, v in GROUPS.items() for day in ("42", "42.1")]
        text = "\n".join(["arm,outcome,time [d],mean,sd,n", *rows]) + "\n"
        self.run_groups("arm,outcome,time [d],mean,sd,n", rows)
        for name in ("a/it's my v1.2.csv", "b/it's my v1.2.csv"):
            (self.dir / name).parent.mkdir(exist_ok=True)
            self.write(name, text)
        result = self.cli("run", "s.toml", "--evidence", "a", "--evidence", "b", "-o", "out", "-q", "--overwrite")
        self.assertEqual(result.code, OK, result)
        names = sorted(path.name for path in (self.dir / "out/charts").glob("groups-*"))
        self.assertEqual(names, sorted(f"groups-it-s-my-v1-2-BVTV_tibia-{day}{more}.vl.json" for day in ("42", "42-1") for more in ("", "-2")))
        for name in names:  # three groups of 7, 6 and 5, not twice as many
            self.assertEqual(len(self.values(name.removesuffix(".vl.json"), "tick")), 3)
        self.assertIn("document.getElementById('chart-groups-it-s-my-v1-2-BVTV_tibia-42')", self.page())

    def test_two_dose_series_of_one_drug(self):
        arms = "".join(f'[arms.d{k}_{days}]\nregimen = "alendronate {dose} mg/kg sc every {days} d x 8"\n' for days in (3, 7) for k, dose in enumerate((0.003, 0.01, 0.03)))
        self.write("s.toml", SCENARIO.split("[arms.treated]")[0] + arms + '[report]\nvalues = "absolute"\noutcomes = ["BVTV_tibia"]\n')
        self.assertEqual(self.cli("run", "s.toml", "-o", "out", "-q").code, OK)
        self.assertEqual(sorted(path.name for path in (self.dir / "out/charts").glob("dose-*")),
                         ["dose-alendronate-osteosome-BVTV_tibia-2.vl.json", "dose-alendronate-osteosome-BVTV_tibia.vl.json"])

    def test_values_below_normal_numbers(self):
        """An output of 1e-313 is drawn as 0; it ended the run once."""
        self.cli("new", "model", "m.toml")
        text = (self.dir / "m.toml").read_text(encoding="utf-8").replace('marker = { initial = 1,', 'marker = { initial = 1e-313,')
        self.write("m.toml", text.replace('rate = "kout*(1/(1 + conc/IC50) - marker)"', 'rate = "-kout*marker"'))
        self.write("s.toml", '[scenario]\ntitle = "s"\nuntil = "2 d"\nevery = "1 d"\n[models."m.toml"]\n[arms.one]\nregimen = "none"\n')
        result = self.cli("run", "s.toml", "-o", "out", "-q")
        self.assertEqual(result.code, OK, result)

    def test_why_groups_are_not_tested_is_said(self):
        rows = [f"{arm},BVTV_tibia,8,{statistics.mean(v):.6g},1,{len(v)}" for arm, v in GROUPS.items()]
        columns = "arm,outcome,time [week],mean,sd,n"
        for change, why in ((lambda text: text.replace('control = "ovx"\n', ""), "no arm is the control"),
                            (lambda text: text.replace('values = "absolute"\n', ""), "changes are made from the groups' means")):
            self.run_groups(columns, rows)
            self.write("s.toml", change((self.dir / "s.toml").read_text(encoding="utf-8")))
            result = self.cli("run", "s.toml", "--evidence", "mine.csv", "-o", "out", "-q", "--overwrite")
            self.assertIn(f"groups of BVTV_tibia are not tested against each other: {why}", result.err)
        for kept, why in ((rows[1:], "the control 'ovx' has no value"), ([row.rsplit(",", 1)[0] + "," for row in rows], "fewer than two groups have n")):
            self.run_groups(columns, kept)
            result = self.cli("run", "s.toml", "--evidence", "mine.csv", "-o", "out", "-q", "--overwrite")
            self.assertIn(why, result.err)

    def test_percent_and_shares(self):
        self.run_groups("arm,outcome,time [week],mean,unit", ["ovx,BVTV_tibia,8,12.5,%"])
        observed = table((self.dir / "out/observed.csv").read_text(encoding="utf-8"))
        self.assertEqual([(row["unit"], row["week"], row["observed"]) for row in observed], [("percent", "8", "12.5")])
        page = self.page()
        heads = re.findall(r"<th[^>]*>([^<]*)</th>", page[page.index("comparisons</summary>"):].split("</tr>")[0])
        cells = re.findall(r"<td[^>]*>([^<]*)</td>", page[page.index("comparisons</summary>"):].split("</tr>")[1])
        self.assertEqual(cells[heads.index("week")], "8")
        self.write("mine.csv", "arm,outcome,time [week],mean\novx,BVTV_tibia,8,0.125\n")
        result = self.cli("run", "s.toml", "--evidence", "mine.csv", "-o", "out", "-q", "--overwrite")
        self.assertIn("every value of BVTV_tibia is below 1; they are taken as percent", result.err)
        self.write("mine.csv", "arm,outcome,time [week],mean,unit\novx,TbN_tibia,8,3,percent\n")
        self.fails(INPUT, "run", "s.toml", "--evidence", "mine.csv", "-o", "other", says=("'percent' is no unit of TbN_tibia", "percent_change"))

    def test_groups_without_n_are_not_tested(self):
        self.run_groups("arm,outcome,time [week],mean,sd", [f"{arm},BVTV_tibia,8,{statistics.mean(v):.6g},1" for arm, v in GROUPS.items()])
        self.assertNotIn("group by group", self.page())

    def test_one_legend_for_the_page_and_names_at_the_lines(self):
        self.write("s.toml", ABSOLUTE)
        self.cli("run", "s.toml", "-o", "out", "-q")
        page = self.page().split("<script>")[0]
        self.assertEqual(page.count("<ul class=legend>"), 1)
        self.assertRegex(page, r"<ul class=legend>.*OVX rats.*treated.*</ul>")
        self.assertEqual({row["arm"] for row in self.values("BVTV_tibia", "text")}, {"OVX rats", "treated"})
        self.assertEqual(self.spec("BVTV_tibia")["title"]["text"], "BV/TV, proximal tibia")
        # species/rat.toml: tibia_BVTV and femur_BVTV are both 0.2, vertebra_BVTV is 0.3
        self.assertRegex(page, r"<figcaption>BV/TV, proximal tibia[^<]* Its value in the intact animal is taken for BVTV_femur too.</figcaption>")
        self.assertLess(page.index("Research use, not for clinical decisions."), page.index("<h1>"))

    def quality(self, scenario: str) -> str:
        self.write("s.toml", scenario)
        self.assertEqual(self.cli("run", "s.toml", "-o", "out", "-q", "--overwrite").code, OK)
        found = re.search(r"<h2>How good.*?(?=<h2>)", self.page(), re.DOTALL)
        return re.sub(r"<[^>]+>", " ", found[0]) if found else ""

    def test_the_report_says_how_good_the_model_is_on_such_studies(self):
        grades = table((ROOT / "evidence/grades.csv").read_text(encoding="utf-8"))
        rat = next(g for g in grades if (g["domain"], g["drugs"], g["outcome"], g["role"]) == ("rat", "none", "BVTV_tibia", "calibration"))
        text = self.quality(ABSOLUTE)
        self.assertRegex(text, rf"none\s+BVTV_tibia\s+fitted\s+{rat['studies']}\s+{rat['rows']}\s+{rat['right']} of {rat['rows']}\s")
        self.assertIn("No published study of alendronate with these outcomes", text)
        self.assertIn("Every row of untreated animals was fitted: no prediction of it has been tested.", text)
        woman = SCENARIO.replace('age = "25 weeks"\novariectomy = "12 weeks"', 'age = "65 years"').replace('species = "rat"\n', "").replace(
            "alendronate 0.03 mg/kg sc every 3 d x 19", "denosumab 60 mg sc")
        text = self.quality(woman)
        hip = next(g for g in grades if (g["domain"], g["drugs"], g["outcome"], g["role"]) == ("clinical", "denosumab", "TH", "validation"))
        self.assertRegex(text, rf"denosumab\s+TH\s+not fitted\s+{hip['studies']}\s+{hip['rows']}\s+{float(hip['rmse']):.2f}\s")
        self.assertNotIn("changes values of the model", text)
        text = self.quality(woman.replace("[models.osteosome]\n", '[models.osteosome]\nset = { "osteoclast.k_opg" = 0.006 }\n'))
        self.assertIn("This scenario changes values of the model", text)

    def test_the_dose_stands_on_the_axis(self):
        arms = "".join(f'[arms.d{k}]\nregimen = "alendronate {dose} mg/kg sc every 3 d x 19"\n' for k, dose in enumerate((0.003, 0.01, 0.03)))
        self.write("s.toml", SCENARIO.split("[arms.treated]")[0] + arms + '[report]\nvalues = "absolute"\noutcomes = ["BVTV_tibia"]\n')
        self.assertEqual(self.cli("run", "s.toml", "-o", "out", "-q").code, OK)
        spec = self.spec("dose-alendronate-osteosome-BVTV_tibia")
        line = spec["layer"][-1]
        self.assertEqual([row["dose"] for row in line["data"]["values"]], [0.003, 0.01, 0.03])
        self.assertEqual(line["encoding"]["x"]["title"], "alendronate [mg/kg]")
        self.assertEqual(line["encoding"]["x"]["scale"]["type"], "log")
        ends = {row["arm"]: float(row["value"]) for row in table((self.dir / "out/trajectories.csv").read_text(encoding="utf-8"))
                if row["output"] == "BVTV_tibia" and row["week"] == "8"}
        for k, row in enumerate(line["data"]["values"]):
            self.assertAlmostEqual(row["value"] / ends[f"d{k}"], 1, delta=1e-5)
        self.assertAlmostEqual(spec["layer"][0]["data"]["values"][0]["base"] / ends["ovx"], 1, delta=1e-5)

    def test_figures_as_files(self):
        self.write("s.toml", ABSOLUTE)
        result = self.cli("run", "s.toml", "-o", "out", "-q", "--figures", "svg,png,pdf")
        self.assertEqual(result.code, OK, result)
        figure = (self.dir / "out/charts/BVTV_tibia.svg").read_text(encoding="utf-8")
        for words in ("BV/TV, proximal tibia", "OVX rats", "treated"):
            self.assertIn(words, figure)
        self.assertEqual((self.dir / "out/charts/BVTV_tibia.png").read_bytes()[:4], b"\x89PNG")
        self.assertEqual((self.dir / "out/charts/BVTV_tibia.pdf").read_bytes()[:4], b"%PDF")
        self.fails(USAGE, "run", "s.toml", "-o", "other", "--figures", "jpg", says=("jpg",))

    def test_what_python_is_needed_for_is_told_without_it(self):
        shared = self.dir / "share"
        shared.mkdir()
        for name in ("models", "species", "therapies", "vocabulary", "evidence", "calibrations"):
            (shared / name).symlink_to(ROOT / name)
        self.write("s.toml", ABSOLUTE)
        with unittest.mock.patch.dict(os.environ, {"OSTEOSOME_DATA": str(shared)}):
            self.assertIn("osteosome omex run -i archive.omex", self.ok("omex", "--help").out)
            self.fails(IO_ERROR, "omex", "run", says=("make omex",))
            self.fails(IO_ERROR, "run", "s.toml", "-o", "out", "--figures", "svg", says=("the Python environment of --figures is not there", "make omex"))
            self.assertFalse((self.dir / "out").exists())
            self.assertIn("needed by omex and --figures", self.cli("doctor").out)


class OwnData(Case):
    def overlay(self, csv: str, scenario: str = ABSOLUTE, name: str = "mine.csv"):
        self.write("s.toml", scenario)
        self.write(name, csv)
        result = self.cli("run", "s.toml", "--evidence", name, "-o", "out", "--overwrite", "--quiet")
        observed = table((self.dir / "out/observed.csv").read_text(encoding="utf-8")) if result.code == OK else []
        return result, observed

    def test_means_stand_beside_the_simulated_values(self):
        result, observed = self.overlay("arm,outcome,time [week],mean,sd,n\novx,BVTV_tibia,4,7,2,16\nOVX rats,BVTV_tibia,8,6,1,16\n")
        self.assertEqual((result.code, result.err), (OK, ""))
        values = {float(r["week"]): float(r["value"]) for r in table((self.dir / "out/trajectories.csv").read_text(encoding="utf-8"))
                  if r["arm"] == "ovx" and r["output"] == "BVTV_tibia"}
        self.assertEqual([(r["arm"], r["unit"], r["observed"], r["observed_low"], r["observed_high"], r["interval"], r["role"]) for r in observed],
                         [("ovx", "percent", "7", "5", "9", "SD", "own"), ("ovx", "percent", "6", "5", "7", "SD", "own")])
        self.assertEqual(numbers(observed, "simulated"), [values[4], values[8]])
        chart = (self.dir / "out/charts/BVTV_tibia.vl.json").read_text(encoding="utf-8")
        self.assertIn('"study": "mine"', chart)

    def test_single_animals_become_means(self):
        """Mean 8, SD sqrt(2), of 7 and 9."""
        _, observed = self.overlay("animal,arm,outcome,time [d],value\n1,ovx,BVTV_tibia,56,7\n2,ovx,BVTV_tibia,56,9\n")
        self.assertEqual(numbers(observed, "observed"), [8])
        self.assertAlmostEqual(float(observed[0]["error"]), 2**0.5, places=12)

    def test_changes_count_from_the_groups_own_start(self):
        """10 to 12 with SD 2 is +20 % with SD 20."""
        result, observed = self.overlay("arm;outcome;time [week];mean;sd\novx;BVTV_tibia;0;10;1\novx;BVTV_tibia;8;12;2\ntreated;BVTV_tibia;8;12;2\n", SCENARIO)
        last = observed[-1]
        self.assertEqual((last["arm"], last["unit"]), ("ovx", "percent_change"))
        self.assertAlmostEqual(float(last["observed"]), 20, places=9)
        self.assertAlmostEqual(float(last["error"]), 20, places=9)
        self.assertIn("of arm 'treated' has no value but 0 at time 0", result.err)
        self.assertIn("of arm &#39;treated&#39; has no value but 0 at time 0", (self.dir / "out/report.html").read_text(encoding="utf-8").replace("'", "&#39;"))

    def test_what_changes_count_from_is_no_comparison(self):
        _, observed = self.overlay("arm,outcome,time [week],mean\novx,BVTV_tibia,0,10\novx,BVTV_tibia,8,12\n", SCENARIO)
        self.assertEqual([(r["week"] == "0", round(float(r["observed"]), 6)) for r in observed], [(False, 20)])

    def test_a_lost_animal_is_left_out(self):
        """Mean of 7 and 9."""
        result, observed = self.overlay("arm,outcome,time (week),value\novx,BVTV_tibia,8,7\novx,BVTV_tibia,8,NA\novx,BVTV_tibia,8,9\n")
        self.assertEqual(numbers(observed, "observed"), [8])
        self.assertIn("mine.csv:3: has no value and is left out", result.err)

    def test_two_tables_of_one_name_are_both_drawn(self):
        self.write("s.toml", ABSOLUTE)
        for folder, mean in (("a", 7), ("b", 9)):
            (self.dir / folder).mkdir()
            self.write(f"{folder}/g.csv", f"arm,outcome,time [week],mean\novx,BVTV_tibia,8,{mean}\n")
        self.ok("run", "s.toml", "--evidence", "a/g.csv", "--evidence", "b/g.csv", "-o", "out", "--quiet")
        chart = json.loads((self.dir / "out/charts/BVTV_tibia.vl.json").read_text(encoding="utf-8"))
        drawn = {row["change"] for layer in chart["layer"] for row in layer["data"]["values"] if row.get("study") == "g"}
        self.assertEqual(drawn, {7, 9})

    def test_contradictions_are_refused(self):
        for header, row, says in (("mean,value", "7,8", "column 'mean' does not go with 'value'"), ("value,n", "7,8", "column 'n' does not go with 'value'"),
                                  ("mean,sd,sd", "7,1,2", "there are two columns 'sd'"), ("mean [mg]", "7", "only the time has its unit in the header"),
                                  ("mean,n", "7,-8", "'-8' in column 'n' is no number of animals"), ("mean,n", "7,2.5", "'2.5' in column 'n'")):
            with self.subTest(header=header):
                result, _ = self.overlay(f"arm,outcome,time [week],{header}\novx,BVTV_tibia,8,{row}\n")
                self.assertEqual(result.code, INPUT)
                self.assertIn(says, result.err)
        result, _ = self.overlay("arm,outcome,time [week],mean\novx,BVTV_tibia,8,7\novx,BVTV_tibia,8,8\n")
        self.assertIn("mine.csv:3: this group has a mean at this time already", result.err)

    def test_what_is_not_used_is_said(self):
        result, observed = self.overlay("arm,outcome,time [week],mean,bach\novx,BVTV_tibia,9,7,a\novx,P1NP,8,30,a\n")
        self.assertEqual(result.code, OK)
        for text in ("column 'bach' is not used", "mine.csv:2: lies after the end", "P1NP is in 'ng/mL', and that of model 'osteosome' in '1': not shown"):
            self.assertIn(text, result.err)
        self.assertEqual(observed, [])

    def test_mistakes_come_in_one_go(self):
        result, _ = self.overlay("arm,outcome,time [week],mean,sd,se\novxx,BVTV_tibia,8,7,,\novx,BVTV_tibiaa,8,seven,,\novx,BVTV_tibia,-1,7,1,1\n")
        self.assertEqual(result.code, INPUT)
        for text in ("mine.csv:2: the scenario has no arm 'ovxx'", "Did you mean 'ovx'?", "mine.csv:3: there is no outcome 'BVTV_tibiaa'",
                     "'seven' in column 'mean' is no number", "both sd and se are given", "before the start of treatment"):
            self.assertIn(text, result.err)
        result, _ = self.overlay("arm,outcome,time,mean\novx,BVTV_tibia,8,7\n")
        self.assertIn("column 'time': the time has no unit", result.err)
        result, _ = self.overlay("arm,outcome,mean\novx,BVTV_tibia,7\n")
        self.assertIn("column 'time' is missing", result.err)

    def test_tables_of_the_scenario_and_rerun(self):
        self.write("s.toml", ABSOLUTE.replace('[arms.treated]', '[arms.treated]\nevidence = ["one.csv"]') + 'evidence = ["all.csv"]\n')
        self.write("one.csv", "outcome,time [week],mean\nBVTV_tibia,5,12\n")
        self.write("all.csv", "arm,outcome,time [week],mean\novx,BVTV_tibia,3,8\n")
        (self.dir / "more").mkdir()
        self.write("more/x.csv", "arm,outcome,time [week],mean\novx,BVTV_tibia,7,8\n")
        self.ok("run", "s.toml", "--evidence", "more", "-o", "out", "--quiet")
        observed = table((self.dir / "out/observed.csv").read_text(encoding="utf-8"))
        self.assertEqual(sorted((r["study"], r["arm"]) for r in observed), [("all", "ovx"), ("one", "treated"), ("x", "ovx")])
        self.assertIn("same bits", self.ok("rerun", "out/run.json", "--quiet").out)
        self.write("more/x.csv", "arm,outcome,time [week],mean\novx,BVTV_tibia,6,8\n")
        self.assertIn("own data more/x.csv has changed since the run", self.cli("rerun", "out/run.json", "-o", "again", "--quiet").err)


class PopulationTables(Case):
    """Against what the trajectories say, with Python's own statistics."""

    def run_population(self, extra: str = "") -> None:
        self.write("s.toml", """
[scenario]
title = "women"
until = "12 months"
every = "6 months"
[patient]
age = "68 years"
[models.osteosome]
[population]
n = 9
[population.parameters.osteosome]
"alendronate.F" = { kind = "lognormal", cv = 0.5 }
[arms.a]
regimen = "alendronate 70 mg weekly x 52"
adherence = { miss_probability = 0.5 }
[report]
outcomes = ["TH", "CTX"]
responders = { TH = 1.5, CTX = -30 }
""" + extra)
        self.ok("run", "s.toml", "-o", "out", "--quiet")

    def rows(self, name: str) -> list[dict[str, str]]:
        return table((self.dir / "out" / name).read_text(encoding="utf-8"))

    def test_percentiles_subjects_and_responders(self):
        self.run_population()
        values: dict[tuple[str, float], list[float]] = {}
        for r in self.rows("trajectories.csv"):
            values.setdefault((r["output"], float(r["month"])), []).append(float(r["value"]))
        percentiles = {(r["output"], float(r["month"]), r["unit"]): r for r in self.rows("percentiles.csv")}
        for output in ("TH", "CTX"):
            sample = values[output, 12]
            changes = [100 * (x / x0 - 1) for x, x0 in zip(sample, values[output, 0])]
            for unit, data in (("percent_change", changes), ("g/cm^2" if output == "TH" else "1", sample)):
                row = percentiles[output, 12, unit]
                self.assertEqual(row["n"], "9")
                self.assertAlmostEqual(float(row["mean"]), statistics.mean(data), places=9)
                self.assertAlmostEqual(float(row["sd"]), statistics.stdev(data), places=9)
                quartiles = statistics.quantiles(data, n=4, method="inclusive")
                for name, expected in zip(("p25", "p50", "p75"), quartiles):
                    self.assertAlmostEqual(float(row[name]), expected, places=9)
            threshold = {"TH": 1.5, "CTX": -30}[output]
            count = sum(c >= threshold if threshold > 0 else c <= threshold for c in changes)
            row = next(r for r in self.rows("responders.csv") if r["outcome"] == output and r["month"] == "12")
            self.assertEqual((int(row["responders"]), float(row["threshold"])), (count, threshold))
            self.assertAlmostEqual(float(row["share"]), count / 9, places=12)
            for bound in (float(row["low"]), float(row["high"])):  # where the score test is just significant (Wilson)
                if 0 < bound < 1:
                    self.assertAlmostEqual(abs(count / 9 - bound) / (bound * (1 - bound) / 9) ** 0.5, statistics.NormalDist().inv_cdf(0.975), places=9)
        subjects = self.rows("subjects.csv")
        drawn = [float(r["value"]) for r in subjects if r["quantity"] == "alendronate.F"]
        self.assertEqual(len(set(drawn)), 9)
        self.assertEqual([float(r["value"]) for r in subjects if r["quantity"] == "baseline TH"], values["TH", 0])
        doses = [int(r["doses"]) for r in subjects if r["quantity"] == "alendronate.F"]
        self.assertTrue(all(10 < d < 42 for d in doses) and len(set(doses)) > 1, doses)
        self.assertNotIn(("T_TH", 12, "percent_change"), percentiles)

    def test_fewer_subjects_leave_no_table_of_more(self):
        self.run_population()
        self.write("s.toml", (self.dir / "s.toml").read_text(encoding="utf-8").replace("n = 9", "n = 1"))
        result = self.cli("run", "s.toml", "-o", "out", "--overwrite", "--quiet")
        self.assertIn("[report] responders has no effect", result.err)
        self.assertEqual([name for name in ("percentiles.csv", "subjects.csv", "responders.csv") if (self.dir / "out" / name).exists()], [])

    def test_what_is_drawn_of_the_patient(self):
        self.write("s.toml", """
[scenario]
title = "women"
until = "1 month"
every = "1 month"
[patient]
age = "68 years"
[models.osteosome]
[population]
n = 5
[population.patient]
weight = { kind = "normal", mean = 65, sd = 8 }
[arms.a]
regimen = "none"
""")
        self.ok("run", "s.toml", "-o", "out", "--quiet")
        drawn = {r["quantity"]: [] for r in self.rows("subjects.csv")}
        for r in self.rows("subjects.csv"):
            drawn[r["quantity"]].append(float(r["value"]))
        self.assertEqual(drawn["patient.age"], [68] * 5)
        self.assertEqual(len(set(drawn["patient.weight"])), 5)

    def test_a_threshold_of_what_is_no_outcome(self):
        self.write("s.toml", SCENARIO + "[report]\nresponders = { THH = 3 }\n")
        self.fails(INPUT, "run", "s.toml", "-o", "out", says=("THH",))


class OwnDrug(Case):
    def setUp(self):
        super().setUp()
        self.cli("new", "model", "m.toml")

    def test_is_dosed_by_text_and_by_table(self):
        """One compartment with absorption: 100 mg, ka 0.5/h, k 0.1/h, V 50 L."""
        from math import exp

        exact = 100 * 0.5 / (50 * (0.5 - 0.1)) * (exp(-0.1 * 4) - exp(-0.5 * 4))
        rows = table(self.ok("simulate", "m.toml", "--dose", "mydrug 100 mg", "--until", "4 h", "--every", "4 h", "--observe", "concentration", "--rtol", "1e-9").out)
        self.assertAlmostEqual(float(rows[-1]["concentration"]), exact, delta=1e-7)
        self.write("e.csv", "ID,TIME,EVID,AMT [mg],DRUG\n1,0,1,100,mydrug\n1,4,0,.,.\n")
        rows = table(self.cli("simulate", "m.toml", "--data", "e.csv", "--time-unit", "h", "--observe", "concentration", "--rtol", "1e-9").out)
        self.assertAlmostEqual(float(rows[-1]["concentration"]), exact, delta=1e-7)

    def test_a_route_that_makes_no_difference_is_said(self):
        result = self.cli("simulate", "m.toml", "--dose", "mydrug 100 mg iv", "--until", "4 h", "--every", "4 h", "--observe", "concentration")
        self.assertEqual(result.code, OK)
        self.assertIn("whatever the route: 'iv' makes no difference", result.err)

    def test_converts_too(self):
        result = self.cli("convert", "m.toml", "m.xml", "--dose", "mydrug 100 mg daily x 2", "--until", "48 h")
        self.assertEqual(result.code, OK, result)
        self.assertIn("2 events", result.err)

    def test_an_unknown_one_is_still_refused(self):
        self.fails(INPUT, "simulate", "m.toml", "--dose", "mydrag 100 mg", "--until", "4 h", says=("unknown drug 'mydrag'", "Did you mean 'mydrug'?"))

    def scenario(self, arms: str) -> None:
        self.write("s.toml", f'[scenario]\ntitle = "own"\nuntil = "7 d"\nevery = "1 d"\n[models.mine]\ndocument = "m.toml"\n[models.joerg-2022]\n{arms}')

    def test_an_arm_is_left_out_of_a_model_that_lacks_its_drug(self):
        self.scenario('[arms.own]\nregimen = "mydrug 100 mg daily x 7"\n[arms.denosumab]\nregimen = "denosumab 60 mg"\n[arms.none]\nregimen = "none"\n')
        result = self.cli("run", "s.toml", "-o", "out", "--quiet")
        self.assertEqual(result.code, OK, result)
        rows = table((self.dir / "out/trajectories.csv").read_text(encoding="utf-8"))
        self.assertEqual({(r["model"], r["arm"]) for r in rows}, {("mine", "own"), ("mine", "none"), ("joerg-2022", "denosumab"), ("joerg-2022", "none")})
        self.assertIn("4 simulations", result.out)
        self.assertIn("arm 'own' is left out of model 'joerg-2022', which has not its drug", result.err)
        self.assertIn("left out of model", (self.dir / "out/report.html").read_text(encoding="utf-8"))

    def test_an_arm_that_no_model_can_have_is_refused(self):
        self.scenario('[arms.x]\nregimen = "abaloparatide 80 ug daily x 7"\n')
        result = self.fails(INPUT, "run", "s.toml", "-o", "out", says=("model 'm' has no drug 'abaloparatide'",))
        self.assertIn("model 'joerg-2022' has no drug 'abaloparatide'", result.err)


if __name__ == "__main__":
    unittest.main()
