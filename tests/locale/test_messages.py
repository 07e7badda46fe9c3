"""Every message that the package marks has a valid translation in every language."""

from __future__ import annotations

import re
from collections.abc import Callable
from gettext import GNUTranslations

import pytest
from django.utils.translation import to_language

from tests.locale.messages import (
    LOCALE,
    LOCALES,
    PACKAGE,
    Message,
    make_catalogue,
    read_sources,
    read_translations,
)

PAGE = (PACKAGE.parent / "docs" / "languages.md").read_text(encoding="utf-8")
HEADER = Message("")
SOURCES = read_sources()
TRANSLATIONS = {locale: read_translations(locale) for locale in LOCALES}
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[a-z%]")

# Parts that are the same in every language: tags, header names, methods, statuses, media types.
MACHINE_PARTS = re.compile(
    r"<[^>]+>|\w+/json|Authorization|Location|Range|Allow|\b[A-Z]\w+(?:-[A-Z]\w+)+\b"
    r"|\b(?:[A-Z]{3,}|API)\b|\b[1-5]\d\d\b"
)

# The last characters of a sentence, in all of the languages.
ENDS = (".", "!", "?", "。", "\uff01", "\uff1f")


def test_the_docs_list_every_language() -> None:
    rows = re.findall(r"^\| .* \| `([a-z-]+)` \| `(\w+)` \|$", PAGE, re.MULTILINE)
    assert rows == [(to_language(locale), locale) for locale in LOCALES]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_message_of_the_sources_is_translated_and_no_other(locale: str) -> None:
    translated = {
        message
        for message, translation in TRANSLATIONS[locale].items()
        if all(translation.texts) and not translation.is_fuzzy
    }
    assert translated == SOURCES | {HEADER}, "run `make messages`, and translate the new messages"


@pytest.mark.parametrize("locale", LOCALES)
def test_the_mo_file_is_compiled_from_the_po_file(locale: str) -> None:
    with (LOCALE / locale / "LC_MESSAGES" / "django.mo").open("rb") as file:
        compiled = GNUTranslations(file)
    # No public method returns all entries.
    catalogue: object = vars(compiled)["_catalog"]
    assert catalogue == make_catalogue(TRANSLATIONS[locale]), "run `make messages`"


@pytest.mark.parametrize("locale", LOCALES)
def test_a_po_file_is_sorted_and_its_header_names_the_language_and_its_plurals(locale: str) -> None:
    content = (LOCALE / locale / "LC_MESSAGES" / "django.po").read_text(encoding="utf-8")
    # Neither places nor dates, which change with every run of gettext.
    assert not re.search(r"^#:|^#~|Date:", content, re.MULTILINE)
    translations = TRANSLATIONS[locale]
    texts = [message.text for message in translations]
    assert texts == sorted(texts)
    lines = translations[HEADER].texts[0].splitlines()
    header = dict(line.split(": ", 1) for line in lines if not line.endswith(": "))
    assert (header["Language"], header["Content-Type"]) == (locale, "text/plain; charset=UTF-8")
    numbers = {len(it.texts) for message, it in translations.items() if message.plural}
    assert [f"nplurals={number}" for number in numbers] == [header["Plural-Forms"].split(";")[0]]


def has_same_placeholders(text: str, translated: str) -> bool:
    return sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(translated))


def has_machine_parts(text: str, translated: str) -> bool:
    """Whether the parts that are the same in every language are in both."""
    return all(part in translated for part in MACHINE_PARTS.findall(text))


def ends_alike(text: str, translated: str) -> bool:
    """Whether both are sentences or neither is, and the translation has no outer white space."""
    is_stripped = translated == translated.strip()
    return is_stripped and translated.endswith(ENDS) == text.endswith(ENDS)


@pytest.mark.parametrize("is_valid", [has_same_placeholders, has_machine_parts, ends_alike])
def test_every_translation_keeps_the_rule(is_valid: Callable[[str, str], bool]) -> None:
    invalid = {locale: find_invalid(locale, is_valid) for locale in LOCALES}
    assert {locale: texts for locale, texts in invalid.items() if texts} == {}


def test_no_french_line_begins_with_a_punctuation_mark() -> None:
    def has_hard_spaces(text: str, translated: str) -> bool:
        prose = re.sub(r"[\w-]+: application/json", "", translated)
        return not re.search(r"(?<![\u00a0\u202f])[:;!?](?!\w)", prose)

    assert find_invalid("fr", has_hard_spaces) == {}


def find_invalid(locale: str, is_valid: Callable[[str, str], bool]) -> dict[str, str]:
    return {
        message.text: text
        for message, translation in TRANSLATIONS[locale].items()
        for text in translation.texts
        if message != HEADER and not is_valid(message.text, text)
    }


def test_a_short_message_has_a_context() -> None:
    # All apps share one catalogue: in the project's, "Code" may be the code of a voucher.
    short = {
        message
        for message in SOURCES
        if len(message.text.split()) <= 3 and not PLACEHOLDER.search(message.text)
    }
    assert {message.context for message in short} == {"apierrors"}


def test_every_word_of_a_template_is_marked() -> None:
    words = {
        path.name: find_words(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.html")
    }
    assert {name: unmarked for name, unmarked in words.items() if unmarked} == {}


def find_words(template: str) -> list[str]:
    """Return the words of a template that stand outside of its tags."""
    template = re.sub(r"{% blocktranslate.*?{% endblocktranslate %}", "", template, flags=re.DOTALL)
    text = re.sub(r"{[%{].*?[%}]}", "", template)
    words = re.findall(r">([^<>]*[^\W\d_][^<>]*)<", text)
    return words + re.findall(r'(?:aria-label|alt|placeholder)="([^"]+)"|title="([^"]+)"', text)
