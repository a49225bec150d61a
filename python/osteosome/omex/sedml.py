# SPDX-License-Identifier: Apache-2.0
"""What of SED-ML Level 1 (up to version 4) is run: tasks with one uniform time course each, changes of attributes, reports and 2D plots."""
import re
import xml.etree.ElementTree as ElementTree
from xml.sax.saxutils import quoteattr

import libsedml

from . import xpath
from .problem import UNSUPPORTED, Problem

TIME = "urn:sedml:symbol:time"


# KiSAO numbers of solvers of ordinary differential equations (and of the differential-algebraic ones that solve those too).
ODE = {19, 20, 30, 31, 32, 33, 64, 71, 86, 87, 88, 89, 90, 91, 93, 94, 232, 233, 234, 261, 276, 279, 280, 281, 283, 288, 289, 290, 296, 297, 299, 301, 302,
       303, 304, 305, 318, 321, 355, 356, 364, 378, 379, 381, 382, 383, 384, 432, 433, 434, 435, 436, 496, 535, 536, 537, 544, 560, 609, 612, 617, 668, 672,
       694}
KISAO = re.compile(r"^(?:.*\bKISAO)[:_](\d{7})$|^(\d{7})$")
RELATIVE_TOLERANCE = 209
INITIAL = ("initialAmount", "initialConcentration")
VALUES = {"species": INITIAL, "parameter": ("value",), "localParameter": ("value",), "compartment": ("size", "volume")}
# Names that formulas have built in, which a quantity cannot have: the program gives it one with "_" behind (src/osteosome/expr/ast.cpp, is_reserved).
RESERVED = set("""time Time INF inf infinity NaN nan notanumber avogadro pi exponentiale true false log delay rateOf root and or not xor plus times minus divide
power abs ceil cos cosh exp floor ln log10 max min pow sin sinh sqrt tan tanh piecewise acos asin atan quotient rem factorial implies""".split())
SYMBOLS = ("species", "parameter", "localParameter", "compartment", "reaction", "speciesReference")


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


def tree(path):
    """(what the prefixes of the SED-ML file mean, the <math> of its data generators by id), which libSEDML shows only in part."""
    namespaces, maths = {}, {}
    for event, item in ElementTree.iterparse(path, events=("start-ns", "end")):
        if event == "start-ns":
            prefix, uri = item
            known = namespaces.setdefault(prefix, uri)
            if prefix and known != uri and not (xpath.SBML_CORE.match(known) and xpath.SBML_CORE.match(uri)):
                raise Problem(f"{path.name}: the prefix '{prefix}' means '{known}' and '{uri}'", UNSUPPORTED)
        elif local(item.tag) == "dataGenerator":
            maths[item.get("id")] = next((child for child in item if local(child.tag) == "math"), None)
    return namespaces, maths


def local(tag):
    return tag.rsplit("}", 1)[-1]


def program_name(root, element):
    """What the program calls the quantity of an element; a parameter of a reaction has the reaction's name before its own."""
    taken = {e.get("id") for e in root.iter()}

    def free(sid):
        name = sid + "_" if sid in RESERVED else sid
        while name != sid and name in taken:
            name += "_"
        return name
    for reaction in root.iter():
        law = [e for e in reaction if local(e.tag) == "kineticLaw"] if local(reaction.tag) == "reaction" else []
        if any(element is e for part in law for e in part.iter()):
            return f"{free(reaction.get('id'))}.{element.get('id')}"
    return free(element.get("id"))


def identifier(root, target, namespaces):
    """The program's name of a variable's quantity."""
    element, attribute = xpath.find(root, target, namespaces)
    kind = local(element.tag)
    if kind not in SYMBOLS or (attribute is not None and attribute not in VALUES.get(kind, ())) or attribute in INITIAL:
        raise Problem(f"the target '{target}' is no quantity with a time course: <{kind}>" + (f", attribute '{attribute}'" if attribute else ""), UNSUPPORTED)
    if element.get("id") is None:
        raise Problem(f"the target '{target}' has no id")
    return program_name(root, element)


def changed(path, model, namespaces, notes):
    """The model file's element tree with the changes of the SED-ML model made."""
    for prefix, uri in (("math", "http://www.w3.org/1998/Math/MathML"), ("html", "http://www.w3.org/1999/xhtml")):
        ElementTree.register_namespace(prefix, uri)
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise Problem(f"model '{model.getId()}': cannot read '{model.getSource()}': {error}") from None
    ElementTree.register_namespace("", root.tag[1:].split("}")[0] if root.tag.startswith("{") else "")
    change_all(root, model, namespaces, notes)
    return root


def new_elements(change, root, namespaces):
    """The elements of <newXML>; those of no namespace, or of SBML, are the model's."""
    declared = "".join(f" xmlns:{prefix}={quoteattr(uri)}" for prefix, uri in namespaces.items() if prefix)
    wrapped = ElementTree.fromstring(f"<wrapped{declared}>{change.getNewXML().toXMLString()}</wrapped>")
    elements = [child for e in wrapped for child in (e if local(e.tag) == "newXML" else [e])]
    own = root.tag.rpartition("}")[0]
    for element in (e for new in elements for e in new.iter()):
        space, _, tag = element.tag.rpartition("}")
        if own and (not space or "sed-ml.org" in space or xpath.SBML_CORE.match(space[1:])):
            element.tag = f"{own}}}{tag}"
    return elements


def set_attribute(element, attribute, value):
    """An initial amount and an initial concentration exclude each other: the later change holds."""
    if local(element.tag) == "species" and attribute in INITIAL:
        for other in INITIAL:
            element.attrib.pop(other, None)
    element.set(attribute, value)


def overridden(root, element, attribute):
    """What else determines the value that was set, or None."""
    if attribute not in VALUES.get(local(element.tag), ()):
        return None
    for other in root.iter():
        kind = local(other.tag)
        if (kind == "initialAssignment" and other.get("symbol") == element.get("id")) or (
                kind == "assignmentRule" and other.get("variable") == element.get("id")):
            return kind
    return None


def change_all(root, model, namespaces, notes):
    """Makes the changes of the SED-ML model, in order; `notes` gets those without effect."""
    was_set, shortened = [], []
    for i in range(model.getNumChanges()):
        change, kind = model.getChange(i), model.getChange(i).getTypeCode()
        parents = {child: parent for parent in root.iter() for child in parent}
        element, attribute = xpath.find(root, change.getTarget(), namespaces)
        if kind == libsedml.SEDML_CHANGE_ATTRIBUTE:
            if attribute is None:
                raise Problem(f"the target '{change.getTarget()}' names no attribute")
            set_attribute(element, attribute, change.getNewValue())
            was_set.append((change.getTarget(), element, attribute))
        elif kind not in (libsedml.SEDML_CHANGE_ADDXML, libsedml.SEDML_CHANGE_REMOVEXML, libsedml.SEDML_CHANGE_CHANGEXML):
            raise Problem(f"model '{model.getId()}': <{change.getElementName()}> is not supported", UNSUPPORTED)
        elif attribute is not None:
            if kind != libsedml.SEDML_CHANGE_REMOVEXML:
                raise Problem(f"the target '{change.getTarget()}' is an attribute, where <{change.getElementName()}> takes an element")
            if element.attrib.pop(attribute, None) is None:
                raise Problem(f"the target '{change.getTarget()}' is not there")
        elif kind == libsedml.SEDML_CHANGE_ADDXML:
            element.extend(new_elements(change, root, namespaces))
        elif element not in parents:
            raise Problem(f"the target '{change.getTarget()}' is the whole model, which cannot be replaced", UNSUPPORTED)
        else:
            place = list(parents[element]).index(element)
            parents[element].remove(element)
            shortened.append(parents[element])
            for k, new in enumerate(new_elements(change, root, namespaces) if kind == libsedml.SEDML_CHANGE_CHANGEXML else []):
                parents[element].insert(place + k, new)
    parents = {child: parent for parent in root.iter() for child in parent}
    for element in shortened:  # SBML has no empty lists
        if len(element) == 0 and local(element.tag).startswith("listOf") and element in parents:
            parents.pop(element).remove(element)
    for target, element, attribute in was_set:
        by = overridden(root, element, attribute)
        if by is not None:
            notes.append(f"model '{model.getId()}': the change of '{target}' has no effect: an <{by}> gives the value")


def kisao(text):
    """The number of a KiSAO term, or None."""
    match = KISAO.match(text)
    return int(match[1] or match[2]) if match else None


def course(simulation):
    """(start of output, end, steps) of a uniform time course."""
    name = f"simulation '{simulation.getId()}'"
    if simulation.getTypeCode() != libsedml.SEDML_SIMULATION_UNIFORMTIMECOURSE:
        raise Problem(f"{name}: <{simulation.getElementName()}> is not supported; only <uniformTimeCourse> is", UNSUPPORTED)
    if simulation.getInitialTime() != 0:
        raise Problem(f"{name} starts at {simulation.getInitialTime():g}; only 0 is supported", UNSUPPORTED)
    algorithm = simulation.getAlgorithm().getKisaoID() if simulation.getAlgorithm() else ""
    if algorithm and kisao(algorithm) not in ODE:
        raise Problem(f"{name}: the algorithm '{algorithm}' is not supported; only solvers of differential equations are", UNSUPPORTED)
    if simulation.isSetNumberOfSteps() and simulation.isSetNumberOfPoints() and simulation.getNumberOfSteps() != simulation.getNumberOfPoints():
        raise Problem(f"{name} has {simulation.getNumberOfSteps()} steps and {simulation.getNumberOfPoints()} points, which mean the same")
    steps = simulation.getNumberOfSteps() if simulation.isSetNumberOfSteps() else simulation.getNumberOfPoints()
    start, end = simulation.getOutputStartTime(), simulation.getOutputEndTime()
    if not 0 <= start <= end < float("inf") or not 0 < steps <= 10_000_000:
        raise Problem(f"{name}: from {start:g} to {end:g} in {steps} steps is no time course")
    return start, end, steps


def tolerance(simulation, notes):
    """Relative tolerance (KISAO:0000209), if it is given; `notes` gets the parameters without effect."""
    algorithm, value = simulation.getAlgorithm(), None
    for i in range(algorithm.getNumAlgorithmParameters() if algorithm is not None else 0):
        parameter = algorithm.getAlgorithmParameter(i)
        if kisao(parameter.getKisaoID()) != RELATIVE_TOLERANCE:
            notes.append(f"simulation '{simulation.getId()}': the algorithm's parameter '{parameter.getKisaoID()}' = {parameter.getValue()} has no effect")
            continue
        try:
            value = float(parameter.getValue())
        except ValueError:
            value = 0
        if not 1e-13 <= value <= 0.1:
            raise Problem(f"simulation '{simulation.getId()}': the relative tolerance '{parameter.getValue()}' is no number from 1e-13 to 0.1")
    return value
