"""Read the package's translatable messages, from the sources and from the `.po` files.

The sources are read through their syntax trees, so the tests do not need GNU gettext.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from django.utils.translation.template import templatize

PACKAGE = Path(__file__).resolve().parents[2] / "django_apierrors"
LOCALE = PACKAGE / "locale"

# The names of the directories, such as `pt_BR`.
LOCALES = sorted(path.name for path in LOCALE.iterdir())

# The meaning of each positional argument.
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

# The calls that `templatize()` makes from the tags of a template.
LITERAL = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
CALL = re.compile(rf"\b(?:_|n?p?gettext)\({LITERAL}(?:, ?{LITERAL})*")

LINE = re.compile(r'(?:(?P<keyword>msg\w+)(?:\[\d+\])? )?(?P<literal>".*")')


class Message(NamedTuple):
    """The key of a message in a gettext catalogue."""

    text: str
    plural: str = ""
    context: str = ""


class Translation(NamedTuple):
    """The translation of a message, one string for each plural form."""

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
    """Yield the messages of a module.

    An argument that is not a literal raises ValueError, because xgettext would skip it.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in NAMES:
                values = map(ast.literal_eval, node.args)
                yield Message(**dict(zip(NAMES[name], values, strict=False)))


def find_in_template(source: str) -> Iterator[Message]:
    """Yield the messages of a template, as `makemessages` extracts them."""
    for call in CALL.findall(templatize(source)):
        yield from find_in_module(f"{call})")


def read_translations(locale: str) -> dict[Message, Translation]:
    content = (LOCALE / locale / "LC_MESSAGES" / "django.po").read_text(encoding="utf-8")
    return dict(map(parse_entry, content.strip().split("\n\n")))


def parse_entry(entry: str) -> tuple[Message, Translation]:
    """Return the message and the translation of one entry."""
    values: dict[str, list[str]] = {}
    keyword = ""
    is_fuzzy = False
    for line in entry.splitlines():
        if line.startswith("#"):
            is_fuzzy |= line.startswith("#,") and "fuzzy" in line
            continue
        match = LINE.fullmatch(line)
        assert match, f"{line!r} is not a line of a .po file"
        text = ast.literal_eval(match["literal"])
        if match["keyword"]:
            keyword = match["keyword"]
            values.setdefault(keyword, []).append(text)
        else:
            values[keyword][-1] += text
    [text], [plural] = values["msgid"], values.get("msgid_plural", [""])
    [context] = values.get("msgctxt", [""])
    return Message(text, plural, context), Translation(values["msgstr"], is_fuzzy)


def make_catalogue(translations: Mapping[Message, Translation]) -> dict[object, str]:
    """Return the translations in the format of `gettext.GNUTranslations._catalog`."""
    catalogue: dict[object, str] = {}
    for message, translation in translations.items():
        key = f"{message.context}\x04{message.text}" if message.context else message.text
        if message.plural:
            catalogue |= {(key, form): text for form, text in enumerate(translation.texts)}
        else:
            catalogue[key] = translation.texts[0]
    return catalogue
