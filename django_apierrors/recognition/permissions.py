"""Permissions: METHOD_FORBIDDEN or ACCESS_FORBIDDEN, and what `HIDE_FORBIDDEN` hides.

To find out which of the two it is, the view's own checks are run for its other methods. That runs
code of the project.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

from rest_framework.request import override_method

from django_apierrors.catalog import get_code
from django_apierrors.conf import api_errors
from django_apierrors.recognition.tracebacks import iter_frames

if TYPE_CHECKING:
    from types import FrameType

    from django.http import HttpRequest
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from django_apierrors.errors import Error

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

# The checks of DRF's APIView that reject a request with a 403.
CHECKS = frozenset({"check_permissions", "check_object_permissions"})


def is_object_hidden(error: Error, exception: BaseException, view: APIView) -> bool:
    """Whether `HIDE_FORBIDDEN` turns the rejection of an object into a 404.

    An object is hidden from an anonymous client too, whose rejection is a 401, and whatever code
    its permission gives to the rejection.
    """
    if not api_errors.HIDE_FORBIDDEN or error.status not in (401, 403):
        return False
    check = _find_check(exception, view)
    return check is not None and bool(_get_arguments(check))


def refine_forbidden(
    error: Error, exception: BaseException, request: HttpRequest | Request, view: APIView
) -> Error:
    """Return METHOD_FORBIDDEN in place of ACCESS_FORBIDDEN if another method is open.

    Only if the view's own checks rejected the request: the reasons of other code are unknown to
    them.
    """
    if error.code.name != "ACCESS_FORBIDDEN" or not api_errors.PROBE_PERMISSIONS:
        return error
    check = _find_check(exception, view)
    if check is None or not _is_another_method_open(request, view, _get_arguments(check)):
        return error
    code = get_code("METHOD_FORBIDDEN")
    return error._replace(code=code, status=code.status)


def is_hidden(request: Request, view: APIView, obj: Any) -> bool:
    """Whether `HIDE_FORBIDDEN` hides `obj` from the client.

    For OPTIONS, which permissions often allow: an object that no other method shows stays hidden.
    """
    return api_errors.HIDE_FORBIDDEN and not _is_another_method_open(request, view, [obj])


def _find_check(exception: BaseException, view: APIView) -> FrameType | None:
    """Return the frame of the view's check that raised `exception`."""
    for frame, _is_last in iter_frames(exception):
        if frame.f_code.co_name in CHECKS and frame.f_locals.get("self") is view:
            return frame
    return None


def _get_arguments(check: FrameType) -> list[Any]:
    """Return the arguments of the check beside the request: an object, or nothing."""
    if check.f_code.co_name != "check_object_permissions":
        return []
    names, rest, _, values = inspect.getargvalues(check)
    return [*(values[name] for name in names), *(values[rest] if rest else ())][2:]


def _is_another_method_open(request: Any, view: APIView, arguments: list[Any]) -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        allowed = view.allowed_methods
        rejected = "GET" if request.method == "HEAD" else request.method
        methods = [method for method in METHODS if method in allowed and method != rejected]
        return any(_is_open(request, view, method, arguments) for method in methods)
    # Permissions may query the database, which Django forbids on the event loop.
    return False


def _is_open(request: Request, view: APIView, method: str, arguments: list[Any]) -> bool:
    try:
        with override_method(view, request, method) as other:
            view.check_permissions(other)
            if arguments:
                view.check_object_permissions(other, *arguments)
    except Exception:
        # A check that raises opens nothing; PostgreSQL rejects queries in a failed transaction.
        return False
    return True
