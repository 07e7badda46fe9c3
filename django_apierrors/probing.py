"""Probing: was it the verb that the credentials do not allow, or all of the resource?"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

from django.http import Http404
from rest_framework.request import override_method

from django_apierrors.catalog import get_code
from django_apierrors.conf import api_errors
from django_apierrors.recognition import recognise

if TYPE_CHECKING:
    from types import FrameType

    from rest_framework.request import Request
    from rest_framework.views import APIView

    from django_apierrors.errors import Error

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")

# The checks of DRF's APIView that refuse with a 403.
CHECKS = frozenset({"check_permissions", "check_object_permissions"})


def tell_forbidden(
    error: Error, exception: BaseException, request: Request, view: APIView
) -> Error:
    """Return METHOD_FORBIDDEN, or with `HIDE_FORBIDDEN` a 404, in place of a refusal.

    Only for a refusal by the view's own checks: what other code forbids, it forbids for a reason
    that no check knows. An object is hidden from the anonymous caller too, whose refusal is a 401,
    and whatever code its permission gives to the refusal.
    """
    is_forbidden = error.code.name == "ACCESS_FORBIDDEN"
    if not is_forbidden and not (error.status in (401, 403) and api_errors.HIDE_FORBIDDEN):
        return error
    check = _find_check(exception, view)
    if check is None:
        return error
    arguments = _get_arguments(check)
    if arguments and api_errors.HIDE_FORBIDDEN:
        # What the look-up of an object that is not there is answered with.
        return recognise(Http404())
    if (
        is_forbidden
        and api_errors.PROBE_PERMISSIONS
        and _is_another_verb_open(request, view, arguments)
    ):
        code = get_code("METHOD_FORBIDDEN")
        return error._replace(code=code, status=code.status)
    return error


def _find_check(exception: BaseException, view: APIView) -> FrameType | None:
    """Return the frame of the view's check that raised `exception`."""
    step = exception.__traceback__
    while step is not None:
        frame = step.tb_frame
        if frame.f_code.co_name in CHECKS and frame.f_locals.get("self") is view:
            return frame
        step = step.tb_next
    return None


def _get_arguments(check: FrameType) -> list[Any]:
    """Return what the check was asked about beside the request: an object, or nothing."""
    if check.f_code.co_name != "check_object_permissions":
        return []
    names, rest, _, values = inspect.getargvalues(check)
    return [*(values[name] for name in names), *(values[rest] if rest else ())][2:]


def is_hidden(request: Request, view: APIView, obj: Any) -> bool:
    """Tell whether `HIDE_FORBIDDEN` keeps from the caller that there is an `obj`.

    For OPTIONS, which permissions often let pass: what no other verb shows, it shows neither.
    """
    return api_errors.HIDE_FORBIDDEN and not _is_another_verb_open(request, view, [obj])


def _is_another_verb_open(request: Request, view: APIView, arguments: list[Any]) -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        allowed = view.allowed_methods
        verbs = [verb for verb in VERBS if verb in allowed]
        asked = "GET" if request.method == "HEAD" else request.method
        return any(_is_open(request, view, verb, arguments) for verb in verbs if verb != asked)
    # Permissions may query the database, which Django forbids on the event loop.
    return False


def _is_open(request: Request, view: APIView, verb: str, arguments: list[Any]) -> bool:
    try:
        with override_method(view, request, verb) as other:
            view.check_permissions(other)
            if arguments:
                view.check_object_permissions(other, *arguments)
    except Exception:
        # A check that cannot answer opens nothing; PostgreSQL refuses queries in a failed block.
        return False
    return True
