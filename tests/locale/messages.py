"""The texts of the package that are there to be translated, and their translations.

Both are read here, the one from the syntax trees of the sources, the other from the `.po` files, so
that no test needs the tools of GNU gettext.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from django.utils.translation.template import templatize

PACKAGE = Path(__file__).resolve().parents[2] / "django_apierrors"
LOCALE = PACKAGE / "locale"

# The names of the directories, such as `pt_BR`.
LOCALES = sorted(path.name for path in LOCALE.iterdir())

# Which arguments of each function are the context, the text and its plural.
FUNCTIONS = {
    "gettext": ("text",),
    "ngettext": ("text", "plural"),
    "pgettext": ("context", "text"),
    "npgettext": ("context", "text", "plural"),
}
NAMES = {
    **FUNCTIONS,
    **{f"{name}_lazy": roles for name, roles in FUNCTIONS.items()},
    "_": ("text",),
    "gettext_noop": ("text",),
}

# The calls that Django makes of the tags of a template.
LITERAL = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
CALL = re.compile(rf"\b(?:_|n?p?gettext)\({LITERAL}(?:, ?{LITERAL})*")

LINE = re.compile(r'(?:(?P<keyword>msg\w+)(?:\[\d+\])? )?(?P<literal>".*")')


class Message(NamedTuple):
    """A text as gettext looks it up, and what it looks it up by besides."""

    text: str
    plural: str = ""
    context: str = ""

    def __str__(self) -> str:
        """Return the text, for the names of tests."""
        return self.text


class Translation(NamedTuple):
    """The texts that a message has in another language, one for each plural form."""

    texts: Sequence[str]
    is_fuzzy: bool


def read_sources() -> set[Message]:
    """Return the messages of all modules and templates of the package."""
    modules = (path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    templates = (path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.html"))
    return {
        message
        for messages in (*map(find_in_module, modules), *map(find_in_template, templates))
        for message in messages
    }


def find_in_module(source: str) -> Iterator[Message]:
    """Yield the messages of Python; what is no literal is a mistake, since gettext misses it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in NAMES:
                values = map(ast.literal_eval, node.args)
                yield Message(**dict(zip(NAMES[name], values, strict=False)))


def find_in_template(source: str) -> Iterator[Message]:
    """Yield the messages of a template, in the form that Django gives them for gettext."""
    for call in CALL.findall(templatize(source)):
        yield from find_in_module(f"{call})")


def read_translations(locale: str) -> dict[Message, Translation]:
    """Return what a `.po` file holds, its header, which translates the empty text, included."""
    content = (LOCALE / locale / "LC_MESSAGES" / "django.po").read_text(encoding="utf-8")
    return dict(map(read_entry, content.strip().split("\n\n")))


def read_entry(entry: str) -> tuple[Message, Translation]:
    """Return the message and the translation of one entry."""
    comments, lines = partition(entry.splitlines())
    values: dict[str, list[str]] = {}
    keyword = ""
    for line in lines:
        match = LINE.fullmatch(line)
        assert match, f"{line!r} is no line of a .po file"
        text = ast.literal_eval(match["literal"])
        if match["keyword"]:
            keyword = match["keyword"]
            values.setdefault(keyword, []).append(text)
        else:
            values[keyword][-1] += text
    [text], [plural] = values["msgid"], values.get("msgid_plural", [""])
    [context] = values.get("msgctxt", [""])
    is_fuzzy = any(line.startswith("#,") and "fuzzy" in line for line in comments)
    return Message(text, plural, context), Translation(values["msgstr"], is_fuzzy)


def partition(lines: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the comments among the lines, and the others."""
    groups: tuple[list[str], list[str]] = ([], [])
    for line in lines:
        groups[not line.startswith("#")].append(line)
    return groups


def make_catalogue(translations: Mapping[Message, Translation]) -> dict[object, str]:
    """Return the translations as `gettext.GNUTranslations` has them in memory."""
    catalogue: dict[object, str] = {}
    for message, translation in translations.items():
        key = f"{message.context}\x04{message.text}" if message.context else message.text
        if message.plural:
            catalogue |= {(key, form): text for form, text in enumerate(translation.texts)}
        else:
            catalogue[key] = translation.texts[0]
    return catalogue
