"""Kinds: the groups that the codes of the catalogue fall into, by the high byte of their number."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_apierrors.catalog import CATALOG, ErrorCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django_stubs_ext import StrOrPromise


class Kind(NamedTuple):
    """A group of codes: its name in documents, its title, and what its codes have in common."""

    name: str
    title: StrOrPromise
    summary: StrOrPromise


KINDS: Mapping[int, Kind] = {
    1: Kind(
        "look-up", pgettext_lazy("apierrors", "Look-up"), _("What you asked for is not there.")
    ),
    2: Kind(
        "access", pgettext_lazy("apierrors", "Access"), _("You are not known, or may not do this.")
    ),
    3: Kind("content", pgettext_lazy("apierrors", "Content"), _("What you sent is not right.")),
    4: Kind(
        "conflict",
        pgettext_lazy("apierrors", "Conflict"),
        _("What you sent clashes with what is there."),
    ),
    5: Kind(
        "protocol",
        pgettext_lazy("apierrors", "Protocol"),
        _("The way you asked is not one that works here."),
    ),
    6: Kind(
        "service",
        pgettext_lazy("apierrors", "Service"),
        _("The server failed, or something that it needs."),
    ),
}

# A project's own codes need no number, and may have one that says no kind.
OWN = Kind("own", _("More of this API"), _("What this API can answer besides."))


def get_kind(code: ErrorCode) -> Kind:
    """Return the kind of `code`; a code of ours keeps its kind whatever number it is given."""
    known = CATALOG.get(code.name, code)
    return KINDS.get((known.number or 0) >> 24, OWN)


def group(codes: Iterable[ErrorCode]) -> dict[Kind, list[ErrorCode]]:
    """Return the codes by their kinds, in the order of the catalogue; kinds without codes not."""
    groups: dict[Kind, list[ErrorCode]] = {kind: [] for kind in (*KINDS.values(), OWN)}
    for code in codes:
        groups[get_kind(code)].append(code)
    return {kind: members for kind, members in groups.items() if members}
