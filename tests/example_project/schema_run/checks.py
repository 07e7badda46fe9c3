"""Schemathesis' check `positive_data_acceptance` without the errors that no schema can predict."""

from __future__ import annotations

import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

# The codes of errors that depend on the data: a name is taken, an id is unknown, a collection is
# not empty. The API document has the status 400 for them. Schemathesis would accept 409.
DATA_ERRORS = frozenset({"ALREADY_EXISTS", "INVALID_STATE", "MISSING_RESOURCE"})


@schemathesis.check
def valid_data_is_accepted(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> bool | None:
    """Fail if a valid request is rejected, unless the error depends on the data."""
    if response.status_code == 400 and response.json()["code"] in DATA_ERRORS:
        return None
    return positive_data_acceptance(ctx, response, case)
