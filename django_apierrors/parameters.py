"""Query parameters that are numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError

if TYPE_CHECKING:
    from rest_framework.request import Request

NOT_A_NUMBER = _("A whole number of at least %(least)d is required.")

# What a database takes for a number of rows.
GREATEST = 2**63 - 1


def get_number(request: Request, name: str | None, least: int = 1) -> int | None:
    """Return the query parameter `name`, `None` where it has no name or is not sent.

    Raise ValidationError for one that is no number from `least` to 2^63 - 1.
    """
    if not name or name not in request.query_params:
        return None
    text = request.query_params[name]
    # So many digits at most: int() takes time that grows with the square of their number.
    if text.isascii() and text.isdecimal() and len(text) <= 19 and least <= int(text) <= GREATEST:
        return int(text)
    raise ValidationError({name: [NOT_A_NUMBER % {"least": least}]})
