"""A check for schemathesis: every error of an API has the format.

Importing this module registers the check. Schemathesis imports it for `SCHEMATHESIS_HOOKS`.
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
    """Check that a response of status 400 or more has the format."""
    assert_api_error_format(response)


def assert_api_error_format(response: Response, more_keys: Collection[str] = ()) -> None:
    """Raise AssertionError if a response of status 400 or more does not have the format.

    `more_keys` are keys that the project adds to the body.
    """
    if response.status_code >= 400:
        faults = list(find_faults(Exchange.of(response), more_keys))
        if faults:
            fail("This error is not in the format", response, *faults)
