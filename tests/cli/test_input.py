# SPDX-License-Identifier: Apache-2.0
"""Inputs as people write them: tables in every layout, values from outside, doses and times that no one means.

Expected values are closed forms, computed here.
"""

from __future__ import annotations

import csv
import math
import unittest

from support import INPUT, OK, Case, numbers, table
from support import setUpModule  # noqa: F401  (unittest calls it)

CL, V, KA, DOSE = 1.6, 25.0, 0.9, 100.0

PK = f"""\
[model]
id = "pk"
title = "one compartment with absorption"
time = "h"
source = "doi:10.1000/test"
[parameters]
CL = {{ value = {CL}, unit = "L/h", source = "model", kind = "reported" }}
V = {{ value = {V}, unit = "L", source = "model", kind = "reported" }}
ka = {{ value = {KA}, unit = "1/h", source = "model", kind = "reported" }}
[species]
D = {{ initial = "0", unit = "mg", rate = "-ka*D" }}
A = {{ initial = "0", unit = "mg", rate = "ka*D - CL/V*A" }}
"""

CONC = """\
[model]
id = "conc"
title = "a concentration"
time = "h"
source = "doi:10.1000/test"
[compartments]
plasma = { size = 5.0, unit = "L", source = "model", kind = "reported" }
[parameters]
k = { value = 0.1, unit = "1/h", source = "model", kind = "reported" }
[species]
C = { initial = "0", unit = "mg/L", compartment = "plasma", rate = "-k*C" }
[doses]
alendronate = { into = "C" }
"""

SBML = """\
<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1">
  <model id="wash" substanceUnits="mole" timeUnits="second" volumeUnits="litre" extentUnits="mole">
    <listOfCompartments><compartment id="tank" spatialDimensions="3" size="5" units="litre" constant="true"/></listOfCompartments>
    <listOfSpecies>
      <species id="salt" compartment="tank" initialAmount="30" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/>
      <species id="dye" compartment="tank" initialConcentration="2" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/>
      <species id="sum" compartment="tank" initialConcentration="3" hasOnlySubstanceUnits="true" boundaryCondition="false" constant="false"/>
    </listOfSpecies>
    <listOfParameters><parameter id="flow" value="0.5" constant="true"/></listOfParameters>
    <listOfReactions>
      <reaction id="out" reversible="false" fast="false">
        <listOfReactants><speciesReference species="salt" stoichiometry="1" constant="true"/></listOfReactants>
        <kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci>flow</ci><ci>salt</ci></apply></math></kineticLaw>
      </reaction>
    </listOfReactions>
  </model>
</sbml>
"""

SCENARIO = """\
[scenario]
title = "t"
until = "{until}"
every = "1 month"
[models.osteosome]
{model}
[arms.a]
regimen = "{regimen}"
{arm}
"""


def amount(time: float, dose: float = DOSE, clearance: float = CL) -> float:
    """Of the drug in the central compartment after one dose into the depot."""
    ke = clearance / V
    return dose * KA / (KA - ke) * (math.exp(-ke * time) - math.exp(-KA * time))


class Tables(Case):
    def setUp(self) -> None:
        super().setUp()
        self.write("pk.toml", PK)

    def read(self, text: str | bytes) -> list[dict[str, str]]:
        (self.dir / "d.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        result = self.cli("simulate", "pk.toml", "--data", "d.csv", "--time-unit", "h")
        self.assertEqual(result.code, OK, result.err)
        return table(result.out)

    def test_every_layout_gives_the_closed_form(self) -> None:
        plain = "ID,TIME,AMT,CMT,EVID\n1,0,100,D,1\n1,2,0,A,0\n"
        layouts = {
            "plain": plain,
            "tabs": plain.replace(",", "\t"),
            "semicolons": plain.replace(",", ";"),
            "blanks": plain.replace(",", "  "),
            "sep": "sep=;\n" + plain.replace(",", ";"),
            "old Mac": plain.replace("\n", "\r"),
            "mixed ends": plain.replace("\n", "\r\n", 1),
            "utf-16": plain.encode("utf-16"),
            "utf-16 big": b"\xfe\xff" + plain.encode("utf-16-be"),
            "mark": b"\xef\xbb\xbf" + plain.encode(),
            "hash": "#" + plain,
            "at": "@" + plain,
            "no-break": plain.replace("100", "\u00a0100"),
            "Fortran": plain.replace("100", "1.0D+02"),
            "comment": plain.replace("1,2", "# note\n1,2"),
            "empty rows": plain + "\n\n,,,,\n",
            "trailing comma": plain.replace("\n1,", ",\n1,").replace("EVID,", "EVID"),
            "NA": plain.replace(",0,A", ",NA,A"),
            "NONMEM": "TABLE NO.  1\n ID   TIME   AMT   EVID\n 1.0E+00 0.0E+00 1.0E+02 1.0E+00\n 1.0E+00 2.0E+00 0.0E+00 0.0E+00\n",
            "marked": "C,ID,TIME,AMT,CMT,EVID\n.,1,0,100,D,1\nC,1,1,100,D,1\n.,1,2,0,A,0\n",
        }
        for name, text in layouts.items():
            with self.subTest(layout=name):
                self.assertAlmostEqual(numbers(self.read(text), "A")[0], amount(2), delta=2e-4 * amount(2))

    def test_decimal_commas(self) -> None:
        rows = self.read("ID;TIME;AMT;CMT;EVID\r\n1;0;100,5;D;1\r\n1;1,5;0;A;0\r\n")
        self.assertAlmostEqual(numbers(rows, "A")[0], amount(1.5, 100.5), delta=0.01)

    def test_what_cannot_be_read_is_named_with_the_cure(self) -> None:
        for text, says in (
            ("ID,TIME,AMT,CMT,EVID\n1,0,\"1,000.5\",D,1\n", ("d.csv:2", "AMT is '1,000.5'", "thousands separators")),
            ("ID;TIME;AMT;CMT;EVID\n1;0;1,000;D;1\n", ("AMT is '1,000'",)),
            ("ID,TIME,AMT,CMT,EVID\n1,08:00,1,D,1\n", ("TIME is '08:00'", "time since the first record")),
            ("ID,TIME,AMT,CMT,EVID\n1,0,1,D,1\n1,2,0,A,0 # trough\n", ("d.csv:3", "EVID is '0 # trough'", "a line of its own")),
            ("ID,TIME,AMT,CMT,EVID\n1,0,1,D,1\n1.0,2,0,A,0\n", ("ID is '1.0'",)),
            ("ID,TIME,AMT,CMT,EVID,CL,CL\n1,0,1,D,1,1,2\n", ("'CL' stands twice",)),
            ("ID,TIME,AMT,CMT,EVID\n", ("no rows",)),
            ("", ("empty",)),
            ("ID,TIME,AMT,CMT,EVID\n1,0,0x10,D,1\n", ("AMT is '0x10'",)),
            ("ID,TIME,AMT,CMT,EVID\n1,0,1e400,D,1\n", ("AMT is '1e400'",)),
        ):
            with self.subTest(text=text):
                self.write("d.csv", text)
                self.fails(INPUT, "simulate", "pk.toml", "--data", "d.csv", "--time-unit", "h", says=says)

    def test_a_covariate_in_another_case_is_named(self) -> None:
        self.write("d.csv", "ID,TIME,AMT,CMT,EVID,cl\n1,0,100,D,1,0.1\n1,2,0,A,0,0.1\n")
        result = self.cli("simulate", "pk.toml", "--data", "d.csv", "--time-unit", "h")
        self.assertEqual(result.code, OK)
        self.assertIn("'cl' (did you mean 'CL'?)", result.err)

    def test_a_covariate_that_no_clearance_can_be_is_refused_with_its_line(self) -> None:
        self.write("d.csv", "ID,TIME,AMT,CMT,EVID,CL\n1,0,100,D,1,1\n1,2,0,A,0,-1\n")
        self.fails(INPUT, "simulate", "pk.toml", "--data", "d.csv", "--time-unit", "h", says=("d.csv:3", "'CL' = -1 is a flow or a volume below zero"))


class Drugs(Case):
    def test_a_drug_in_a_table_is_the_drug_of_the_regimen_text(self) -> None:
        self.write("d.csv", "ID,TIME [d],AMT,DRUG,EVID\n1,0,60,denosumab,1\n1,30,,,0\n1,90,,,0\n")
        by_table = self.cli("simulate", "osteosome", "--data", "d.csv", "--observe", "denosumab.total")
        self.assertEqual(by_table.code, OK, by_table.err)
        self.assertIn("AMT of denosumab is taken in mg", by_table.err)
        self.write("t.csv", "time [d]\n30\n90\n")
        by_text = self.cli("simulate", "osteosome", "--dose", "denosumab 60 mg", "--times", "t.csv", "--observe", "denosumab.total")
        self.assertEqual(by_text.code, OK, by_text.err)
        for a, b in zip(numbers(table(by_table.out), "denosumab.total"), numbers(table(by_text.out), "denosumab.total")):
            self.assertGreater(a, 0)
            self.assertAlmostEqual(a, b, delta=1e-3 * b)

    def test_a_dose_into_a_concentration_is_divided_by_the_volume_once(self) -> None:
        self.write("conc.toml", CONC)
        for header, row in (("DRUG,UNIT", "alendronate,mg"), ("DRUG,UNIT", "alendronate,ug"), ("CMT,UNIT", "C,mg")):
            amount = 10000 if row.endswith("ug") else 10
            self.write("t.csv", f"ID,TIME,AMT,EVID,{header}\n1,0,{amount},1,{row}\n1,0,,0,,\n")
            result = self.cli("simulate", "conc.toml", "--data", "t.csv", "--time-unit", "h")
            self.assertEqual(result.code, OK, result.err)
            self.assertEqual(float(table(result.out)[0]["C"]), 10 / 5)
        result = self.cli("simulate", "conc.toml", "--dose", "alendronate 10 mg", "--until", "1 h", "--every", "1 h", "--at-dose", "post")
        self.assertEqual(float(table(result.out)[0]["C"]), 10 / 5)
        self.write("t.csv", "ID,TIME,AMT,EVID,CMT,UNIT\n1,0,10,1,C,mg/L\n1,0,,0,,\n")
        self.fails(INPUT, "simulate", "conc.toml", "--data", "t.csv", "--time-unit", "h", says=("AMT in mg/L does not fit 'C' in mg/L times L",))

    def test_the_unit_counts(self) -> None:
        values = []
        for header, dose in (("AMT [mg]", "60"), ("AMT [ug]", "60000"), ("AMT [g]", "0.06")):
            self.write("d.csv", f"ID,TIME [d],{header},DRUG,EVID\n1,0,{dose},Denosumab,1\n1,30,,,0\n")
            result = self.cli("simulate", "osteosome", "--data", "d.csv", "--observe", "denosumab.total")
            self.assertEqual((result.code, result.err.count("\n")), (OK, 1), result)
            self.assertIn("note: at time 0: a woman of 30 years", result.err)
            values += numbers(table(result.out), "denosumab.total")
        self.assertAlmostEqual(values[1], values[0], delta=1e-9 * values[0])
        self.assertAlmostEqual(values[2], values[0], delta=1e-9 * values[0])

    def test_without_a_drug_the_state_and_the_unit_are_said(self) -> None:
        self.write("d.csv", "ID,TIME [d],AMT,CMT,EVID\n1,0,60,denosumab.depot,1\n1,30,0,,0\n")
        result = self.cli("simulate", "osteosome", "--data", "d.csv", "--observe", "denosumab.total")
        self.assertEqual(result.code, OK, result.err)
        self.assertIn("'denosumab.depot' [nmol] as it is; a column DRUG", result.err)

    def test_drugs_that_do_not_fit_are_refused_with_their_lines(self) -> None:
        for row, says in (("1,0,60,denosumb,mg", ("d.csv:2", "'denosumb'", "Did you mean 'denosumab'?")),
                          ("1,0,60,denosumab,IU", ("d.csv:2", "does not fit denosumab")),
                          ("1,0,60,,kg", ("d.csv:2", "does not fit"))):
            with self.subTest(row=row):
                self.write("d.csv", f"ID,TIME [d],AMT,DRUG,UNIT\n{row}\n1,30,,,\n")
                self.fails(INPUT, "simulate", "osteosome", "--data", "d.csv", says=says)


class Values(Case):
    def course(self, *more: str) -> list[dict[str, str]]:
        self.write("wash.xml", SBML)
        result = self.cli("simulate", "wash.xml", "--until", "6 s", "--every", "6 s", *more)
        self.assertEqual(result.code, OK, result.err)
        return table(result.out)

    def test_another_volume_keeps_amounts_and_concentrations_that_the_file_gives(self) -> None:
        for engine in ("lanes", "reference"):
            rows = self.course("--set", "tank=12", "--engine", engine)
            for got, want in zip(numbers(rows, "salt"), (2.5, 2.5 * math.exp(-0.5 * 6 / 12))):
                self.assertAlmostEqual(got, want, delta=2e-4 * want)
            self.assertEqual(float(rows[0]["dye"]), 2)
            self.assertEqual(float(rows[0]["sum"]), 36)

    def test_set_of_a_scenario_takes_compartments(self) -> None:
        self.write("wash.xml", SBML)
        self.write("s.toml", '[scenario]\ntitle = "t"\nuntil = "6 s"\nevery = "6 s"\n[models.wash]\ndocument = "wash.xml"\nset = { tank = 12 }\n'
                             '[arms.a]\nregimen = "none"\n')
        result = self.cli("run", "s.toml", "-o", "out", "-q")
        self.assertEqual(result.code, OK, result.err)
        rows = [r for r in table((self.dir / "out" / "trajectories.csv").read_text()) if r["output"] == "salt"]
        for got, want in zip(numbers(rows, "value"), (2.5, 2.5 * math.exp(-0.25))):
            self.assertAlmostEqual(got, want, delta=2e-4 * want)
        self.assertEqual(self.manifest("out")["models"][0]["overridden"], [{"name": "tank", "value": 12.0, "by": "set of the scenario"}])

    def test_values_that_cannot_be_are_refused_at_once(self) -> None:
        self.write("pk.toml", PK)
        for setting, says in (("CL=-1", "'CL' = -1 is a flow or a volume below zero"), ("V=0", "'V' = 0 is no volume"),
                              ("ka=-0.1", "'ka' = -0.1 is a rate constant below zero"), ("D=-5", "'D' = -5 is less than nothing")):
            result = self.fails(INPUT, "simulate", "pk.toml", "--until", "1 d", "--set", setting, says=(says,))
            self.assertLess(result.seconds, 10)
        self.write("wash.xml", SBML)
        self.fails(INPUT, "simulate", "wash.xml", "--until", "1 s", "--set", "tank=-1", says=("'tank' = -1 is no size of a compartment",))
        self.write("s.toml", SCENARIO.format(until="12 months", model='set = { "denosumab.CL" = -1 }', regimen="denosumab 60 mg", arm=""))
        self.fails(INPUT, "run", "s.toml", "-o", "out", says=("'denosumab.CL' = -1",))


class Plausibility(Case):
    def check(self, says: tuple[str, ...], until: str = "24 months", regimen: str = "denosumab 60 mg", arm: str = "", model: str = "") -> None:
        self.write("s.toml", SCENARIO.format(until=until, regimen=regimen, arm=arm, model=model))
        for words in (("check", "s.toml"), ("run", "s.toml", "-o", "out")):
            self.fails(INPUT, *words, says=("s.toml", *says))

    def test_durations(self) -> None:
        self.check(("'stop_after' should be a positive duration",), arm='adherence = { stop_after = "-3 weeks" }')
        self.check(("'stop_after' should be a positive duration",), arm='adherence = { stop_after = "0 d" }')
        self.check(("'delay' is longer than a life",), arm='adherence = { delay = "1e9 years" }')
        self.check(("'until' is 600 years, longer than a life",), until="600 years")
        self.check(("'until' is 10 years, longer than a rat lives",), until="10 years", regimen="none", model='species = "rat"')

    def test_what_says_the_same_twice_or_nothing(self) -> None:
        self.check(("'skip' of arm 'a' names dose 99 of 4",), arm="adherence = { skip = [2, 99] }", regimen="denosumab 60 mg sc every 6 months x 4")
        self.write("two.csv", "denosumab.CL\n0.003\n0.004\n")
        population = '[population]\ntable = "two.csv"\nn = 5\n'
        self.write("s.toml", SCENARIO.format(until="12 months", regimen="denosumab 60 mg", arm="", model="") + population)
        self.fails(INPUT, "check", "s.toml", says=("'n' is 5, and the table has 2 subjects",))
        population = "[population]\nn = 5\n[population.parameters.osteosome]\n" + '"denosumab.CL" = { kind = "lognormal", cv = 0.3, sd = 0.2 }\n'
        self.write("s.toml", SCENARIO.format(until="12 months", regimen="denosumab 60 mg", arm="", model="") + population)
        self.fails(INPUT, "check", "s.toml", says=("'sd' and 'cv' are the same question",))
        self.write("pk.toml", PK)
        self.write("t.csv", "ID,TIME,AMT,EVID,CMT,CL\n1,0,100,1,D,2\n1,5,0,0,A,2\n")
        result = self.cli("simulate", "pk.toml", "--data", "t.csv", "--time-unit", "h", "--set", "CL=1")
        self.assertEqual(result.code, OK, result.err)
        self.assertIn("warning: --set CL=1 gives way to the column 'CL' of t.csv", result.err)

    def test_patients_of_a_population(self) -> None:
        def refused(population: str, *says: str) -> None:
            self.write("s.toml", SCENARIO.format(until="12 months", regimen="none", arm="", model="") + "[population]\nn = 3\n" + population)
            self.fails(INPUT, "check", "s.toml", says=says)

        refused("[population.patient]\nweigth = { kind = \"normal\", mean = 60, sd = 5 }\n", "[population.patient] has no 'weigth'", "'weight'")
        refused("[population.patient]\nt_tx = { kind = \"normal\", mean = -2, sd = 0.5 }\n", "no model takes the T-score 't_tx'", "'t_th'")
        refused("[population.patient]\nage = { kind = \"normal\", sd = 5 }\n", "'age' of [population.patient] has no mean")
        refused("[population.patient]\nage = { kind = \"normal\", mean = 150, sd = 5 }\n", "lies outside 0 to 130")
        refused("[population.patient]\nt_th = { kind = \"normal\", mean = -2, sd = 0.5 }\n", "need 'age'")
        self.write("who.csv", "patient.age,patient.t_th\n70,-2\n60,-1\n")
        text = SCENARIO.format(until="12 months", regimen="none", arm="", model="") + '[population]\ntable = "who.csv"\n'
        self.write("s.toml", text)
        result = self.cli("run", "s.toml", "-o", "who", "-q")
        self.assertEqual(result.code, OK, result.err)
        with open(self.dir / "who/trajectories.csv", encoding="utf-8") as file:
            scores = {row["subject"]: float(row["value"]) for row in csv.DictReader(file) if row["output"] == "T_TH" and row["month"] == "0"}
        self.assertAlmostEqual(scores["0"], -2, delta=0.02)
        self.assertAlmostEqual(scores["1"], -1, delta=0.02)

    def test_doses(self) -> None:
        said = "60 kg of denosumab is 285714 times the largest dose of its labels and studies, 210 mg"
        self.check((said, "Is the unit right?"), regimen="denosumab 60 kg")
        self.fails(INPUT, "simulate", "osteosome", "--until", "1 d", "--dose", "denosumab 60 kg", says=(said,))
        result = self.cli("regimen", "denosumab 6 g")
        self.assertEqual(result.code, OK)
        self.assertIn("warning: 6 g of denosumab is 29 times the largest dose", result.err)
        self.ok("regimen", "denosumab 210 mg")
        self.fails(INPUT, "simulate", "osteosome", "--until", "1 d", "--dose", "msc:bmsc 1e18 cells iv",
                   says=("1e+18 cells of msc:bmsc is 5e+09 times the largest dose",))
        self.fails(INPUT, "regimen", "exosomes:bmsc 100 kg iv", says=("100 kg of exosomes:bmsc is",))


if __name__ == "__main__":
    unittest.main()
