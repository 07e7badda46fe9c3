"""Problem details: the body as RFC 9457 has it, for the client that asks for it.

Off unless `PROBLEM_JSON` is on. Bodies are made problems where they are put into bytes, so that
whoever changes a response's `data` on its way sees the one shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from django.utils.cache import patch_vary_headers

from django_apierrors import failsafe
from django_apierrors.catalog import find_code, get_codes
from django_apierrors.conf import api_errors

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from rest_framework.request import Request

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"

# The type of a problem that is no more than its HTTP status; RFC 9457, section 4.2.1.
BLANK: Final = "about:blank"

# The members of RFC 9457 that are texts, and which a project's own body may have a better one for.
TEXTS: Final = ("type", "title", "detail")

# As the HTTP registry has them; Python 3.13 renamed them, and Python 3.11 has the names of before.
RENAMED_PHRASES: Mapping[int, str] = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}


def is_on() -> bool:
    """Tell whether `PROBLEM_JSON` is; a dict of settings that cannot be read has it off."""
    try:
        return api_errors.PROBLEM_JSON
    except Exception:
        # The last resort comes through here too.
        failsafe.log_failure("reading PROBLEM_JSON")
        return False


def prefers_problem(request: HttpRequest | Request | None, to: str = JSON) -> bool:
    """Tell whether `request` is to have its errors as problem details, not as `to`.

    That is when its `Accept` names them, at a higher quality than `to`, or at the same one where a
    wildcard alone covers that. Wildcards do not ask for problems: RFC 9110, section 12.5.1, leaves
    it to the server what to send for one. Parameters say nothing here.
    """
    if request is None or not is_on():
        return False
    # Most have no such word; those that do are parsed, once, by Django.
    if "problem+json" not in request.META.get("HTTP_ACCEPT", "").lower():
        return False
    try:
        accepted = request.accepted_types
    except (ValueError, LookupError):
        # Django cannot decode `Accept: text/html; a*=bogus''x`.
        return False
    # The best come first, so they are the last to be written down.
    qualities = {f"{each.main_type}/{each.sub_type}": each.quality for each in reversed(accepted)}
    problem = qualities.get(PROBLEM, 0)
    if to in qualities:
        return problem > qualities[to]
    kind, _, _ = to.partition("/")
    return 0 < problem >= qualities.get(f"{kind}/*", qualities.get("*/*", 0))


def negotiate(response: HttpResponseBase, request: HttpRequest | Request | None) -> bool:
    """Tell whether `response`, an error that is JSON, is to be problem details; label it so.

    Where there are problems at all, caches are told that the answer goes by `Accept`.
    """
    if not is_on():
        return False
    patch_vary_headers(response, ["Accept"])
    is_problem = prefers_problem(request)
    if is_problem:
        response["Content-Type"] = PROBLEM
    return is_problem


def make_problem(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return `body`, one of ours, as problem details, which have its members as extensions.

    Of a problem it returns the same; a text that `body` has of its own for a member stays.
    """
    more_info, code, status = body["moreInfo"], body["code"], body["status"]
    problem = {
        "type": more_info or BLANK,
        "title": get_title(code, status) if more_info else get_phrase(status),
        "status": status,
        "detail": " ".join(body["errors"]),
    }
    return problem | {
        name: value for name, value in body.items() if name not in TEXTS or isinstance(value, str)
    }


def get_title(code: str | int, status: int) -> str:
    """Return what the problems of a `type` have in common: the message of their code."""
    if isinstance(code, str):
        return str(find_code(code, status).message)
    named = (str(known.message) for known in get_codes().values() if known.number == code)
    return next(named, get_phrase(status))


def get_phrase(status: int) -> str:
    """Return the title of a problem without a type, the phrase of its HTTP status."""
    try:
        return RENAMED_PHRASES.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return f"HTTP {status}"


def get_last_resort(response: HttpResponseBase, request: HttpRequest | Request | None) -> bytes:
    """Return the constant body for the case that making one fails; label `response` for it."""
    response.status_code = failsafe.STATUS
    response["Content-Type"] = JSON
    return failsafe.PROBLEM if negotiate(response, request) else failsafe.BODY
