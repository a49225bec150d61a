#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Black-box tests of SBML files on the command line, of `convert`, and of `omex`."""

from __future__ import annotations

import csv
import math
import unittest
import zipfile

from support import INPUT, IO_ERROR, OK, ROOT, USAGE, Case, numbers, table
from support import setUpModule  # noqa: F401  (unittest calls it)

UNSUPPORTED = 5
DECAY = """\
<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2">
<model id="decay" timeUnits="second">
<listOfCompartments><compartment id="c" size="2" spatialDimensions="3" units="litre" constant="true"/></listOfCompartments>
<listOfSpecies><species id="A" compartment="c" initialConcentration="4" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/></listOfSpecies>
<listOfParameters><parameter id="k" value="0.5" constant="true"/></listOfParameters>
<listOfReactions><reaction id="r" reversible="false"><listOfReactants><speciesReference species="A" stoichiometry="1" constant="true"/></listOfReactants>
<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci>k</ci><ci>A</ci><ci>c</ci></apply></math></kineticLaw></reaction></listOfReactions>
</model>
</sbml>
"""
SEDML = """\
<?xml version="1.0" encoding="UTF-8"?>
<sedML xmlns="http://sed-ml.org/sed-ml/level1/version4" xmlns:sbml="http://www.sbml.org/sbml/level3/version2/core" level="1" version="4">
<listOfModels><model id="m" language="urn:sedml:language:sbml" source="decay.xml">
<listOfChanges><changeAttribute target="/sbml:sbml/sbml:model/sbml:listOfParameters/sbml:parameter[@id='k']/@value" newValue="0.25"/></listOfChanges></model></listOfModels>
<listOfSimulations>{simulation}</listOfSimulations>
<listOfTasks><task id="t" modelReference="m" simulationReference="s"/></listOfTasks>
<listOfDataGenerators>
<dataGenerator id="time"><listOfVariables><variable id="x" symbol="urn:sedml:symbol:time" taskReference="t"/></listOfVariables><math xmlns="http://www.w3.org/1998/Math/MathML"><ci>x</ci></math></dataGenerator>
<dataGenerator id="double"><listOfVariables><variable id="y" target="/sbml:sbml/sbml:model/sbml:listOfSpecies/sbml:species[@id='A']" taskReference="t"/></listOfVariables><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><cn>2</cn><ci>y</ci></apply></math></dataGenerator>
</listOfDataGenerators>
<listOfOutputs><report id="report"><listOfDataSets><dataSet id="d1" label="time" dataReference="time"/><dataSet id="d2" label="twice A" dataReference="double"/></listOfDataSets></report>
<plot2D id="plot"><listOfCurves><curve id="c1" logX="false" logY="false" xDataReference="time" yDataReference="double"/></listOfCurves></plot2D></listOfOutputs>
</sedML>
"""
COURSE = """<uniformTimeCourse id="s" initialTime="0" outputStartTime="0" outputEndTime="4" numberOfSteps="4"><algorithm kisaoID="KISAO:0000019"/></uniformTimeCourse>"""
MANIFEST = """\
<?xml version="1.0" encoding="UTF-8"?>
<omexManifest xmlns="http://identifiers.org/combine.specifications/omex-manifest">
<content location="." format="http://identifiers.org/combine.specifications/omex"/>
<content location="./decay.xml" format="http://identifiers.org/combine.specifications/sbml.level-3.version-2"/>
<content location="./run.sedml" format="http://identifiers.org/combine.specifications/sed-ml.level-1.version-4" master="true"/>
</omexManifest>
"""


class SbmlFiles(Case):
    def test_simulate_takes_an_sbml_file(self):
        self.write("decay.xml", DECAY)
        result = self.cli("simulate", "decay.xml", "--until", "4 s", "--every", "2 s", "--rtol", "1e-9")
        self.assertEqual(result.code, OK, result.err)
        rows = table(result.out)
        self.assertEqual(list(rows[0]), ["time [second]", "A"])
        self.assertAlmostEqual(float(rows[2]["A"]), 4 * math.exp(-2), delta=1e-7)
        self.assertIn("note: 2 quantities have no unit", result.err)

    def test_set_replaces_a_parameter_and_a_compartment(self):
        self.write("decay.xml", DECAY)
        result = self.cli("simulate", "decay.xml", "--until", "4", "--time-unit", "model", "--set", "k=0", "--set", "c=5 L")
        self.assertEqual(result.code, OK, result.err)
        self.assertEqual(float(table(result.out)[-1]["A"]), 4)

    def test_a_document_uses_an_sbml_file(self):
        self.write("decay.xml", DECAY)
        self.write("outer.toml", """
[model]
id = "outer"
title = "a model around an imported one"
time = "h"
source = "doi:10.1000/test"
[uses.inner]
document = "decay.xml"
[outputs]
level = { formula = "inner.A", unit = "mol/L", label = "level" }
""")
        result = self.cli("simulate", "outer.toml", "--until", "4 s", "--every", "2 s", "--observe", "level", "--rtol", "1e-9")
        self.assertEqual(result.code, OK, result.err)
        self.assertAlmostEqual(float(table(result.out)[2]["level"]), 4 * math.exp(-2), delta=1e-7)

    def test_problems_name_line_and_element(self):
        self.write("bad.xml", DECAY.replace("<ci>k</ci>", "<ci>kk</ci>"))
        result = self.cli("check", "bad.xml")
        self.assertEqual(result.code, INPUT)
        self.assertIn("bad.xml:8", result.err)
        self.assertIn("'kk'", result.err)

    def test_lanes_refuse_what_they_cannot_and_auto_says_so(self):
        delayed = '<apply><csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/delay">delay</csymbol><ci>A</ci><cn>1</cn></apply>'
        self.write("delay.xml", DECAY.replace("<ci>A</ci><ci>c</ci>", delayed + "<ci>c</ci>"))
        refused = self.cli("simulate", "delay.xml", "--until", "4 s", "--engine", "lanes")
        self.assertEqual(refused.code, UNSUPPORTED)
        self.assertIn("'delay' needs a history", refused.err)
        result = self.cli("simulate", "delay.xml", "--until", "4 s")
        self.assertEqual(result.code, OK, result.err)
        self.assertIn("note: engine reference", result.err)


class Convert(Case):
    def test_there_and_back_keeps_values(self):
        for name in ("joerg.xml", "joerg.toml"):
            result = self.cli("convert", "joerg-2022", name)
            self.assertEqual(result.code, OK, result.err)
        self.assertEqual(self.cli("convert", "joerg.xml", "back.toml").code, OK)
        first = self.cli("simulate", "joerg-2022", "--until", "12 months", "--dose", "denosumab 60 mg sc every 6 months x 2")
        for document in ("joerg.xml", "joerg.toml", "back.toml"):
            again = self.cli("simulate", document, "--until", "12 months", "--dose", "denosumab 60 mg sc every 6 months x 2")
            self.assertEqual(again.code, OK, again.err)
            self.assertEqual(again.out, first.out, document)

    def test_doses_become_events(self):
        result = self.cli("convert", "joerg-2022", "dosed.xml", "--dose", "denosumab 60 mg sc every 6 months x 2", "--until", "12 months")
        self.assertEqual(result.code, OK, result.err)
        self.assertIn("2 events", result.err)
        dosed = self.cli("simulate", "dosed.xml", "--until", "12 months", "--observe", "C", "--rtol", "1e-10")
        given = self.cli("simulate", "joerg-2022", "--until", "12 months", "--observe", "C", "--rtol", "1e-10", "--at-dose", "post",
                               "--dose", "denosumab 60 mg sc every 6 months x 2")
        for a, b in zip(numbers(table(dosed.out), "C"), numbers(table(given.out), "C"), strict=True):
            self.assertAlmostEqual(a, b, delta=1e-7 * max(1, abs(b)))

    def test_scenario_with_an_arm(self):
        result = self.cli("convert", str(ROOT / "scenarios/denosumab-and-stop.toml"), "arm.xml", "--arm", "nowhere")
        self.assertEqual(result.code, USAGE)
        self.assertIn("no arm 'nowhere'", result.err)

    def test_equations_as_text(self):
        self.assertIn("\\frac{\\mathrm{d}", self.cli("convert", "joerg-2022", "--to-latex").out)
        self.assertIn("## Equations", self.cli("convert", "joerg-2022", "--to-markdown").out)

    def test_ending_says_what_is_written(self):
        result = self.cli("convert", "joerg-2022", "joerg.txt")
        self.assertEqual(result.code, USAGE)
        self.assertIn("neither .toml nor .xml", result.err)

    def test_an_existing_file_stays(self):
        self.write("there.xml", "mine")
        result = self.cli("convert", "joerg-2022", "there.xml")
        self.assertEqual(result.code, IO_ERROR)
        self.assertEqual((self.dir / "there.xml").read_text(), "mine")


class Omex(Case):
    def archive(self, simulation: str = COURSE, extra: dict[str, str] | None = None) -> None:
        with zipfile.ZipFile(self.dir / "a.omex", "w") as out:
            for name, text in {"manifest.xml": MANIFEST, "decay.xml": DECAY, "run.sedml": SEDML.format(simulation=simulation), **(extra or {})}.items():
                out.writestr(name, text)

    def setUp(self):
        super().setUp()
        result = self.cli("omex", "--help")
        if result.code == IO_ERROR:
            self.skipTest("there is no Python environment of omex (make omex)")

    def test_run_writes_reports_and_plots(self):
        self.archive()
        result = self.cli("omex", "run", "-i", "a.omex", "-o", "out")
        self.assertEqual(result.code, OK, result.err)
        with open(self.dir / "out/run.sedml/report.csv", encoding="utf-8") as text:
            rows = list(csv.reader(text))
        self.assertEqual(rows[0], ["time", "twice A"])
        self.assertEqual(len(rows), 6)
        self.assertAlmostEqual(float(rows[-1][1]), 8 * math.exp(-1), delta=1e-4)
        self.assertTrue((self.dir / "out/reports.h5").stat().st_size > 0)
        self.assertIn("<svg", (self.dir / "out/run.sedml/plot.svg").read_text(encoding="utf-8"))

    def test_what_is_not_done_is_refused_by_name(self):
        self.archive("""<steadyState id="s"><algorithm kisaoID="KISAO:0000407"/></steadyState>""")
        result = self.cli("omex", "run", "-i", "a.omex", "-o", "out")
        self.assertEqual(result.code, UNSUPPORTED)
        self.assertIn("<steadyState> is not supported", result.err)

    def test_entries_that_point_out_are_refused(self):
        self.archive(extra={"../evil.txt": "x"})
        result = self.cli("omex", "run", "-i", "a.omex", "-o", "out")
        self.assertEqual(result.code, INPUT)
        self.assertIn("points out of the archive", result.err)

    def test_no_archive(self):
        self.write("a.omex", "no zip")
        self.assertEqual(self.cli("omex", "run", "-i", "a.omex", "-o", "out").code, INPUT)
        self.assertEqual(self.cli("omex", "run", "-i", "none.omex", "-o", "out").code, IO_ERROR)

    def test_export_and_run_give_what_the_scenario_gives(self):
        scenario = self.write("two.toml", """
[scenario]
title = "two arms"
until = "12 months"
every = "6 months"
[models]
joerg = { document = "joerg-2022" }
[arms.none]
regimen = "none"
[arms.denosumab]
label = "denosumab"
regimen = "denosumab 60 mg sc every 6 months x 2"
""")
        result = self.cli("omex", "export", str(scenario), "-o", "two.omex")
        self.assertEqual(result.code, OK, result.err)
        run = self.cli("omex", "run", "-i", "two.omex", "-o", "out")
        self.assertEqual(run.code, OK, run.err)
        with open(self.dir / "out/simulation.sedml/report_joerg_denosumab.csv", encoding="utf-8") as text:
            rows = list(csv.DictReader(text))
        plain = self.cli("simulate", "joerg-2022", "--until", "12 months", "--every", "6 months", "--observe", "hip", "--at-dose", "post",
                               "--dose", "denosumab 60 mg sc every 6 months x 2")
        self.assertAlmostEqual(float(rows[-1]["hip"]), numbers(table(plain.out), "hip")[-1], delta=1e-4)


if __name__ == "__main__":
    unittest.main()
