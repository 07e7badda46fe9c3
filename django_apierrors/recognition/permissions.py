"""Permissions: METHOD_FORBIDDEN or ACCESS_FORBIDDEN, and the objects that `HIDE_FORBIDDEN` hides.

To choose between the two codes, the view's own checks are run for its other methods, until the
checks allow a method. The checks run code of the project: a permission class with `probe = False`
is omitted.
"""

from __future__ import annotations

import asyncio
import copy
import inspect
from types import FrameType
from typing import TYPE_CHECKING, Any

from django.core import exceptions as django_exceptions
from rest_framework import exceptions
from rest_framework.request import Request, override_method

from django_apierrors.catalog import get_code
from django_apierrors.conf import api_errors
from django_apierrors.errors import Error
from django_apierrors.recognition.tracebacks import iter_frames
from django_apierrors.validation.places import AnyRequest

if TYPE_CHECKING:
    from rest_framework.views import APIView


PERMISSION_DENIED = (django_exceptions.PermissionDenied, exceptions.PermissionDenied)

# Reads come first, because a permission may write to the database if the method is unsafe.
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

# The checks of DRF's APIView that reject a request with a 403.
CHECKS = frozenset({"check_permissions", "check_object_permissions"})


def is_object_hidden(error: Error, exception: BaseException, view: APIView) -> bool:
    """Whether `HIDE_FORBIDDEN` turns the rejection of an object into a 404.

    An object is hidden from an anonymous client too, whose rejection is a 401. The code that the
    permission gives to the rejection does not matter.
    """
    if error.status not in (401, 403) or not api_errors.HIDE_FORBIDDEN:
        return False
    checks = find_checks(exception, view)
    return bool(checks and _get_arguments(checks[0]))


def find_checks(exception: BaseException, view: APIView) -> list[FrameType]:
    """Return the frames of the check that raised `exception`: an override, then DRF's method."""
    frames = [frame for frame, _is_last in iter_frames(exception)]
    return [f for f in frames if f.f_code.co_name in CHECKS and f.f_locals.get("self") is view]


def refine_forbidden(
    error: Error,
    exception: BaseException,
    request: AnyRequest,
    view: APIView,
    checks: list[FrameType],
) -> Error:
    """Return METHOD_FORBIDDEN in place of ACCESS_FORBIDDEN if another method is allowed.

    The other methods are tried only if `checks`, the view's own, rejected the request. If other
    code rejected the request, the reason is unknown. An anonymous client gets UNAUTHENTICATED in
    both cases.
    """
    if isinstance(exception, PERMISSION_DENIED) and _is_anonymous(exception, request):
        return _with_code(error, "UNAUTHENTICATED")
    if not checks or not api_errors.PROBE_PERMISSIONS:
        return error
    # DRF's own check, the innermost, has the permission that rejected the request.
    if not _is_probed(checks[-1].f_locals.get("permission")):
        return error
    if not _is_another_method_open(request, view, _get_arguments(checks[0])):
        return error
    return _with_code(error, "METHOD_FORBIDDEN")


def is_hidden(request: Request, view: APIView, obj: Any) -> bool:
    """Whether `HIDE_FORBIDDEN` hides `obj` from the client.

    Called for OPTIONS, which permissions often allow: `obj` is hidden if no other method shows it.
    """
    return api_errors.HIDE_FORBIDDEN and not _is_another_method_open(request, view, [obj])


def _with_code(error: Error, name: str) -> Error:
    code = get_code(name)
    return error._replace(code=code, status=code.status)


def _is_probed(permission: Any) -> bool:
    """Whether `permission`, and each operand of its `&`, `|` and `~`, has no `probe = False`."""
    operands = [getattr(permission, name) for name in ("op1", "op2") if hasattr(permission, name)]
    return getattr(permission, "probe", True) and all(map(_is_probed, operands))


def _is_anonymous(exception: BaseException, request: Any) -> bool:
    """Whether the view has authenticators, and none of them has authenticated the client.

    `False` if an authenticator raised `exception`.
    """
    if not getattr(request, "authenticators", None):
        return False
    if any(frame.f_code.co_name == "authenticate" for frame, _is_last in iter_frames(exception)):
        return False
    try:
        return request.successful_authenticator is None
    except Exception:
        # If nothing has authenticated the client yet, authentication runs now, and may fail.
        return False


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
    # The checks of this copy of the view run without the permissions that are not probed.
    probe = copy.copy(view)
    try:
        with override_method(probe, request, method) as other:
            permissions = [*filter(_is_probed, probe.get_permissions())]
            probe.get_permissions = lambda: permissions  # type: ignore[method-assign]
            probe.check_permissions(other)
            if arguments:
                probe.check_object_permissions(other, *arguments)
    except Exception:
        # The method is not open. For example, PostgreSQL rejects queries in a failed transaction.
        return False
    return True
