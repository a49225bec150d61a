# SPDX-License-Identifier: Apache-2.0
"""The math of data generators, evaluated on whole columns."""
import ast
import operator

import libsedml
import numpy

from .problem import UNSUPPORTED, Problem

BINARY = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: operator.pow}
FUNCTIONS = {"exp": numpy.exp, "ln": numpy.log, "log": numpy.log10, "log10": numpy.log10, "sqrt": numpy.sqrt, "abs": numpy.abs, "floor": numpy.floor,
             "ceil": numpy.ceil, "sin": numpy.sin, "cos": numpy.cos, "tan": numpy.tan, "pow": numpy.power, "min": numpy.min, "max": numpy.max,
             "sum": numpy.sum}
CONSTANTS = {"pi": numpy.pi, "exponentiale": numpy.e}


def evaluate(generator, values):
    """`values`: columns by variable and parameter id."""
    text = libsedml.formulaToL3String(generator.getMath())
    try:
        tree = ast.parse(text.replace("^", "**"), mode="eval").body
    except SyntaxError:
        raise Problem(f"data generator '{generator.getId()}': '{text}' is not supported", UNSUPPORTED) from None

    def value(node):
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return node.value
        if isinstance(node, ast.Name) and node.id in values:
            return values[node.id]
        if isinstance(node, ast.Name) and node.id in CONSTANTS:
            return CONSTANTS[node.id]
        if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
            return BINARY[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -value(node.operand)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
            return FUNCTIONS[node.func.id](*(value(a) for a in node.args))
        raise Problem(f"data generator '{generator.getId()}': '{text}' is not supported", UNSUPPORTED)

    return value(tree)
