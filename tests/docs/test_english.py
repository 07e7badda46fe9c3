"""The docs, the docstrings, the comments and the messages are in plain English.

Each row has a construction that readers had to read twice, and the words to use in its place.
`RULES` apply to each line of all files. `PROSE_RULES` apply to docstrings, comments and the names
of tests only, because code and the texts of clients may have these words.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

import pytest

from tests.docs.blocks import ROOT

RULES = {
    r"\banew\b": 'Write "again".',
    r"\b(is|are|was|were|be) told\b": 'Write "gets", "is passed" or "is logged".',
    r"\b[Tt]ells? whether\b": 'Write "Whether …".',
    r"\bsees? to (it|the)\b": "Name the action.",
    r"\b[Ww]hoever\b": "Name the person or the program.",
    r"\bown accord\b": 'Write "independently".',
    r"\b(that|which) (is|are) there\b": 'Write "existing".',
    r"\b[Ww]here there (is|are) (none|no)\b": 'Write "if … does not exist" or "without …".',
    r"\b(is|are) no (valid|such|dict|list|string|number|JSON|code|error|date)\b": 'Write "is not".',
    r"\bsomebody else's\b": 'Write "third-party".',
    r"\b(is|are|was) remembered\b": 'Write "is cached" or "is kept".',
    r"\b(the|same) answers?\b": 'Write "response".',
    r"\b(is|are|was|were|be|been) answered\b": 'Write "gets the response" or "is handled".',
    r"\banswers for\b": 'Write "handles".',
    # The API document has two such sentences.
    r"\bnot allow to (?!use the verb|fulfill a request)": 'Write "does not allow the …".',
    r"\bheld (to|against)\b": 'Write "checked against".',
    r"\bverb table\b": 'Write "table of methods".',
    r"\bas many \w+ as\b": 'Write "the number of …".',
    r"\bif it lasts\b": 'Write "if the error persists".',
    r"\b[Ll]eaves? .* out of\b": 'Write "remove … from".',
    r"\bThere is no \w+ (by|for)\b": 'Write "… is not supported".',
    r'"""What (is|are|was|has|it|they|the|a|an|you)\b': "Begin with a noun.",
    r"# What (is|are|was|has|it|they|the|a|an|you)\b(?!.*\?)": "Begin with a noun.",
}

PROSE_RULES = {
    r"(?:^|[.!?] )(?:It|They|That|Such|Nobody|Whose|Of|Where) ": "Begin with a noun.",
    r"(?:^|[.!?] )What [^.?]*(?:[.:]|$)": "Begin with a noun.",
    r"\bverbs?\b": 'Write "method".',
    r"\bbugs?\b": 'Write "unhandled exception".',
    # Members of an Enum, and those of problem details in RFC 9457.
    r"\b(?<!extension )members?\b(?! of (?:an Enum|HTTPStatus|RFC 9457)\b)": 'Write "key".',
    # A method of the contract has this name, which projects may override.
    r"\banswer(?:s|ed|ing)?\b(?<!with a location that answers)": 'Write "response" or "responds".',
    r"\bask(?:s|ed|ing)?\b": 'Write "requests", "needs" or "calls".',
    r"\b(?:say|says|said|tell|tells|told)\b": 'Write "names", "returns" or "logs".',
    r"\b[Ff]oreign (?!keys?\b)": 'Write "third-party".',
    # Connections are refused.
    r"\brefus(?:e|es|ed|al|als|ing)\b(?! (?:the )?connection)": 'Write "reject".',
    r"\b(?:is|are|was|were) no (?!longer\b)\w+$": 'Write "is not".',
    r"\b(?:gives?|gave) way\b": 'Write "is replaced by".',
    r"\blook-ups?\b": 'Write "lookup".',
    r"\bas ever\b": 'Write "as usual".',
    r"\b[Hh]olds? .* to (?:have|be)\b": 'Write "Assert that".',
    r"\b(?:leads?|led) nowhere\b": "Name the fault.",
    r"\b(?:is|are) the same$": "Name the outcome.",
    r"\b(?:is|are) there$": 'Write "exists".',
    r"\b[Ff]orgets?\b the\b": 'Write "removes" or "clears".',
    r"\bwhat (?:is|are|was|were|has|had)\b(?![^.]*\?)": "Name the thing.",
    r"\bstays? silent\b": 'Write "does not respond".',
}

# The rules for contributors quote these constructions; a heading may be a question without a mark.
EXEMPT = {"CONTRIBUTING.md", "tests/docs/test_english.py"}

FOLDERS = ("django_apierrors", "example_project", "tests", "stress", "benchmarks", "suites")
FILES = {
    name: path.read_text("utf-8").splitlines()
    for path in (
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")),
        *(ROOT / "django_apierrors").rglob("*.html"),
    )
    if (name := path.relative_to(ROOT).as_posix()) not in EXEMPT and "node_modules" not in name
}


def iter_prose(source: str) -> Iterator[tuple[int, str]]:
    """Yield the docstrings, the comments and the names of tests, each as one line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            if docstring := ast.get_docstring(node):
                yield getattr(node, "lineno", 1), " ".join(docstring.split())
            if getattr(node, "name", "").startswith("test_"):
                yield node.lineno, node.name.replace("_", " ")  # type: ignore[union-attr]
    comments: list[tuple[int, int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            (line, column), text = token.start, token.string.lstrip("# ")
            # The lines of a block of comments are one text, with the number of the last line.
            if comments and comments[-1][:2] == (line - 1, column):
                text = f"{comments.pop()[2]} {text}"
            comments.append((line, column, text))
    yield from ((line, text) for line, _column, text in comments)


PROSE = [
    (f"{name}:{line}", text)
    for name, lines in FILES.items()
    if name.endswith(".py")
    for line, text in iter_prose("\n".join(lines))
]


@pytest.mark.parametrize("pattern", RULES)
def test_a_construction_that_is_hard_to_read_is_not_used(pattern: str) -> None:
    places = [
        f"{name}:{number}: {line.strip()}"
        for name, lines in FILES.items()
        for number, line in enumerate(lines, start=1)
        if not line.startswith("##") and re.search(pattern, line)
    ]
    assert places == [], RULES[pattern]


@pytest.mark.parametrize("pattern", RULES)
def test_each_rule_finds_its_construction(pattern: str) -> None:
    examples = [
        "It is made anew.",
        "The view is told.",
        "Tell whether it is one.",
        "It sees to the rest.",
        "For whoever asks.",
        "Each of its own accord.",
        "The clients that are there.",
        "Where there is none.",
        "It is no date.",
        "That is somebody else's.",
        "It is remembered.",
        "Look at the answer.",
        "It is answered.",
        "It answers for the others.",
        "It does not allow to write.",
        "It is held to the table.",
        "The verb table.",
        "Wait as many seconds as it says.",
        "Get in touch if it lasts.",
        "Leave the key out of the dict.",
        "There is no ordering by size.",
        '"""What it takes."""',
        "# What the view takes",
    ]
    assert sum(re.search(pattern, example) is not None for example in examples) == 1


@pytest.mark.parametrize("pattern", PROSE_RULES)
def test_prose_in_code_does_not_use_a_construction(pattern: str) -> None:
    places = [f"{place}: {text}" for place, text in PROSE if re.search(pattern, text)]
    assert places == [], PROSE_RULES[pattern]


@pytest.mark.parametrize("pattern", PROSE_RULES)
def test_each_rule_for_prose_finds_its_construction(pattern: str) -> None:
    examples = [
        "A view. It has a body.",
        "What the view returns.",
        "This verb is missing.",
        "Raises a bug.",
        "The members of a body.",
        "The view answers.",
        "The client asks for JSON.",
        "The docs say this.",
        "A foreign exception.",
        "The server refuses the body.",
        "test a body without an end is no success",
        "Its message gives way to ours.",
        "A look-up of a key.",
        "The view works as ever.",
        "Hold the response to be an error.",
        "A key that leads nowhere.",
        "test a rejected update is the same",
        "test every view is there",
        "Forget the models.",
        "Return what was collected.",
        "The server stays silent.",
    ]
    assert sum(re.search(pattern, example) is not None for example in examples) == 1


def test_prose_is_read_with_its_lines() -> None:
    source = '''"""Module."""
x = 1  # Beside.
# One
# two.


def test_a_b() -> None:
    """Doc
    string."""
'''
    assert sorted(iter_prose(source)) == [
        (1, "Module."),
        (2, "Beside."),
        (4, "One two."),
        (7, "Doc string."),
        (7, "test a b"),
    ]
