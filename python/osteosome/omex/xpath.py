# SPDX-License-Identifier: Apache-2.0
"""The XPath 1.0 of SED-ML targets: steps down to elements and an attribute, filtered by attributes and positions. What else XPath has is refused."""
import re
import xml.etree.ElementTree as ElementTree

from .problem import UNSUPPORTED, Problem

SBML_CORE = re.compile(r"^http://www\.sbml\.org/sbml/level\d+(/version\d+)?(/core)?$")
TOKEN = re.compile(r"""\s*(?:(?P<literal>'[^']*'|"[^"]*")|(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<name>[A-Za-z_][\w.-]*(?::(?!:)(?:[A-Za-z_][\w.-]*|\*))?)"""
                   r"""|(?P<mark>//|::|!=|<=|>=|\.\.|[][()@=/*.,|<>$+-]))""")
COMPARISONS = {"=": lambda a, b: a == b, "!=": lambda a, b: a != b}


class Path:
    """`namespaces`: what the prefixes of the document mean. Prefixes of any level of SBML, and none, are that of the model."""

    def __init__(self, text, namespaces):
        self.text, self.namespaces = text, namespaces
        self.tokens, at = [], 0
        stripped = text.strip()
        while at < len(stripped):
            match = TOKEN.match(stripped, at)
            if match is None:
                self.refuse(stripped[at])
            self.tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()
        self.at = 0

    def refuse(self, what):
        raise Problem(f"the target '{self.text}' is not understood at '{what}'", UNSUPPORTED)

    def peek(self, ahead=0):
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ("end", "its end")

    def accept(self, *tokens):
        if self.peek()[1] not in tokens or self.peek()[0] == "literal":
            return None
        self.at += 1
        return self.tokens[self.at - 1][1]

    def expect(self, token):
        if self.accept(token) is None:
            self.refuse(self.peek()[1])

    def find(self, root):
        """(elements, attribute or None)."""
        document = ElementTree.Element("document")
        document.append(root)
        found, attribute = [document], None
        separator = self.accept("/", "//") or "/"
        while True:
            if separator == "//":
                found = unique(e for element in found for e in element.iter())
            if self.accept("@") or self.axis("attribute"):
                attribute = self.attribute_name()
                break
            found = self.step(found)
            separator = self.accept("/", "//")
            if separator is None:
                break
        if self.peek()[0] != "end":
            self.refuse(self.peek()[1])
        return found, attribute

    def axis(self, name):
        if self.peek() == ("name", name) and self.peek(1)[1] == "::":
            self.at += 2
            return True
        return False

    def step(self, found):
        self.axis("child")
        if self.accept("*"):
            matches = lambda element: True
        elif self.peek()[0] == "name" and self.peek(1)[1] not in ("::", "("):
            matches = self.name_test(self.tokens[self.at][1])
            self.at += 1
        else:
            return self.refuse(self.peek()[1])
        lists = [[child for child in element if matches(child)] for element in found]
        while self.accept("["):
            holds = self.disjunction()
            self.expect("]")
            lists = [[e for k, e in enumerate(elements, 1) if holds(e, k, len(elements))] for elements in lists]
        return unique(e for elements in lists for e in elements)

    def name_test(self, name):
        prefix, _, local = name.rpartition(":")
        uri = self.namespaces.get(prefix)
        foreign = prefix and uri is not None and not SBML_CORE.match(uri)
        if prefix and uri is None and prefix != "sbml":
            raise Problem(f"the target '{self.text}' has the prefix '{prefix}', which the SED-ML file does not declare", UNSUPPORTED)

        def matches(element):
            space, _, tag = element.tag.rpartition("}")
            right = space[1:] == uri if foreign else not space or SBML_CORE.match(space[1:])
            return right and local in ("*", tag)
        return matches

    def attribute_name(self):
        kind, name = self.peek()
        if kind != "name" or name.endswith("*"):
            self.refuse(name)
        self.at += 1
        prefix, _, local = name.rpartition(":")
        uri = self.namespaces.get(prefix) if prefix else None
        return local if uri is None or SBML_CORE.match(uri) else f"{{{uri}}}{local}"

    # A filter is a function of (element, position, number of candidates).

    def disjunction(self):
        left = self.conjunction()
        while self.accept("or"):
            left = (lambda a, b: lambda *c: a(*c) or b(*c))(left, self.conjunction())
        return left

    def conjunction(self):
        left = self.condition()
        while self.accept("and"):
            left = (lambda a, b: lambda *c: a(*c) and b(*c))(left, self.condition())
        return left

    def condition(self):
        if self.accept("("):
            inside = self.disjunction()
            self.expect(")")
            return inside
        left, bare = self.operand()
        comparison = self.accept(*COMPARISONS)
        if comparison is None:
            return bare
        right, _ = self.operand()

        def holds(*candidate):
            a, b = left(*candidate), right(*candidate)
            if a is None or b is None:  # an attribute that is not there compares with nothing
                return False
            if isinstance(a, float) or isinstance(b, float):
                a, b = as_number(a), as_number(b)
            return COMPARISONS[comparison](a, b)
        return holds

    def operand(self):
        """(value, what it means as a whole filter)."""
        kind, token = self.peek()
        if self.accept("@") or self.axis("attribute"):
            name = self.attribute_name()
            return (lambda e, k, n: e.get(name)), (lambda e, k, n: e.get(name) is not None)
        self.at += 1
        if kind == "literal":
            return (lambda e, k, n: token[1:-1]), (lambda e, k, n: len(token) > 2)
        if kind == "number":
            return (lambda e, k, n: float(token)), (lambda e, k, n: k == float(token))
        if token in ("position", "last") and self.accept("("):
            self.expect(")")
            value = (lambda e, k, n: float(k)) if token == "position" else (lambda e, k, n: float(n))
            return value, (lambda e, k, n: k == value(e, k, n))
        return self.refuse(token)


def as_number(value):
    try:
        return float(value)
    except ValueError:
        return float("nan")


def unique(elements):
    return list({id(e): e for e in elements}.values())


def find(root, target, namespaces):
    """The one element that the target names, and the attribute if the path ends in one."""
    found, attribute = Path(target, namespaces).find(root)
    if len(found) != 1:
        raise Problem(f"the target '{target}' names {len(found)} elements of the model, not one")
    return found[0], attribute
