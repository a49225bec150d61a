#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Targets of SED-ML: every way XPath has of naming one element, and the refusal of what is not understood."""

from __future__ import annotations

import sys
import unittest
import xml.etree.ElementTree as ElementTree

from support import ROOT

sys.path.insert(0, str(ROOT / "python"))
from osteosome_omex import xpath  # noqa: E402
from osteosome_omex.problem import INVALID, UNSUPPORTED, Problem  # noqa: E402

CORE = "http://www.sbml.org/sbml/level3/version1/core"
MODEL = f"""<sbml xmlns="{CORE}" xmlns:l="http://example.org/layout"><model id="m">
<listOfSpecies><species id="A" name="two words" initialAmount="1.50"/><species id="B" name="it's"/></listOfSpecies>
<listOfParameters><parameter id="A"/><l:parameter id="P"/></listOfParameters>
<listOfReactions><reaction id="J"><kineticLaw><listOfLocalParameters><localParameter id="k"/></listOfLocalParameters></kineticLaw></reaction></listOfReactions>
</model></sbml>"""
NAMESPACES = {"sbml": "http://www.sbml.org/sbml/level2/version4", "s": CORE, "layout": "http://example.org/layout", "": "http://sed-ml.org/sed-ml/level1/version3"}
SPECIES = "/sbml:sbml/sbml:model/sbml:listOfSpecies/sbml:species"


def found(target: str) -> tuple[str, str, str | None]:
    element, attribute = xpath.find(ElementTree.fromstring(MODEL), target, NAMESPACES)
    return element.tag.rpartition("}")[2], element.get("id"), attribute


class Targets(unittest.TestCase):
    def test_one_species_in_many_ways(self):
        for target in ("[@id='A']", '[@id="A"]', "[ @id = 'A' ]", "[@id\t=\n'A']", "['A' = @id]", "[1]", "[position()=1]", "[position() = 1 and @id='A']",
                       "[@id='A' and @name='two words']", "[@id='Z' or @id='A']", "[(@id='A')]", "[@initialAmount=1.5]", "[@initialAmount]",
                       "[@id!='B']", "[@id='A'][1]", "[attribute::id='A']"):
            self.assertEqual(found(SPECIES + target), ("species", "A", None), target)

    def test_filters_that_hold_for_the_other_one(self):
        for target in ('[@name="it\'s"]', "[2]", "[last()]", "[position() = last()]", "[position()!=1]"):
            self.assertEqual(found(SPECIES + target), ("species", "B", None), target)

    def test_steps_prefixes_and_attributes(self):
        for target, want in (("//sbml:species[@id='B']", ("species", "B", None)), ("//s:species[@id='B']/@name", ("species", "B", "name")),
                             ("/sbml/model/listOfSpecies/species[@id='B']", ("species", "B", None)), ("//*[@id='J']", ("reaction", "J", None)),
                             ("/*/*/sbml:listOfParameters/sbml:parameter[@id='A']/@value", ("parameter", "A", "value")),
                             ("//layout:parameter", ("parameter", "P", None)), ("/child::s:sbml/child::s:model/@id", ("model", "m", "id")),
                             ("//s:reaction[@id='J']//s:localParameter[ @id = 'k' ] / @value", ("localParameter", "k", "value")),
                             (" /sbml:sbml/sbml:model ", ("model", "m", None))):
            self.assertEqual(found(target), want, target)

    def test_what_is_not_understood_is_named(self):
        for target, what in ((SPECIES + "[contains(@id, 'A')]", "contains"), (SPECIES + "[not(@id='B')]", "not"), (SPECIES + "[@id=A]", "A"),
                             (SPECIES + "[s:name='A']", "s:name"), (SPECIES + "[@id='A'", "its end"), (SPECIES + "[@initialAmount<2]", "<"),
                             (SPECIES + "[]", "]"), ("id('A')", "id"), ("//s:model/descendant::s:species", "descendant"), (SPECIES + "[1]/..", ".."),
                             (SPECIES + "[@id='A'] | //s:model", "|"), (SPECIES + "[@id='A']/@name/s:x", "/"), ("", "its end")):
            with self.assertRaises(Problem) as refused:
                found(target)
            self.assertEqual((str(refused.exception), refused.exception.code), (f"the target '{target}' is not understood at '{what}'", UNSUPPORTED))

    def test_a_prefix_that_is_not_declared(self):
        with self.assertRaises(Problem) as refused:
            found("/x:sbml")
        self.assertEqual(str(refused.exception), "the target '/x:sbml' has the prefix 'x', which the SED-ML file does not declare")

    def test_none_or_several(self):
        for target, count in ((SPECIES, 2), (SPECIES + "[@id='a']", 0), ("//*[@id='A']", 2), (SPECIES + "[@id='A'][2]", 0), ("/layout:sbml", 0)):
            with self.assertRaises(Problem) as refused:
                found(target)
            self.assertEqual((str(refused.exception), refused.exception.code), (f"the target '{target}' names {count} elements of the model, not one", INVALID))


if __name__ == "__main__":
    unittest.main()
