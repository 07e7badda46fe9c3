"""The docs, the docstrings, the comments and the messages are in plain English.

Each row has a construction that readers had to read twice, and the words to use in its place.
`RULES` apply to each line of all files. `PROSE_RULES` apply to docstrings, comments, the names of
tests and the sentences of the docs only, because code and the messages of clients may have these
words.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT

pytestmark = pytest.mark.once

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
    r"\balso if\b": 'Write "even if".',
    r"\b(has|have) no JSON\b": 'Write "cannot be encoded as JSON".',
    r"\bmembers of this\b": 'Write "keys".',
    r"\b[Ww]hatever\b": 'Write "with any …" or "even if".',
    r"\b([Ss]o|[Nn]or) (is|are|was|were|does|do|did|has|have) (a|an|the|every|all|most)\b": (
        "Put the subject first."
    ),
    r"\bthe last word\b": "Name the fact.",
    r"\bhelps[.;]": "Name the effect.",
    r'"""What (is|are|was|has|it|they|the|a|an|you)\b': "Begin with a noun.",
    r"# What (is|are|was|has|it|they|the|a|an|you)\b(?!.*\?)": "Begin with a noun.",
}

PROSE_RULES = {
    r"(?:^|[.!?] )(?:It|They|That|Such|Nobody|Whose|Of|Where|Which) ": "Begin with a noun.",
    r"(?:^|[.!?] )What [^.?]*(?:[.:]|$)": "Begin with a noun.",
    r"\bverbs?\b(?!\*)": 'Write "method".',
    r"\bbugs?\b": 'Write "unhandled exception".',
    # Members of an Enum, and those of problem details in RFC 9457.
    r"\b(?<!extension )members?\b(?! of (?:an Enum|HTTPStatus|RFC 9457)\b)": 'Write "key".',
    # A method of the contract has this name, which projects may override.
    r"\banswer(?:s|ed|ing)?\b(?<!with a location that answers)": 'Write "response" or "responds".',
    r"\bask(?:s|ed|ing)?\b": 'Write "requests", "needs" or "calls".',
    r"\b(?:say|says|said|tell|tells|told)\b": 'Write "names", "returns" or "logs".',
    r"\b[Ff]oreign (?!keys?\b)": 'Write "third-party".',
    # Connections are refused.
    r"(?<!connection is )\brefus(?:e|es|ed|al|als|ing)\b(?! (?:the )?connection)": (
        'Write "reject".'
    ),
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
    r"(?:^|[.:] )Here, because\b": 'Write "Imported here".',
    r"\b(?:has|have) none\b": "Name the missing thing.",
    r"\bnor (?:is|are|was|were|does|do|did|has|have)\b": "Put the subject first.",
    r"\bif (?:not|it is|it does|they are|they do)(?:[.;:]|$)": "Repeat the condition.",
    r"\bWhether no\b": "Name the condition without a negation.",
    r"\bthat of\b[^.;]*,(?: and)? (?!else )[`\w…]+ that of\b": "Repeat the noun.",
    r"\balso those\b": 'Write "including those".',
    r", which (?:no|most)\b": "Put the subject first.",
    r"\b(?:exception|error|view|code|handler|field|server|database|middleware|renderer|parser|client"
    r"|request|package|app|serializer|driver|throttle|permission)s? knows?\b": "Name the fact.",
    r"\b(?:is|are) about no\b": 'Write "is not about" or "without a …".',
    r"\bbelow the name\b": 'Write "under a key with the name".',
    r"\bleaves? .* as (?:it|they) (?:is|are)$": 'Write "does not change".',
    r"\bso too$": "Repeat the condition.",
    r"\b(?:is|are) the (?:apis|sources|errors)\b": "Repeat the noun.",
    r"\bthat (?:is|are) no (?!longer\b)\w+ \w+": 'Write "is not".',
    r"\bwithout any(?=[,.;:]|$)": "Name the missing thing.",
    r"\braises? that(?=[:.,;|]|$| \|)": "Name the exception.",
    r"\bpackages beside\b": 'Write "packages that are used with …".',
    r"\bis whether\b": 'Write "is true if".',
    r"\b(?:can|cannot|may) be one\b": "Repeat the noun.",
    r"\bagrees? on\b": 'Write "have the same".',
    r"\b(?:names|finds|makes|fits|rejects|rejected) no \w+": 'Write "does not …".',
    r"\bmade with, if\b": "Name the condition.",
    r"\btext of (?:the|an?) (?:error|exception|code)\b": 'Write "message".',
    # A parameter may have this name.
    r"(?<!`)\b[Tt]exts\b": 'Write "messages" or "strings".',
    r"\bremed(?:y|ies)\b": 'Write "hint".',
    r"(?<!template )(?<!search )\b[Ee]ngines?\b": 'Write "task backend" or "template engine".',
    r"\b[Ii]f there (?:is|are) none\b": "Name the missing thing.",
    r"(?<!you do not )\bwants?\b": 'Write "requests" or "needs".',
    r"(?:^|[.!?:] )Those\b": "Repeat the noun.",
    r"(?:^|[.!?] )This (?:the|an?)\b": "Write one sentence, or repeat the noun.",
    r"(?:^|[.!?] )Only (?:then|so|here|there|with\b[^,.]*?) (?:is|are|do|does|has|have)\b": (
        "Put the subject first."
    ),
    r"\b(?:is|are) what\b": "Name the thing.",
    r"\band so (?:is|are|do|does|has|have|may|can)\b": "Repeat the verb.",
    r"\balone then\b": 'Begin with the condition: "Without …".',
    r"\brows? of ours\b": "Name the table.",
    r"\bas (?:those|that) of\b": "Repeat the noun.",
    r"\bif none is\b": "Repeat the noun.",
    r"\| such\b": "Repeat the noun.",
    r"\bhas itself\b": "Name the attribute.",
    r"\bwithout one\b": "Repeat the noun.",
    r"\belse that of\b": "Repeat the noun.",
    # In these docs an exception is an object of Python.
    r"\bone exception\b": 'Write "except" or "but".',
    r"(?:^|[.!?:] )The same (?:for|as)\b": "Repeat the noun.",
    r"\bdo(?:es)? the same\b": "Repeat the verb.",
    r"\b(?:has|have) any(?=[.,;])": "Repeat the noun.",
    r"\banother one\b": "Repeat the noun.",
    r"(?:^|[.!?] )After that\b": "Name the event.",
    r"\b(?:[Ii]n that case|until then)\b": "Repeat the condition.",
    r"(?:^|[.!?] )(?:Both (?!\w+s\b)|Their\b)": "Repeat the noun.",
    r"\bbring(?:s|ing)?\b.*\binto the format\b": 'Write "formats".',
    r"\bthe one of\b": "Repeat the noun.",
    r"(?:^|[.!?] )If [^.;:?|]*, [^.;:?|]*(?<!or )(?<!and )(?<!as )(?<!even )(?<!only )\bif\b": (
        "Write two sentences."
    ),
    r"(?:^|[.!?] )Without (?:it|them)\b": "Name the missing thing.",
    r"(?:^|[.!?] )This includes\b": "Repeat the noun.",
    r"\bof (?:Django|DRF)'s(?=[,.;:]|$)": 'Repeat the noun, or write "of Django".',
    r"\b(?:method|them|another|that) is open\b": 'Write "is allowed".',
}

# The rules for contributors quote these constructions; a heading may be a question without a mark.
EXEMPT = {"CONTRIBUTING.md", "tests/docs/test_english.py"}
# The glossary has a column of the words that other projects use.
EXEMPT_FROM_PROSE_RULES = {"docs/glossary.md"}

FOLDERS = ("django_apierrors", "example_project", "tests", "stress", "benchmarks", "suites")
# The files with comments that begin with # or //.
SCRIPTS = (
    *("Makefile", "setup.cfg", "*.toml", "*.yml", ".*.yaml", ".ci/*", ".github/workflows/*"),
    *("requirements/*", "suites/*.toml", "suites/*/*.toml", "tests/clients/*.[jt]s"),
    *("example_project/frontend/src/main.ts",),
)
FILES = {
    name: path.read_text("utf-8").splitlines()
    for path in (
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")),
        *(ROOT / "django_apierrors").rglob("*.html"),
        *(path for pattern in SCRIPTS for path in ROOT.glob(pattern)),
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


def iter_page_prose(page: str) -> Iterator[tuple[int, str]]:
    """Yield the paragraphs, the items and the table rows of a page, without code and URLs."""
    page = re.sub(
        "^ *```.*?^ *```", lambda match: "\n" * match[0].count("\n"), page, flags=re.M | re.S
    )
    page = re.sub(r"\]\([^)\s]*\)", "]", re.sub(r"`[^`\n]*`", "…", page))
    paragraph: list[str] = []
    number = 0
    for number, line in enumerate(page.splitlines(), start=1):
        if paragraph and (not line.strip() or re.match(r" *(\||- |\d+\. )", line)):
            yield number - 1, " ".join(paragraph)
            paragraph = []
        paragraph += line.split()
    yield number, " ".join(paragraph)


def iter_comments(script: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a script that are comments."""
    for number, line in enumerate(script.splitlines(), start=1):
        if line.lstrip().startswith(("#", "//")):
            yield number, line.lstrip(" #/")


READERS = {".md": iter_page_prose, ".py": iter_prose, ".html": lambda page: ()}


@cache
def get_prose() -> list[tuple[str, str]]:
    """Return the place and the text of all prose."""
    return [
        (f"{name}:{line}", text)
        for name, lines in FILES.items()
        if name not in EXEMPT_FROM_PROSE_RULES
        for line, text in READERS.get(Path(name).suffix, iter_comments)("\n".join(lines))
    ]


@pytest.mark.parametrize("pattern", RULES)
def test_a_construction_that_is_hard_to_read_is_not_used(pattern: str) -> None:
    places = [
        f"{name}:{number}: {line.strip()}"
        for name, lines in FILES.items()
        for number, line in enumerate(lines, start=1)
        if not line.startswith("##") and re.search(pattern, line)
    ]
    # A construction may be in two lines, or in the name of a test.
    prose = [(place, text) for place, text in get_prose() if not text.startswith("##")]
    places += [f"{place}: {text}" for place, text in prose if re.search(pattern, text)]
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
        "The view is called also if it fails.",
        "A set has no JSON.",
        "The members of this package.",
        "Whatever the client sends.",
        "So is the dict.",
        "The database has the last word.",
        "An option helps.",
    ]
    assert sum(re.search(pattern, example) is not None for example in examples) == 1


@pytest.mark.parametrize("pattern", PROSE_RULES)
def test_prose_does_not_use_a_construction(pattern: str) -> None:
    places = [f"{place}: {text}" for place, text in get_prose() if re.search(pattern, text)]
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
        "Here, because the import is slow.",
        "The name of a status, or its number if it has none.",
        "A view does not have the method, nor does its URL.",
        "Return the error, `None` if not.",
        "Whether no field is missing.",
        "Integers raise that of a range, dates that of a calendar.",
        "The errors of views, also those of plugins.",
        "A character, which no driver can encode.",
        "The middleware knows the reason.",
        "Messages that are about no field.",
        "Parsed below the name of a field only.",
        "test a rejected key leaves the errors as they are",
        "test the examples are spelt so too",
        "test a code that all messages share is the errors",
        "A key of an object that is no name is a value.",
        "The strings that are patterns; without any, all parameters.",
        "A gateway returns 502, and the view raises that.",
        "The tests of packages beside DRF.",
        "An attribute is whether a page may not exist.",
        "Numbers are messages if no other value can be one.",
        "The errors that all exceptions agree on.",
        "A URL pattern that fits no key.",
        "Return the exception that it was made with, if it was.",
        "The text of the error.",
        "The texts are translated.",
        "The message has a remedy.",
        "The engine runs the task.",
        "If there is none, the default is used.",
        "The view wants a dict.",
        "Views are called. Those that fail are logged.",
        "This the view decides.",
        "Only then is the view called.",
        "The status is what decides.",
        "The view is called, and so is the handler.",
        "The middleware alone then formats the error.",
        "None removes a row of ours.",
        "Names are changed, as those of a header.",
        "The nearest name, None if none is.",
        "| such a message | the message of the code |",
        "The name that a class has itself.",
        "Return the reference, an empty string without one.",
        "The stored code, else that of the class.",
        "There is one exception: an async view.",
        "The same for the keys of a dict.",
        "The lines below do the same.",
        "The sentences of the document, if the document has any.",
        "The client may not use this method, but another one.",
        "After that the URL returns 410.",
        "In that case add the name.",
        "Both need only Python.",
        "The middleware brings the error into the format.",
        "The handler is the one of DRF.",
        "If one row matches, the client gets a 400 if the row was sent.",
        "Without it the view fails.",
        "All errors have the header. This includes a 500.",
        "A view of DRF's.",
        "Another method is open to the client.",
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


def test_the_prose_of_a_page_is_read_without_code() -> None:
    page = """# Title

One
`two` [three](https://example.com).

```python
x = 1  # Code.
```

- A long
  item.
- b

| a | b |
|---|---|
| c | d |
"""
    assert [(line, text) for line, text in iter_page_prose(page) if text] == [
        (1, "# Title"),
        (4, "One … [three]."),
        (11, "- A long item."),
        (12, "- b"),
        (14, "| a | b |"),
        (15, "|---|---|"),
        (16, "| c | d |"),
    ]


def test_the_comments_of_a_script_are_read() -> None:
    assert [*iter_comments("# One.\nx = 1  # Beside.\n  // Two.")] == [(1, "One."), (3, "Two.")]
