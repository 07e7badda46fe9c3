"""A check for schemathesis: every error of an API, whichever it is, has the format.

Importing the module registers the check; schemathesis does so for `SCHEMATHESIS_HOOKS`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import schemathesis

from django_apierrors.testing.assertions import fail, find_faults
from django_apierrors.testing.exchange import Exchange

if TYPE_CHECKING:
    from schemathesis import Case, CheckContext, Response


@schemathesis.check
def api_error_format(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """Hold an answer of status 400 or more to the format; raises AssertionError."""
    hold_to_format(response)


def hold_to_format(response: Response, more_members: Collection[str] = ()) -> None:
    """Do what the check does, for a check of a project that adds `more_members` to the body."""
    if response.status_code >= 400:
        exchange = Exchange.of(response)
        faults = list(find_faults(exchange, more_members))
        if faults:
            fail("This error is not in the format", faults, exchange)
