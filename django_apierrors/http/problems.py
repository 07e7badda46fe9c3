"""Problem details: the body in the format of RFC 9457, for clients that request it.

Off unless `PROBLEM_JSON` is on. A body becomes a problem when it is rendered, so that code that
changes the `data` of a response needs to handle one shape only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from django_apierrors import fallback
from django_apierrors.catalog import get_codes, get_or_make_code, get_phrase
from django_apierrors.conf import api_errors
from django_apierrors.validation.places import AnyRequest

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"

# A browser's `Accept` has about 150 characters. Django parses it in quadratic time.
MAX_ACCEPT_LENGTH: Final = 4096

# The type of a problem that is fully described by its HTTP status; RFC 9457, section 4.2.1.
ABOUT_BLANK: Final = "about:blank"

# The members of RFC 9457 that are strings. A project's own body may have a better one.
STRING_MEMBERS: Final = ("type", "title", "detail")


def is_enabled() -> bool:
    """Whether `PROBLEM_JSON` is on; off if the settings cannot be read."""
    try:
        return api_errors.PROBLEM_JSON
    except Exception:
        # This function is called for the fallback body too.
        fallback.log_failure("reading PROBLEM_JSON")
        return False


def prefers_problem(request: AnyRequest | None, to: str = JSON) -> bool:
    """Whether `request` prefers problem details to the media type `to`.

    `Accept` must name problem details with a higher quality than `to`, or with the same quality if
    only a wildcard covers `to`. A wildcard does not request problem details: RFC 9110, section
    12.5.1, leaves the choice to the server. Parameters of media types are ignored.
    """
    if request is None or not is_enabled():
        return False
    # Most requests do not name problem details: only the `Accept` of the others is parsed.
    accept = request.META.get("HTTP_ACCEPT", "").lower()
    if has_long_accept(request) or "problem+json" not in accept:
        return False
    try:
        accepted = request.accepted_types
    except (ValueError, LookupError):
        # Django cannot decode `Accept: text/html; a*=bogus''x`.
        return False
    # A type may occur twice. Django sorts the types, the preferred ones first: in reversed order
    # the preferred entry of a type overwrites the other.
    qualities = {f"{each.main_type}/{each.sub_type}": each.quality for each in reversed(accepted)}
    problem = qualities.get(PROBLEM, 0)
    if to in qualities:
        return problem > qualities[to]
    main_type = to.partition("/")[0]
    return 0 < problem >= qualities.get(f"{main_type}/*", qualities.get("*/*", 0))


def has_long_accept(request: AnyRequest) -> bool:
    """Whether the `Accept` of `request` is too long to be parsed: it then prefers nothing."""
    return len(request.META.get("HTTP_ACCEPT", "")) > MAX_ACCEPT_LENGTH


def apply_content_type(response: HttpResponseBase, request: AnyRequest | None) -> bool:
    """Set the content type of `response`, a JSON error, and return whether it is a problem.

    With `PROBLEM_JSON` on, `Vary` has `Accept`.
    """
    if not is_enabled():
        return False
    patch_vary_headers(response, ["Accept"])
    is_problem = prefers_problem(request)
    if is_problem:
        response["Content-Type"] = PROBLEM
    return is_problem


def make_problem(body: Mapping[str, Any], reference: str | None = None) -> dict[str, Any]:
    """Return `body`, one of ours, as problem details, with its keys as extension members.

    `instance` is a UUID that ends with the reference of an unhandled exception. A problem is
    returned unchanged; a string that `body` has for a member of RFC 9457 is kept.
    """
    more_info, code, status = body["moreInfo"], body["code"], body["status"]
    problem = {
        "type": more_info or ABOUT_BLANK,
        "title": get_title(code, status) if more_info else get_phrase(status),
        "status": status,
        "detail": " ".join(body["errors"]),
    }
    if reference is not None:
        # A UUID of version 8 (RFC 9562, section 5.8), whose bits an application may choose.
        problem["instance"] = f"urn:uuid:00000000-0000-8000-8000-{reference}"
    return problem | {
        name: value
        for name, value in body.items()
        if name not in (*STRING_MEMBERS, "instance") or isinstance(value, str)
    }


def get_title(code: str | int, status: int) -> str:
    """Return the title that all problems of a `type` share: the message of their code."""
    if isinstance(code, str):
        return str(get_or_make_code(code, status).message)
    messages = (str(item.message) for item in get_codes().values() if item.number == code)
    return next(messages, get_phrase(status))


def apply_fallback(response: HttpResponseBase, request: AnyRequest | None) -> bytes:
    """Set the status and the content type of the fallback on `response`, and return its body."""
    response.status_code = fallback.STATUS
    response["Content-Type"] = JSON
    return fallback.get_content(is_problem=apply_content_type(response, request))
