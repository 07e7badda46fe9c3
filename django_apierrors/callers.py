"""Callers: whose an operation is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model

if TYPE_CHECKING:
    from rest_framework.request import Request


def identify_caller(request: Request) -> str | None:
    """Return what tells the caller of `request` from all others, `None` for an anonymous one.

    The user's model and key; without a user that has a key the credential's, or the credential
    itself where it is a text. One that has nothing of the kind is no anonymous caller: raise
    ImproperlyConfigured.
    """
    user, credential = request.user, request.auth
    for found in (user, credential):
        if getattr(found, "pk", None) is not None:
            return f"{get_kind(found)}:{found.pk}"
    if isinstance(credential, (str, bytes)):
        return f"credential:{credential!r}"
    if credential is None and not getattr(user, "is_authenticated", False):
        return None
    raise ImproperlyConfigured(
        f"Neither the user ({get_kind(user)}) nor the credential ({get_kind(credential)}) of the "
        "request has a `pk` to bind an operation to. Override get_caller() on the views that "
        "accept work and on the operation's."
    )


def get_kind(found: Any) -> str:
    """Return the name of the class of `found`, the same for a model, its proxies and a lazy one."""
    cls: type = found.__class__
    if issubclass(cls, Model) and cls._meta.concrete_model is not None:
        cls = cls._meta.concrete_model
    return f"{cls.__module__}.{cls.__qualname__}"
