"""Constant answers: what an exception without a word of its own is answered with, made once.

Most errors of an API under attack are of a few kinds (no credentials, no such method) and differ in
nothing. Only exceptions of DRF's and ours are remembered, and only where the message is the code's:
nothing of the request is in the body then, and of the view only headers, which are added each time.
"""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.utils.translation import get_language

from django_apierrors.conf import api_errors
from django_apierrors.errors import is_template
from django_apierrors.headers import add_required_headers
from django_apierrors.memory import Memory
from django_apierrors.recognition import OWN_TEXTS
from django_apierrors.renderers import is_html
from django_apierrors.responses import APIErrorResponse

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from django_apierrors.errors import Error

_answers: Memory[APIErrorResponse] = Memory()


def recall_answer(
    exception: BaseException, request: Request | None, view: APIView | None
) -> APIErrorResponse | None:
    """Return the response for an exception that has been answered before, `None` for any other."""
    if not _is_plain(exception) or is_html(getattr(request, "accepted_renderer", None)):
        return None
    try:
        answer = _answers.recall().get(_make_key(exception))
    except TypeError:
        # Notes, or whatever else was put on it, are no key.
        return None
    if answer is None:
        return None
    response = answer.copy(request, view)
    add_required_headers(response, request, view)
    return response


def remember_answer(exception: BaseException, error: Error) -> None:
    """Remember the answer to `exception`, if it is the same for every request and every view."""
    is_constant = (
        _is_plain(exception)
        # 403s go by what else the caller may do.
        and error.status != 403
        and not error.items
        and not api_errors.PROBLEM_JSON
        and (not api_errors.MORE_INFO or is_template(api_errors.MORE_INFO))
    )
    if is_constant:
        answer = APIErrorResponse(error.get_body(), error.status, error.headers)
        answer.remember_bytes()
        with suppress(TypeError):
            _answers.recall()[_make_key(exception)] = answer


def _is_plain(exception: BaseException) -> bool:
    """Tell whether `exception` is DRF's or ours and has a text, not a dict of many."""
    return type(exception).__module__ in OWN_TEXTS and isinstance(
        getattr(exception, "detail", None), str
    )


def _make_key(exception: Any) -> Hashable:
    """Return all that recognition looks at of an APIException of DRF's or ours."""
    return (
        type(exception),
        exception.status_code,
        exception.default_code,
        id(exception.default_detail),
        get_language(),
        # What DRF has put on it, and perhaps others: `detail`, `auth_header`, `wait`.
        *vars(exception).items(),
    )
