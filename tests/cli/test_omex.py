#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Archives whose numbers a closed form gives, and what of SED-ML has no effect or is refused."""

from __future__ import annotations

import csv
import math
import unittest
import zipfile
from xml.sax.saxutils import quoteattr

from support import INPUT, IO_ERROR, OK, Case, Result
from support import setUpModule  # noqa: F401  (unittest calls it)

UNSUPPORTED = 5
CORE = "http://www.sbml.org/sbml/level3/version1/core"
MATHML = "http://www.w3.org/1998/Math/MathML"
# A in a compartment of 2 loses the fraction k of the reaction each unit of time: 4 exp(-0.25 t) as a concentration.
MODEL = f"""<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="{CORE}" level="3" version="1"><model id="m" substanceUnits="mole" timeUnits="second" volumeUnits="litre" extentUnits="mole">
<listOfCompartments><compartment id="c" spatialDimensions="3" size="2" constant="true"/></listOfCompartments>
<listOfSpecies><species id="A" compartment="c" initialAmount="8" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/></listOfSpecies>
<listOfParameters><parameter id="k" value="100" constant="true"/><parameter id="pi" value="7" constant="true"/><parameter id="w" value="1" constant="false"/></listOfParameters>
<listOfRules><assignmentRule variable="w"><math xmlns="{MATHML}"><apply><times/><cn>2</cn><ci>A</ci></apply></math></assignmentRule></listOfRules>
<listOfReactions><reaction id="J" reversible="false" fast="false"><listOfReactants><speciesReference species="A" stoichiometry="1" constant="true"/></listOfReactants>
<kineticLaw><math xmlns="{MATHML}"><apply><times/><ci>k</ci><ci>A</ci><ci>c</ci></apply></math>
<listOfLocalParameters><localParameter id="k" value="0.25"/></listOfLocalParameters></kineticLaw></reaction></listOfReactions>
</model></sbml>"""
TARGET = "/sbml:sbml/sbml:model/sbml:"
A, PI = TARGET + "listOfSpecies/sbml:species[ @id = \"A\" ]", TARGET + "listOfParameters/sbml:parameter[@id='pi']"
SIZE = TARGET + "listOfCompartments/sbml:compartment[@id='c' and @size]/@size"
K = "//sbml:reaction[@id='J']//sbml:localParameter[@id='k']"
TIMES = (0, 1, 2, 3, 4)


def change(target: str, value: object) -> str:
    return f"<changeAttribute target={quoteattr(target)} newValue=\"{value}\"/>"


def course(extra: str = "", algorithm: str = "KISAO:0000019", inside: str = "", points: str = 'numberOfPoints="4"') -> str:
    times = extra or 'initialTime="0" outputStartTime="0" outputEndTime="4"'
    return f'<uniformTimeCourse id="s" {times} {points}><algorithm kisaoID="{algorithm}">{inside}</algorithm></uniformTimeCourse>'


def apply(name: str, *arguments: str) -> str:
    return f"<apply><{name}/>{''.join(arguments)}</apply>"


def ratio(name: str, of: float, by: float) -> str:
    return apply(name, f"<cn>{of}</cn>", f"<cn>{by}</cn>")


class Archives(Case):
    def setUp(self):
        super().setUp()
        if self.cli("omex", "--help").code == IO_ERROR:
            self.skipTest("there is no Python environment of omex (make omex)")

    def run_sedml(self, changes: str = "", simulation: str = "", variable: str = f"target={quoteattr(A)}", math_: str = "<ci>v</ci>", *, more_models: str = "",
                  source: str = "model.xml", task: str = "m", folder: str = "", model_at: str = "model.xml", more_simulations: str = "",
                  more_variables: str = "", more_tasks: str = "", more_generators: str = "", more_data: str = "") -> Result:
        listed = f"<listOfChanges>{changes}</listOfChanges>" if changes else ""
        text = f"""<?xml version="1.0" encoding="UTF-8"?>
<sedML xmlns="http://sed-ml.org/sed-ml/level1/version3" xmlns:sbml="{CORE}" level="1" version="3">
<listOfSimulations>{simulation or course()}{more_simulations}</listOfSimulations>
<listOfModels><model id="m" language="urn:sedml:language:sbml" source="{source}">{listed}</model>{more_models}</listOfModels>
<listOfTasks><task id="t" modelReference="{task}" simulationReference="s"/>{more_tasks}</listOfTasks>
<listOfDataGenerators><dataGenerator id="g"><listOfVariables><variable id="v" taskReference="t" {variable}/>{more_variables}</listOfVariables>
<math xmlns="{MATHML}">{math_}</math></dataGenerator>{more_generators}</listOfDataGenerators>
<listOfOutputs><report id="r"><listOfDataSets><dataSet id="d" label="v" dataReference="g"/>{more_data}</listOfDataSets></report></listOfOutputs></sedML>"""
        manifest = f"""<?xml version="1.0" encoding="UTF-8"?><omexManifest xmlns="http://identifiers.org/combine.specifications/omex-manifest">
<content location="." format="http://identifiers.org/combine.specifications/omex"/>
<content location="./{folder}run.sedml" format="http://identifiers.org/combine.specifications/sed-ml"/></omexManifest>"""
        with zipfile.ZipFile(self.dir / "a.omex", "w") as out:
            for name, content in (("manifest.xml", manifest), (model_at, MODEL), (folder + "run.sedml", text)):
                out.writestr(name, content)
        self.report = self.dir / "out" / folder / "run.sedml" / "r.csv"
        return self.cli("omex", "run", "-i", "a.omex", "-o", "out", "--overwrite")

    def expect(self, want: list[float], result: Result, rel: float = 2e-4) -> None:
        self.assertEqual(result.code, OK, result.err)
        with open(self.report, encoding="utf-8") as text:
            got = [float(row["v"]) for row in csv.DictReader(text)]
        self.assertEqual(len(got), len(want))
        for g, w in zip(got, want, strict=True):
            self.assertAlmostEqual(g, w, delta=rel * abs(w))

    def test_changes_with_blanks_and_quotes_are_made_in_order(self):
        decay = [math.exp(-0.25 * t) for t in TIMES]
        for changes, first in ((change(A + "/@initialAmount", 20) + change(SIZE, 5), 4), (change(SIZE, 5) + change(A + "/@initialAmount", 20), 4),
                               (change(A + "/@initialConcentration", 7), 7), (change(A + "/@initialConcentration", 7) + change(A + "/@initialAmount", 6), 3),
                               (change(A + "/@initialAmount", 6) + change(A + "/@initialConcentration", 7) + change(SIZE, 9), 7)):
            self.expect([first * d for d in decay], self.run_sedml(changes))

    def test_a_local_parameter_is_the_one_of_its_reaction(self):
        self.expect([4 * math.exp(-0.5 * t) for t in TIMES], self.run_sedml(change(K + "/@value", 0.5)))
        self.expect([0.25] * 5, self.run_sedml(variable=f"target={quoteattr(K)}"))
        self.expect([100] * 5, self.run_sedml(variable=f"target={quoteattr(PI.replace('pi', 'k'))}"))

    def test_a_name_that_formulas_have_built_in(self):
        self.expect([9] * 5, self.run_sedml(change(PI + "/@value", 9), variable=f"target={quoteattr(PI)}"))

    def test_a_derived_model_has_the_changes_of_both(self):
        more = f'<model id="d" language="urn:sedml:language:sbml" source="#m"><listOfChanges>{change(K + "/@value", 0.5)}</listOfChanges></model>'
        self.expect([10 * math.exp(-0.5 * t) for t in TIMES], self.run_sedml(change(A + "/@initialAmount", 20), more_models=more, task="d"))

    def test_output_begins_late_and_steps_divide_what_is_left(self):
        late = 'initialTime="0" outputStartTime="1.5" outputEndTime="4"'
        times = [1.5, 2, 2.5, 3, 3.5, 4]
        self.expect([4 * math.exp(-0.25 * t) for t in times], self.run_sedml(simulation=course(late, points='numberOfPoints="5"')))

    def test_folders(self):
        want = [4 * math.exp(-0.25 * t) for t in TIMES]
        self.expect(want, self.run_sedml(folder="a/b/", source="../../models/model.xml", model_at="models/model.xml"))
        self.expect(want, self.run_sedml(folder="a/", source="./model.xml", model_at="a/model.xml"))
        result = self.run_sedml(source="../model.xml")
        self.assertEqual(result.code, INPUT)
        self.assertIn("the source '../model.xml' is not in the archive", result.err)

    def test_formulas_of_data_generators(self):
        v, minus_two = "<ci>v</ci>", "<cn>-2</cn>"
        for formula, want in ((apply("divide", v, apply("max", v)), [math.exp(-0.25 * t) for t in TIMES]),
                              (apply("minus", apply("power", minus_two, "<cn>2</cn>")), [-4]), (apply("log", "<logbase><cn>2</cn></logbase>", "<cn>8</cn>"), [3]),
                              (apply("max", v, "<cn>2</cn>"), [max(4 * math.exp(-0.25 * t), 2) for t in TIMES]), (ratio("rem", -7, 4), [-3]),
                              ('<cn type="rational">1<sep/>3</cn>', [1 / 3]), ('<cn type="e-notation">1.5<sep/>-3</cn>', [0.0015]),
                              ("<cn>0.12345678901234568</cn>", [0.12345678901234568]), (ratio("quotient", -7, 2), [-3]),
                              ("<piecewise><piece><cn>1</cn>" + apply("gt", v, "<cn>2</cn>") + "</piece><otherwise><cn>-1</cn></otherwise></piecewise>",
                               [1, 1, 1, -1, -1])):
            self.expect(want, self.run_sedml(math_=formula), rel=1e-15 if len(want) == 1 else 2e-4)

    def test_elements_are_added_replaced_and_removed(self):
        lists = "/sbml:sbml/sbml:model/sbml:listOfParameters"
        for namespace in ("", f' xmlns="{CORE}"', ' xmlns="http://www.sbml.org/sbml/level2/version4"'):
            added = f'<addXML target="{lists}"><newXML><parameter{namespace} id="z" value="3" constant="true"/></newXML></addXML>'
            self.expect([3] * 5, self.run_sedml(added, variable="target=" + quoteattr(lists + "/sbml:parameter[@id = 'z']")))
        replaced = f'<changeXML target={quoteattr(PI)}><newXML><sbml:parameter id="pi" value="11" constant="true"/></newXML></changeXML>'
        self.expect([11] * 5, self.run_sedml(replaced, variable=f"target={quoteattr(PI)}"))
        w = lists + "/sbml:parameter[@id='w']"
        removed = '<removeXML target="//sbml:assignmentRule"/>' + change(w + "/@value", 5)
        self.expect([5] * 5, self.run_sedml(removed, variable=f"target={quoteattr(w)}"))

    def test_what_has_no_effect_is_said(self):
        result = self.run_sedml(change(TARGET + "listOfParameters/sbml:parameter[@id='w']/@value", 5))
        self.assertEqual(result.code, OK, result.err)
        self.assertIn("has no effect: an <assignmentRule> gives the value", result.err)
        result = self.run_sedml(simulation=course(inside='<listOfAlgorithmParameters><algorithmParameter kisaoID="KISAO:0000415" value="7"/></listOfAlgorithmParameters>'))
        self.assertEqual(result.code, OK, result.err)
        self.assertIn("the algorithm's parameter 'KISAO:0000415' = 7 has no effect", result.err)

    def test_what_is_not_understood_is_refused_by_name(self):
        for kind, words in (
                (dict(changes=change(A.replace(' "A"', " 'A'][starts-with(@id,'A')") + "/@initialAmount", 1)), "is not understood at '"),
                (dict(simulation=course(algorithm="KISAO:0000437")), "the algorithm 'KISAO:0000437' is not supported"),  # flux balance analysis
                (dict(simulation=course(algorithm="KISAO:0000029")), "the algorithm 'KISAO:0000029' is not supported"),  # Gillespie
                (dict(simulation=course('initialTime="1" outputStartTime="1" outputEndTime="4"')), "starts at 1; only 0 is supported"),
                (dict(variable='symbol="urn:sedml:symbol:amount"'), "the symbol 'urn:sedml:symbol:amount' is not supported"),
                (dict(variable=f"target={quoteattr(A + '/@initialAmount')}"), "is no quantity with a time course: <species>, attribute 'initialAmount'"),
                (dict(variable=f"target={quoteattr(TARGET + 'listOfSpecies')}"), "is no quantity with a time course: <listOfSpecies>"),
                (dict(math_=apply("sin", "<ci>v</ci>", "<ci>v</ci>")), "'sin' is given 2 arguments"),
                (dict(math_=apply("gcd", "<ci>v</ci>")), "")):
            result = self.run_sedml(**kind)
            self.assertIn(result.code, (INPUT, UNSUPPORTED), result.err)
            self.assertIn(words, result.err)
            self.assertFalse((self.dir / "out").exists())

    def test_columns_without_common_times_do_not_combine(self):
        result = self.run_sedml(more_simulations=course(points='numberOfPoints="2"').replace('id="s"', 'id="u"'),
                                more_tasks='<task id="u" modelReference="m" simulationReference="u"/>',
                                more_variables=f'<variable id="o" taskReference="u" target={quoteattr(A)}/>', math_=apply("minus", "<ci>v</ci>", "<ci>o</ci>"))
        self.assertEqual(result.code, UNSUPPORTED, result.err)
        self.assertIn("it combines columns of 3 and 5 rows, which have no common times", result.err)

    def test_a_report_of_columns_with_other_times_says_so(self):
        result = self.run_sedml(more_data='<dataSet id="e" label="greatest" dataReference="h"/>',
                                more_generators=f'<dataGenerator id="h"><math xmlns="{MATHML}"><cn>1</cn></math></dataGenerator>')
        self.assertEqual(result.code, OK, result.err)
        self.assertIn("note: report 'r': its columns have 1 and 5 rows, so a row is no common time", result.err)


if __name__ == "__main__":
    unittest.main()
