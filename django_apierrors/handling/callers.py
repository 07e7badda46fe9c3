"""Callers: the code around a failing view, which may be about to respond to its exception.

Without the middleware an exception travels to such code, as in stock DRF. The running frames show
which code that is: from DRF's `dispatch()` outwards to Django's handler.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from types import FrameType
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.module_loading import import_string

from django_apierrors.handling.reporting import is_unhandled
from django_apierrors.recognition import recognise

if TYPE_CHECKING:
    from rest_framework.views import APIView

# Of DRF, and of adrf.
DISPATCH = ("dispatch", "async_dispatch")

# Outside of the view. Under ASGI asgiref calls it, in a thread.
SERVING_MODULES = ("django.core.handlers.", "asgiref.")


def get_callers(view: APIView | None) -> list[FrameType]:
    """Return the frames around DRF's dispatch of `view`, the innermost first.

    An override of `dispatch()`, the decorators of the view, and a view that calls it. Empty if
    Django does not handle a request: in a unit test, in a command.
    """
    frame = inspect.currentframe()
    while frame is not None and not _is_dispatch(frame, view):
        frame = frame.f_back
    callers: list[FrameType] = []
    while frame is not None and (frame := frame.f_back) is not None:
        if get_module_name(frame).startswith(SERVING_MODULES):
            return callers
        callers.append(frame)
    return []


def is_awaited(exception: Exception, view: APIView | None) -> bool:
    """Whether code around `view` may respond to `exception`.

    An `except` around the call, of an overridden `dispatch()`, a decorator or another view; or,
    for an unhandled exception, the `process_exception()` of a middleware.
    """
    callers = get_callers(view)
    if any(_catches(caller, exception) for caller in callers):
        return True
    return (
        bool(callers)
        and any(map(_processes_exceptions, settings.MIDDLEWARE))
        and is_unhandled(recognise(exception), exception)
    )


def get_module_name(frame: FrameType) -> str:
    """Return the dotted name of the module whose code runs in `frame`."""
    return str(frame.f_globals.get("__name__"))


def _is_dispatch(frame: FrameType, view: APIView | None) -> bool:
    return frame.f_code.co_name in DISPATCH and frame.f_locals.get("self") is view


def _catches(caller: FrameType, exception: Exception) -> bool:
    """Whether the line that `caller` runs is in a `try` with an `except` for `exception`."""
    try:
        lines, first = inspect.getsourcelines(caller.f_code)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, SyntaxError):
        # Without its source nothing is known of the code.
        return False
    line = caller.f_lineno - first + 1
    return any(
        _is_responding(handler, caller, exception)
        for node in ast.walk(tree)
        # The `try` ends where its first `except` begins.
        if isinstance(node, ast.Try) and node.handlers
        if node.body[0].lineno <= line < node.handlers[0].lineno
        for handler in node.handlers
    )


def _is_responding(handler: ast.ExceptHandler, caller: FrameType, exception: Exception) -> bool:
    """Whether an `except` is for `exception`; one that raises it again at its end is for no one."""
    end = handler.body[-1]
    if isinstance(end, ast.Raise) and end.exc is None:
        return False
    if handler.type is None:
        return True
    try:
        # Python itself evaluates the expression, once the exception arrives.
        classes = eval(ast.unparse(handler.type), caller.f_globals, caller.f_locals)
        return isinstance(exception, classes)
    except Exception:
        return False


def _processes_exceptions(path: str) -> bool:
    """Whether a middleware has `process_exception()`; a function sets it on what it returns."""
    middleware = import_string(path)
    code = getattr(middleware, "__code__", None)
    return hasattr(middleware, "process_exception") or (
        code is not None and "process_exception" in code.co_names
    )
