"""A check for schemathesis: every error of an API, whichever it is, has the format.

Importing the module registers the check; schemathesis does so for `SCHEMATHESIS_HOOKS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import schemathesis

from django_apierrors.testing.assertions import fail, find_faults
from django_apierrors.testing.exchange import Exchange

if TYPE_CHECKING:
    from schemathesis import Case, CheckContext, Response


@schemathesis.check
def api_error_format(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """Hold an answer of status 400 or more to the format; raises AssertionError."""
    if response.status_code >= 400:
        exchange = Exchange.of(response)
        faults = list(find_faults(exchange))
        if faults:
            fail("This error is not in the format", faults, exchange)
