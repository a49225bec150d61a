#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the cases of this folder: models of our own, and results from their solutions in closed form.

usage: make.py [--check]; with --check nothing is written, and files that differ from what would be are named"""
import ast
import math
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
CORE = "http://www.sbml.org/sbml/level3/version2/core"
COMP = "http://www.sbml.org/sbml/level3/version1/comp/version1"
SYMBOLS = "http://www.sbml.org/sbml/symbols/"
OPERATORS = {ast.Add: "plus", ast.Sub: "minus", ast.Mult: "times", ast.Div: "divide", ast.Pow: "power", ast.USub: "minus", ast.GtE: "geq",
             ast.Gt: "gt", ast.LtE: "leq", ast.Lt: "lt", ast.And: "and", ast.Or: "or"}


# Formulas as SBML writes them.
def nodes(e):
    def apply(name, *args):
        return f"<apply><{name}/>{''.join(map(nodes, args))}</apply>"

    def symbol(name, *args):
        return f'<apply><csymbol encoding="text" definitionURL="{SYMBOLS}{name}">{name}</csymbol>{"".join(map(nodes, args))}</apply>'

    if isinstance(e, ast.Constant):
        return f"<cn>{e.value}</cn>"
    if isinstance(e, ast.Name):
        return f'<csymbol encoding="text" definitionURL="{SYMBOLS}time">time</csymbol>' if e.id == "time" else f"<ci>{e.id}</ci>"
    if isinstance(e, ast.BinOp):
        return apply(OPERATORS[type(e.op)], e.left, e.right)
    if isinstance(e, ast.UnaryOp):
        return apply(OPERATORS[type(e.op)], e.operand)
    if isinstance(e, ast.BoolOp):
        return apply(OPERATORS[type(e.op)], *e.values)
    if isinstance(e, ast.Compare):
        return apply(OPERATORS[type(e.ops[0])], e.left, e.comparators[0])
    name = e.func.id
    if name in ("delay", "rateOf"):
        return symbol(name, *e.args)
    if name == "piecewise":
        value, condition, otherwise = e.args
        return f"<piecewise><piece>{nodes(value)}{nodes(condition)}</piece><otherwise>{nodes(otherwise)}</otherwise></piecewise>"
    if name == "exp":
        return apply("exp", *e.args)
    return f"<apply><ci>{name}</ci>{''.join(map(nodes, e.args))}</apply>"


def math_of(formula):
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML">{nodes(ast.parse(formula, mode="eval").body)}</math>'


# Elements.
def flag(value):
    return "true" if value else "false"


def compartment(name, size, constant=True):
    return "listOfCompartments", f'<compartment id="{name}" spatialDimensions="3" size="{size}" constant="{flag(constant)}"/>'


def species(name, *, amount=None, concentration=None, where="c", amounts=False, boundary=False, constant=False, factor=""):
    start = f'initialAmount="{amount}"' if amount is not None else f'initialConcentration="{concentration}"' if concentration is not None else ""
    factor = f' conversionFactor="{factor}"' if factor else ""
    return "listOfSpecies", (f'<species id="{name}" compartment="{where}" {start} hasOnlySubstanceUnits="{flag(amounts)}" '
                             f'boundaryCondition="{flag(boundary)}" constant="{flag(constant)}"{factor}/>')


def parameter(name, value=None, constant=True):
    value = "" if value is None else f' value="{value}"'
    return "listOfParameters", f'<parameter id="{name}"{value} constant="{flag(constant)}"/>'


def function(name, arguments, formula):
    variables = "".join(f"<bvar><ci>{a}</ci></bvar>" for a in arguments)
    body = nodes(ast.parse(formula, mode="eval").body)
    return "listOfFunctionDefinitions", (f'<functionDefinition id="{name}"><math xmlns="http://www.w3.org/1998/Math/MathML"><lambda>{variables}{body}'
                                         "</lambda></math></functionDefinition>")


def initial(symbol, formula):
    return "listOfInitialAssignments", f'<initialAssignment symbol="{symbol}">{math_of(formula)}</initialAssignment>'


def rule(kind, variable, formula):
    target = f' variable="{variable}"' if variable else ""
    return "listOfRules", f"<{kind}Rule{target}>{math_of(formula)}</{kind}Rule>"


def reaction(name, reactants, products, rate, modifiers=()):
    def references(tag, items):
        if not items:
            return ""
        inside = "".join(f'<speciesReference species="{s}" stoichiometry="{n}" constant="true"/>' for s, n in items.items())
        return f"<{tag}>{inside}</{tag}>"

    others = "".join(f'<modifierSpeciesReference species="{m}"/>' for m in modifiers)
    others = f"<listOfModifiers>{others}</listOfModifiers>" if others else ""
    return "listOfReactions", (f'<reaction id="{name}" reversible="false">{references("listOfReactants", reactants)}'
                               f'{references("listOfProducts", products)}{others}<kineticLaw>{math_of(rate)}</kineticLaw></reaction>')


def event(name, trigger, assign, *, delay="", priority="", persistent=True, at_start=True, from_trigger=True):
    inside = f'<trigger persistent="{flag(persistent)}" initialValue="{flag(at_start)}">{math_of(trigger)}</trigger>'
    inside += f"<priority>{math_of(priority)}</priority>" if priority else ""
    inside += f"<delay>{math_of(delay)}</delay>" if delay else ""
    assigned = "".join(f'<eventAssignment variable="{v}">{math_of(f)}</eventAssignment>' for v, f in assign.items())
    return "listOfEvents", (f'<event id="{name}" useValuesFromTriggerTime="{flag(from_trigger)}">{inside}'
                            f"<listOfEventAssignments>{assigned}</listOfEventAssignments></event>")


LISTS = ["listOfFunctionDefinitions", "listOfCompartments", "listOfSpecies", "listOfParameters", "listOfInitialAssignments", "listOfRules",
         "listOfReactions", "listOfEvents"]


def body(elements):
    text = ""
    for name in LISTS:
        items = [f"  {xml}\n" for where, xml in elements if where == name]
        text += f"<{name}>\n{''.join(items)}</{name}>\n" if items else ""
    return text


def document(elements):
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<sbml xmlns="{CORE}" level="3" version="2">\n<model>\n{body(elements)}</model>\n</sbml>\n'


def composed():
    """Two copies of a decaying x: one whose rate constant the whole replaces, one with a pulse that the whole deletes."""
    decay = [parameter("x", 8, False), parameter("k", 1), rule("rate", "x", "-k*x"), event("pulse", "time >= 1", {"x": "100"})]
    definition = body(decay)
    inside = body([parameter("rate", 0.25), parameter("sum", constant=False), parameter("first", 0, False), parameter("second", 0, False),
                   rule("assignment", "sum", "first + second")])
    inside = inside.replace('<parameter id="rate" value="0.25" constant="true"/>',
                            '<parameter id="rate" value="0.25" constant="true"><comp:listOfReplacedElements><comp:replacedElement comp:submodelRef="A" '
                            'comp:idRef="k"/></comp:listOfReplacedElements></parameter>')
    for own, part in (("first", "A"), ("second", "B")):
        inside = inside.replace(f'<parameter id="{own}" value="0" constant="false"/>',
                                f'<parameter id="{own}" constant="false"><comp:replacedBy comp:submodelRef="{part}" comp:idRef="x"/></parameter>')
    without = '<comp:listOfDeletions><comp:deletion comp:idRef="pulse"/></comp:listOfDeletions>'
    parts = "".join(f'<comp:submodel comp:id="{p}" comp:modelRef="decay">{without}</comp:submodel>' for p in ("A", "B"))
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<sbml xmlns="{CORE}" xmlns:comp="{COMP}" level="3" version="2" comp:required="true">\n'
            f"<model>\n{inside}<comp:listOfSubmodels>{parts}</comp:listOfSubmodels>\n</model>\n"
            f'<comp:listOfModelDefinitions>\n<comp:modelDefinition id="decay">\n{definition}</comp:modelDefinition>\n'
            "</comp:listOfModelDefinitions>\n</sbml>\n")


# Solutions that take more than a line.
def delayed_decline(t):
    """x' = -x(t - 1), x = 1 up to 0, step by step."""
    return sum((-1) ** k * max(t - (k - 1), 0) ** k / math.factorial(k) for k in range(int(t) + 2))


def pair(t, a=3.0, b=2.0, k=0.4):
    """What has formed of A + B -> C after t."""
    e = math.exp((a - b) * k * t)
    return a * b * (e - 1) / (a * e - b)


def cases():
    """(what it is about, document, duration, {column: solution}, amounts, concentrations)"""
    e, c2 = math.exp, compartment("c", 2)
    yield ("a reaction in a compartment of 2, amounts", document([c2, species("S", concentration=10), species("P", amount=0), parameter("k", 0.5),
           reaction("r", {"S": 1}, {"P": 1}, "c*k*S")]), 5, {"S": lambda t: 20 * e(-t / 2), "P": lambda t: 20 - 20 * e(-t / 2)}, "S,P", "")
    yield ("the same, concentrations; one species in substance units", document([c2, species("S", concentration=10), species("P", amount=0,
           amounts=True), parameter("k", 0.5), reaction("r", {"S": 1}, {"P": 1}, "c*k*S")]), 5,
           {"S": lambda t: 10 * e(-t / 2), "P": lambda t: 10 - 10 * e(-t / 2)}, "", "S,P")
    yield ("stoichiometry 2, and a second-order reaction", document([compartment("c", 1), species("A", amount=3), species("B", amount=2),
           species("C", amount=0), species("D", amount=4), species("E", amount=0), parameter("k", 0.4), reaction("r", {"A": 1, "B": 1}, {"C": 1},
           "k*A*B"), reaction("q", {"D": 2}, {"E": 3}, "k*D")]), 5, {"A": lambda t: 3 - pair(t), "C": pair, "D": lambda t: 4 * e(-0.8 * t),
           "E": lambda t: 6 - 6 * e(-0.8 * t)}, "A,C,D,E", "")
    yield ("a boundary species feeds a reaction and stays", document([compartment("c", 1), species("B", amount=5, boundary=True),
           species("S", amount=0), parameter("k", 0.2), reaction("r", {"B": 1}, {"S": 1}, "k*B")]), 5, {"B": lambda t: 5, "S": lambda t: t}, "B,S", "")
    yield ("a conversion factor between extent and substance", document([compartment("c", 1), species("S", amount=10, factor="f"),
           species("P", amount=0), parameter("f", 3), parameter("k", 0.1), reaction("r", {"S": 1}, {"P": 1}, "k*S")]), 5,
           {"S": lambda t: 10 * e(-0.3 * t), "P": lambda t: (10 - 10 * e(-0.3 * t)) / 3}, "S,P", "")
    yield ("a compartment that grows dilutes what is in it", document([compartment("c", 2, False), species("S", amount=6), parameter("g", 0.1),
           rule("rate", "c", "g*c")]), 5, {"S": lambda t: 3 * e(-t / 10), "c": lambda t: 2 * e(t / 10)}, "", "S")
    yield ("a rate rule: logistic growth", document([parameter("x", 1, False), parameter("r", 0.8), parameter("most", 10),
           rule("rate", "x", "r*x*(1 - x/most)")]), 10, {"x": lambda t: 10 / (1 + 9 * e(-0.8 * t))}, "", "")
    yield ("assignment rules in the other order, and a function of two arguments", document([parameter("x", 4, False), parameter("y",
           constant=False), parameter("z", constant=False), function("hill", ["s", "n"], "s**n/(1 + s**n)"), rule("assignment", "z", "2*y + time"),
           rule("assignment", "y", "hill(x, 2)"), rule("rate", "x", "-0.5*x")]), 5, {"y": lambda t: 16 * e(-t) / (1 + 16 * e(-t)),
           "z": lambda t: 32 * e(-t) / (1 + 16 * e(-t)) + t}, "", "")
    yield ("an algebraic rule shares out a total", document([parameter("bound", 0, False), parameter("free", 9, False), parameter("total", 9),
           rule("rate", "bound", "0.5*(6 - bound)"), rule("algebraic", "", "bound + free - total")]), 5,
           {"bound": lambda t: 6 - 6 * e(-t / 2), "free": lambda t: 3 + 6 * e(-t / 2)}, "", "")
    yield ("initial assignments that need each other", document([compartment("c", 2), species("S"), parameter("k"), parameter("q", 0.25),
           initial("S", "4*k"), initial("k", "2*q"), reaction("r", {"S": 1}, {}, "c*k*S")]), 5, {"S": lambda t: 2 * e(-t / 2), "k": lambda t: 0.5},
           "", "S")
    yield ("piecewise on time and on a state", document([parameter("x", 0, False), parameter("y", constant=False), rule("rate", "x",
           "piecewise(1, time < 2, -0.5)"), rule("assignment", "y", "piecewise(x, x > 1.3, 0)")]), 5,
           {"x": lambda t: min(t, 2) - 0.5 * max(t - 2, 0), "y": lambda t: t if 1.3 < t <= 2 else 2 - 0.5 * (t - 2) if 2 < t < 3.4 else 0}, "", "")
    yield ("an event with a delay takes the values of its trigger", document([parameter("x", 0, False), parameter("y", 1, False), rule("rate", "y",
           "-y"), event("late", "time >= 1.25", {"x": "y"}, delay="1.5")]), 5, {"x": lambda t: e(-1.25) if t >= 2.75 else 0}, "", "")
    yield ("an event with a delay takes the values of its execution", document([parameter("x", 0, False), parameter("y", 1, False), rule("rate",
           "y", "-y"), event("late", "time >= 1.25", {"x": "y"}, delay="1.5", from_trigger=False)]), 5, {"x": lambda t: e(-2.75) if t >= 2.75 else 0},
           "", "")
    yield ("priorities order events of one instant", document([parameter("x", 1, False), event("low", "time >= 1.75", {"x": "x + 10"},
           priority="1", from_trigger=False), event("high", "time >= 1.75", {"x": "3*x"}, priority="5", from_trigger=False)]), 5,
           {"x": lambda t: 13 if t >= 1.75 else 1}, "", "")
    yield ("a trigger that ends cancels what is not persistent", document([parameter("x", 0, False), parameter("y", 0, False), event("gone",
           "time >= 1 and time < 2", {"x": "1"}, delay="1.75", persistent=False), event("kept", "time >= 1 and time < 2", {"y": "1"},
           delay="1.75")]), 5, {"x": lambda t: 0, "y": lambda t: 1 if t >= 2.75 else 0}, "", "")
    yield ("a trigger that holds at the start: with and without an initial value", document([parameter("x", 2, False), parameter("y", 2, False),
           rule("rate", "x", "-0.5*x"), event("fires", "time >= 0", {"x": "8"}, at_start=False), event("not", "time >= 0", {"y": "8"})]), 5,
           {"x": lambda t: 8 * e(-t / 2), "y": lambda t: 2}, "", "")
    yield ("a sawtooth: an event that resets what triggers it", document([parameter("x", 0, False), rule("rate", "x", "0.83"), event("reset",
           "x >= 1", {"x": "0.25"})]), 5, {"x": lambda t: 0.83 * t if 0.83 * t < 1 else 0.25 + math.fmod(0.83 * t - 1, 0.75)}, "", "")
    yield ("delay: a decline that sees its past", document([parameter("x", 1, False), rule("rate", "x", "-delay(x, 1)")]), 4,
           {"x": delayed_decline}, "", "")
    yield ("rateOf a variable", document([parameter("x", 5, False), parameter("v", constant=False), rule("rate", "x", "-0.3*x + time"),
           rule("assignment", "v", "rateOf(x)")]), 5, {"x": lambda t: (5 + 1 / 0.09) * e(-0.3 * t) + t / 0.3 - 1 / 0.09,
           "v": lambda t: 1 / 0.3 - 0.3 * (5 + 1 / 0.09) * e(-0.3 * t)}, "", "")
    yield ("comp: submodels, replacements and deletions", composed(), 5, {"first": lambda t: 8 * e(-t / 4), "second": lambda t: 8 * e(-t),
           "sum": lambda t: 8 * e(-t / 4) + 8 * e(-t)}, "", "")


STEPS, TOLERANCE = 40, 1e-7  # of solutions that are exact to some 1e-15; the engines are asked for 1e-10 a step


def files():
    """Text by path."""
    for number, (about, sbml, duration, columns, amounts, concentrations) in enumerate(cases(), 1):
        start = HERE / f"{number:05d}" / f"{number:05d}"
        yield f"{start}-sbml-l3v2.xml", sbml
        yield f"{start}-model.m", f"(*\ntestType: TimeCourse\nsynopsis: {about}\n*)\n"
        yield f"{start}-settings.txt", (f"start: 0\nduration: {duration}\nsteps: {STEPS}\nvariables: {', '.join(columns)}\nabsolute: {TOLERANCE}\n"
                                        f"relative: {TOLERANCE}\namount: {amounts}\nconcentration: {concentrations}\n")
        rows = ["time," + ",".join(columns)]
        for k in range(STEPS + 1):
            t = duration * k / STEPS
            rows.append(",".join(f"{float(v):.15g}" for v in (t, *(f(t) for f in columns.values()))))
        yield f"{start}-results.csv", "\n".join(rows) + "\n"


def same(one, other):
    """Equal words; numbers to 1e-12, since libraries round exp differently."""
    one, other = one.replace(",", " ").split(), other.replace(",", " ").split()
    return len(one) == len(other) and all(a == b or numeric(a, b) for a, b in zip(one, other))


def numeric(a, b):
    try:
        return math.isclose(float(a), float(b), rel_tol=1e-12, abs_tol=1e-12)
    except ValueError:
        return False


def main():
    stale = []
    for name, text in files():
        path = pathlib.Path(name)
        if "--check" in sys.argv:
            if not path.exists() or not same(path.read_text(encoding="utf-8"), text):
                stale.append(name)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    print("".join(f"not what make.py writes: {name}\n" for name in stale), end="")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
