"""The tester's check `positive_data_acceptance`, as this API means it."""

from __future__ import annotations

import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

# What no schema says of a request is whether it fits what is there: that a name is taken, a key is
# nothing's, a collection is not empty. The API document answers that with 400, where the tester
# would take a 409 for an answer.
FOR_WHAT_IS_THERE = frozenset({"ALREADY_EXISTS", "INVALID_STATE", "MISSING_RESOURCE"})


@schemathesis.check
def valid_data_is_accepted(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> bool | None:
    """Fail where what the schema allows is refused, but for what is there."""
    if response.status_code == 400 and response.json()["code"] in FOR_WHAT_IS_THERE:
        return None
    return positive_data_acceptance(ctx, response, case)
