# SPDX-License-Identifier: Apache-2.0
"""The MathML of data generators, evaluated on whole columns."""
import functools
import operator

import numpy

from .problem import UNSUPPORTED, Problem

MATHML = "{http://www.w3.org/1998/Math/MathML}"
ANY = None


def chain(relation):
    """a < b < c holds where every neighbouring pair does."""
    return lambda *args: functools.reduce(numpy.logical_and, (relation(a, b) for a, b in zip(args, args[1:])))


def extreme(of_column, of_pair):
    """Of one column its extreme value, of several the extreme at each time."""
    return lambda *args: of_column(args[0]) if len(args) == 1 else functools.reduce(of_pair, args)


FUNCTIONS = {  # MathML element -> (least and greatest number of arguments, function)
    "plus": (0, ANY, lambda *a: functools.reduce(operator.add, a, 0.0)), "times": (0, ANY, lambda *a: functools.reduce(operator.mul, a, 1.0)),
    "minus": (1, 2, lambda a, *b: numpy.subtract(a, b[0]) if b else numpy.negative(a)), "divide": (2, 2, numpy.divide), "power": (2, 2, numpy.power),
    "min": (1, ANY, extreme(numpy.min, numpy.minimum)), "max": (1, ANY, extreme(numpy.max, numpy.maximum)), "sum": (1, 1, numpy.sum),
    "product": (1, 1, numpy.prod), "mean": (1, 1, numpy.mean), "abs": (1, 1, numpy.abs), "ceiling": (1, 1, numpy.ceil), "floor": (1, 1, numpy.floor),
    "quotient": (2, 2, lambda a, b: numpy.trunc(numpy.divide(a, b))), "rem": (2, 2, numpy.fmod), "exp": (1, 1, numpy.exp), "ln": (1, 1, numpy.log),
    "eq": (2, ANY, chain(numpy.equal)), "neq": (2, 2, numpy.not_equal), "lt": (2, ANY, chain(numpy.less)), "leq": (2, ANY, chain(numpy.less_equal)),
    "gt": (2, ANY, chain(numpy.greater)), "geq": (2, ANY, chain(numpy.greater_equal)), "not": (1, 1, numpy.logical_not),
    "and": (0, ANY, lambda *a: functools.reduce(numpy.logical_and, a, True)), "or": (0, ANY, lambda *a: functools.reduce(numpy.logical_or, a, False)),
    "xor": (0, ANY, lambda *a: functools.reduce(numpy.logical_xor, a, False)),
    "log": (2, 2, lambda base, x: numpy.log10(x) if numpy.all(base == 10) else numpy.log(x) / numpy.log(base)),
    "root": (2, 2, lambda degree, x: numpy.sqrt(x) if numpy.all(degree == 2) else numpy.power(x, 1 / degree)),
}
for name in ("sin", "cos", "tan"):
    FUNCTIONS |= {name: (1, 1, getattr(numpy, name)), name + "h": (1, 1, getattr(numpy, name + "h")), "arc" + name: (1, 1, getattr(numpy, "arc" + name)),
                  "arc" + name + "h": (1, 1, getattr(numpy, "arc" + name + "h"))}
CONSTANTS = {"pi": numpy.pi, "exponentiale": numpy.e, "true": True, "false": False, "infinity": numpy.inf, "notanumber": numpy.nan}
QUALIFIERS = {"log": ("logbase", 10.0), "root": ("degree", 2.0)}


class Evaluator:
    """Of one data generator; `values`: columns by variable and parameter id."""

    def __init__(self, generator, values):
        self.generator, self.values = generator, values

    def refuse(self, what):
        raise Problem(f"data generator '{self.generator}': {what}", UNSUPPORTED)

    def value(self, node):
        kind = node.tag.removeprefix(MATHML)
        children = list(node)
        if kind == "cn":
            return self.number(node)
        if kind == "ci":
            name = (node.text or "").strip()
            if name not in self.values:
                self.refuse(f"'{name}' is no variable or parameter of it")
            return self.values[name]
        if kind in CONSTANTS:
            return CONSTANTS[kind]
        if kind == "apply" and children:
            return self.apply(children[0], children[1:])
        if kind == "piecewise":
            return self.piecewise(children)
        return self.refuse(f"<{kind}> is not supported")

    def number(self, node):
        parts = [(node.text or "").strip()] + [(sep.tail or "").strip() for sep in node]
        kind, text = node.get("type", "real"), " ".join(parts)
        try:
            if kind == "rational" and len(parts) == 2:
                return int(parts[0]) / int(parts[1])
            if kind == "e-notation" and len(parts) == 2:
                return float(f"{parts[0]}e{int(parts[1])}")
            if kind in ("real", "integer", "double") and len(parts) == 1 and node.get("base", "10") == "10":
                return float(int(text)) if kind == "integer" else float(text)
        except (ValueError, ZeroDivisionError):
            pass
        return self.refuse(f"'{text}' in <cn type=\"{kind}\"> is not understood")

    def apply(self, head, args):
        """Functions on columns are csymbols (".../#max") or, in earlier versions, plain names."""
        kind = head.tag.removeprefix(MATHML)
        if kind in ("csymbol", "ci"):
            kind = (head.get("definitionURL") or head.text or "").strip().rsplit("#", 1)[-1]
        if kind not in FUNCTIONS:
            self.refuse(f"the function '{kind}' is not supported")
        if kind in QUALIFIERS:
            name, default = QUALIFIERS[kind]
            given = [a for a in args if a.tag == MATHML + name]
            args = [a for a in args if a.tag != MATHML + name]
            values = [self.value(given[0][0]) if given and len(given[0]) else default] + [self.value(a) for a in args]
        else:
            values = [self.value(a) for a in args]
        least, most, function = FUNCTIONS[kind]
        if len(values) < least or (most is not None and len(values) > most):
            self.refuse(f"'{kind}' is given {len(args)} arguments")
        lengths = {len(v) for v in values if numpy.ndim(v) == 1 and len(v) != 1}
        if len(lengths) > 1:
            self.refuse(f"it combines columns of {' and '.join(str(n) for n in sorted(lengths))} rows, which have no common times")
        with numpy.errstate(all="ignore"):
            return function(*(numpy.asarray(v, dtype=float) if not isinstance(v, bool) else v for v in values))

    def piecewise(self, children):
        result = numpy.nan
        for child in reversed(children):
            kind = child.tag.removeprefix(MATHML)
            if kind == "otherwise" and len(child) == 1:
                result = self.value(child[0])
            elif kind == "piece" and len(child) == 2:
                result = numpy.where(numpy.asarray(self.value(child[1]), dtype=bool), self.value(child[0]), result)
            else:
                self.refuse(f"<{kind}> in <piecewise> is not understood")
        return result


def evaluate(generator, math, values):
    """The column of data generator `generator`, whose <math> element is `math`."""
    children = list(math) if math is not None else []
    evaluator = Evaluator(generator, values)
    if len(children) != 1:
        evaluator.refuse("it has no formula")
    return evaluator.value(children[0])
