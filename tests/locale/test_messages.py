"""The translations: each text that the package marks has one in each language, and a good one."""

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
    find_in_module,
    find_in_template,
    make_catalogue,
    read_entry,
    read_sources,
    read_translations,
)

PAGE = (PACKAGE.parent / "docs" / "languages.md").read_text(encoding="utf-8")
HEADER = Message("")
SOURCES = read_sources()
TRANSLATIONS = {locale: read_translations(locale) for locale in LOCALES}
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[a-z%]")

# What is the same in every language: tags, names of headers, verbs, statuses, media types.
MACHINE_PARTS = re.compile(
    r"<[^>]+>|\w+/json|Authorization|Location|Range|Allow|\b[A-Z]\w+(?:-[A-Z]\w+)+\b"
    r"|\b(?:[A-Z]{3,}|API)\b|\b[1-5]\d\d\b"
)

# A sentence ends so, in whatever language.
ENDS = (".", "!", "?", "。", "\uff01", "\uff1f")


def test_there_are_the_languages_that_the_docs_name() -> None:
    rows = re.findall(r"^\| .* \| `([a-z-]+)` \| `(\w+)` \|$", PAGE, re.MULTILINE)
    assert rows == [(to_language(locale), locale) for locale in LOCALES]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_text_of_the_sources_is_translated(locale: str) -> None:
    translated = {
        message
        for message, translation in TRANSLATIONS[locale].items()
        if all(translation.texts) and not translation.is_fuzzy
    }
    assert SOURCES - translated == set(), "run `make messages`, and translate these"


@pytest.mark.parametrize("locale", LOCALES)
def test_a_translation_is_of_a_text_of_the_sources(locale: str) -> None:
    assert TRANSLATIONS[locale].keys() - SOURCES == {HEADER}, "run `make messages`"


@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_installed_is_what_was_translated(locale: str) -> None:
    with (LOCALE / locale / "LC_MESSAGES" / "django.mo").open("rb") as file:
        installed = GNUTranslations(file)
    # Nothing public tells all that there is.
    catalogue: object = vars(installed)["_catalog"]
    assert catalogue == make_catalogue(TRANSLATIONS[locale]), "run `make messages`"


@pytest.mark.parametrize("locale", LOCALES)
def test_a_file_changes_where_a_text_does_and_nowhere_else(locale: str) -> None:
    content = (LOCALE / locale / "LC_MESSAGES" / "django.po").read_text(encoding="utf-8")
    assert not re.search(r"^#:|^#~|Date:", content, re.MULTILINE)
    texts = [message.text for message in TRANSLATIONS[locale]]
    assert texts == sorted(texts)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_file_says_its_language_and_has_as_many_plurals_as_that(locale: str) -> None:
    header = dict(
        line.split(": ", 1)
        for line in TRANSLATIONS[locale][HEADER].texts[0].splitlines()
        if not line.endswith(": ")
    )
    assert (header["Language"], header["Content-Type"]) == (locale, "text/plain; charset=UTF-8")
    numbers = {len(it.texts) for text, it in TRANSLATIONS[locale].items() if text.plural}
    assert [f"nplurals={number}" for number in numbers] == [header["Plural-Forms"].split(";")[0]]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_translation_has_the_placeholders_of_the_text(locale: str) -> None:
    assert find_wrong(locale, has_same_placeholders) == {}


def has_same_placeholders(text: str, translated: str) -> bool:
    """Tell whether the same values stand in both."""
    return sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(translated))


@pytest.mark.parametrize("locale", LOCALES)
def test_a_translation_keeps_what_a_machine_reads(locale: str) -> None:
    assert find_wrong(locale, has_machine_parts) == {}


def has_machine_parts(text: str, translated: str) -> bool:
    """Tell whether what is the same in every language stands in both."""
    return all(part in translated for part in MACHINE_PARTS.findall(text))


@pytest.mark.parametrize("locale", LOCALES)
def test_a_sentence_is_a_sentence_in_every_language(locale: str) -> None:
    assert find_wrong(locale, ends_alike) == {}


def ends_alike(text: str, translated: str) -> bool:
    """Tell whether both are sentences, or neither is, and nothing stands around the second."""
    is_bare = translated == translated.strip()
    return is_bare and translated.endswith(ENDS) == text.endswith(ENDS)


def test_no_french_line_begins_with_a_punctuation_mark() -> None:
    assert find_wrong("fr", has_hard_spaces) == {}


def has_hard_spaces(text: str, translated: str) -> bool:
    """Tell whether no line can be broken before a mark that has a space before it."""
    prose = re.sub(r"[\w-]+: application/json", "", translated)
    return not re.search(r"(?<![\u00a0\u202f])[:;!?](?!\w)", prose)


def find_wrong(locale: str, is_right: Callable[[str, str], bool]) -> dict[str, str]:
    """Return the texts whose translation is not as it should be."""
    return {
        message.text: text
        for message, translation in TRANSLATIONS[locale].items()
        for text in translation.texts
        if message != HEADER and not is_right(message.text, text)
    }


def test_a_text_that_other_apps_may_have_as_well_has_a_context() -> None:
    # All apps share one catalogue: "Code" may be a voucher's in the project's.
    short = {it for it in SOURCES if len(it.text.split()) <= 3 and not PLACEHOLDER.search(it.text)}
    assert {it.context for it in short} == {"apierrors"}


def test_a_template_speaks_english_in_tags_alone() -> None:
    spoken = {
        path.name: words
        for path in PACKAGE.rglob("*.html")
        if (words := find_words(path.read_text(encoding="utf-8")))
    }
    assert spoken == {}


def find_words(template: str) -> list[str]:
    """Return the words of a template that no tag translates."""
    template = re.sub(r"{% blocktranslate.*?{% endblocktranslate %}", "", template, flags=re.DOTALL)
    text = re.sub(r"{[%{].*?[%}]}", "", template)
    words = re.findall(r">([^<>]*[^\W\d_][^<>]*)<", text)
    return words + re.findall(r'(?:aria-label|alt|placeholder)="([^"]+)"|title="([^"]+)"', text)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('_("One " "two.")', Message("One two.")),
        ('gettext("One.")', Message("One.")),
        ('translation.gettext_lazy("One.")', Message("One.")),
        ('gettext_noop("One.")', Message("One.")),
        ('pgettext_lazy("here", "One.")', Message("One.", context="here")),
        ('ngettext("One.", "Many.", number)', Message("One.", "Many.")),
        ('npgettext("here", "One.", "Many.", 2)', Message("One.", "Many.", "here")),
    ],
)
def test_a_text_is_found_in_a_module(source: str, message: Message) -> None:
    assert list(find_in_module(source)) == [message]


def test_a_text_that_gettext_cannot_find_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="malformed node"):
        list(find_in_module('_(f"One {two}.")'))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('{% translate "One." %}', Message("One.")),
        ("""{% translate "It's one." %}""", Message("It's one.")),
        ('{% translate "One." context "here" as one %}', Message("One.", context="here")),
        ('{{ _("One.") }}', Message("One.")),
        (
            "{% blocktranslate trimmed %}\n  One\n  <b>two</b>.\n{% endblocktranslate %}",
            Message("One <b>two</b>."),
        ),
        (
            "{% blocktranslate count n=n %}{{ n }} is.{% plural %}Many.{% endblocktranslate %}",
            Message("%(n)s is.", "Many."),
        ),
    ],
)
def test_a_text_is_found_in_a_template(source: str, message: Message) -> None:
    assert list(find_in_template(f"{{% load i18n %}}<p>{source}</p>")) == [message]


def test_an_entry_of_a_file_is_read_whole() -> None:
    entry = (
        '# By hand.\n#, fuzzy, python-format\nmsgctxt "here"\nmsgid ""\n"One "\n"\\"two\\"."\n'
        'msgid_plural "Many."\nmsgstr[0] "Eins."\nmsgstr[1] "Vie"\n"le."'
    )
    message, translation = read_entry(entry)
    assert message == Message('One "two".', "Many.", "here")
    assert translation == (["Eins.", "Viele."], True)
