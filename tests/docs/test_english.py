"""The docs, the docstrings, the comments and the messages are in plain English.

Each row has a construction that readers had to read twice, and the words to use in its place.
"""

from __future__ import annotations

import re

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
