# SPDX-License-Identifier: Apache-2.0
"""What of SED-ML Level 1 (up to version 4) is run: tasks with one uniform time course each, changes of attributes, reports and 2D plots."""
import re
import xml.etree.ElementTree as ElementTree

import libsedml

from .problem import UNSUPPORTED, Problem

NAMESPACES = {f"sbml_{level}_{version}": uri for level, version, uri in (
    (2, 1, "http://www.sbml.org/sbml/level2"), (2, 4, "http://www.sbml.org/sbml/level2/version4"), (3, 1, "http://www.sbml.org/sbml/level3/version1/core"),
    (3, 2, "http://www.sbml.org/sbml/level3/version2/core"))}
STEP = re.compile(r"^(?:(?P<prefix>[\w.-]+):)?(?P<name>[\w.*-]+)(?P<filters>(?:\[[^\]]*\])*)$")
FILTER = re.compile(r"\[@(?P<key>[\w:.-]+)=['\"](?P<value>[^'\"]*)['\"]\]")
TIME = "urn:sedml:symbol:time"


ODE = {"19", "30", "32", "55", "71", "86", "87", "88", "89", "90", "94", "283", "288", "301", "304", "314", "433", "435", "436", "437", "466", "496",
       "497", "498", "499", "501", "535", "536", "560", "694", "696", "697"}  # KiSAO numbers of solvers of differential equations


def read(path):
    """@throws Problem with libSEDML's errors."""
    if not path.is_file():
        raise Problem(f"the manifest names '{path.name}', which is not in the archive")
    document = libsedml.readSedMLFromFile(str(path))
    errors = [document.getError(i) for i in range(document.getNumErrors())]
    errors = [e for e in errors if e.getSeverity() >= libsedml.LIBSEDML_SEV_ERROR]
    if errors:
        raise Problem("; ".join(f"{path.name}:{e.getLine()}: {' '.join(e.getMessage().split())}" for e in errors[:5]))
    return document


def local(tag):
    return tag.rsplit("}", 1)[-1]


def find(root, target):
    """The element, and the attribute if the path ends in one, of an XPath as SED-ML uses it: /sbml:sbml/sbml:model/...[@id='x']/@value."""
    steps = [s for s in target.strip().split("/") if s]
    attribute = steps.pop()[1:] if steps and steps[-1].startswith("@") else None
    found = [root]
    for depth, step in enumerate(steps):
        match = STEP.match(step)
        if match is None:
            raise Problem(f"the target '{target}' is not understood", UNSUPPORTED)
        filters = FILTER.findall(match["filters"])
        if depth > 0:
            found = [child for element in found for child in element]
        found = [e for e in found if match["name"] in ("*", local(e.tag)) and all(e.get(key) == value for key, value in filters)]
    if len(found) != 1:
        raise Problem(f"the target '{target}' names {len(found)} elements of the model, not one")
    return found[0], attribute


def identifier(root, target):
    element, _ = find(root, target)
    if element.get("id") is None:
        raise Problem(f"the target '{target}' has no id")
    return element.get("id")


def changed(path, model):
    """The model file's element tree with the changes of the SED-ML model made."""
    for prefix, uri in (("math", "http://www.w3.org/1998/Math/MathML"), ("html", "http://www.w3.org/1999/xhtml")):
        ElementTree.register_namespace(prefix, uri)
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise Problem(f"model '{model.getId()}': cannot read '{model.getSource()}': {error}") from None
    ElementTree.register_namespace("", root.tag[1:].split("}")[0] if root.tag.startswith("{") else "")
    change_all(root, model)
    return root


def new_elements(change):
    """The elements of <newXML>."""
    text = change.getNewXML().toXMLString()
    return list(ElementTree.fromstring(text if text.lstrip().startswith("<newXML") else f"<newXML>{text}</newXML>"))


def change_all(root, model):
    """Makes the changes of the SED-ML model, in order."""
    parents = {child: parent for parent in root.iter() for child in parent}
    for i in range(model.getNumChanges()):
        change, kind = model.getChange(i), model.getChange(i).getTypeCode()
        element, attribute = find(root, change.getTarget())
        if kind == libsedml.SEDML_CHANGE_ATTRIBUTE:
            if attribute is None:
                raise Problem(f"the target '{change.getTarget()}' names no attribute")
            element.set(attribute, change.getNewValue())
        elif kind == libsedml.SEDML_CHANGE_ADDXML:
            element.extend(new_elements(change))
        elif kind in (libsedml.SEDML_CHANGE_REMOVEXML, libsedml.SEDML_CHANGE_CHANGEXML):
            place = list(parents[element]).index(element)
            parents[element].remove(element)
            for k, new in enumerate(new_elements(change) if kind == libsedml.SEDML_CHANGE_CHANGEXML else []):
                parents[element].insert(place + k, new)
        else:
            raise Problem(f"model '{model.getId()}': <{change.getElementName()}> is not supported", UNSUPPORTED)
        parents = {child: parent for parent in root.iter() for child in parent}


def course(simulation):
    """(start of output, end, steps) of a uniform time course."""
    if simulation.getTypeCode() != libsedml.SEDML_SIMULATION_UNIFORMTIMECOURSE:
        raise Problem(f"simulation '{simulation.getId()}': <{simulation.getElementName()}> is not supported; only <uniformTimeCourse> is", UNSUPPORTED)
    if simulation.getInitialTime() != 0:
        raise Problem(f"simulation '{simulation.getId()}' starts at {simulation.getInitialTime():g}; only 0 is supported", UNSUPPORTED)
    steps = simulation.getNumberOfSteps() if simulation.isSetNumberOfSteps() else simulation.getNumberOfPoints()
    start, end = simulation.getOutputStartTime(), simulation.getOutputEndTime()
    kisao = simulation.getAlgorithm().getKisaoID().replace("_", ":").removeprefix("KISAO:").lstrip("0") if simulation.getAlgorithm() else "19"
    if kisao not in ODE:
        raise Problem(f"simulation '{simulation.getId()}': the algorithm '{simulation.getAlgorithm().getKisaoID()}' is not supported; only solvers of "
                      "differential equations are", UNSUPPORTED)
    if not 0 <= start <= end < float("inf") or not 0 < steps <= 10_000_000:
        raise Problem(f"simulation '{simulation.getId()}': from {start:g} to {end:g} in {steps} steps is no time course")
    return start, end, steps


def tolerance(simulation):
    """Relative tolerance (KISAO:0000209), if it is given."""
    algorithm = simulation.getAlgorithm()
    for i in range(algorithm.getNumAlgorithmParameters() if algorithm is not None else 0):
        parameter = algorithm.getAlgorithmParameter(i)
        if parameter.getKisaoID().replace("_", ":") == "KISAO:0000209":
            try:
                value = float(parameter.getValue())
            except ValueError:
                value = 0
            if not 1e-13 <= value <= 0.1:
                raise Problem(f"simulation '{simulation.getId()}': the relative tolerance '{parameter.getValue()}' is no number from 1e-13 to 0.1")
            return value
    return None
