"""The request of DRF, which asks the one of Django in fewer steps."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.http.request import HttpHeaders
from rest_framework.request import Request, wrap_attributeerrors

if TYPE_CHECKING:
    from collections.abc import Mapping


class Headers(HttpHeaders):
    """Django's headers, which are all read for the first one that is asked for, unless by `get()`.

    DRF's authenticators ask for one. `get()` says what `META` has now, the others what it had when
    the first of them was asked.
    """

    def __init__(self, environ: Mapping[str, Any]) -> None:
        """Take the `META` of the request."""
        self._environ = environ

    @cached_property
    def _store(self) -> dict[str, tuple[str, str]]:  # type: ignore[override]
        return HttpHeaders(self._environ)._store

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a header, `default` where it was not sent."""
        return self._environ.get(self.to_wsgi_name(key), default)


class APIRequest(Request):
    """DRF's request. What it has of its own, it looks for in its own dict alone.

    DRF asks by `hasattr()`, which comes to Django's request for what is not there yet, and raises
    two errors on the way.
    """

    @property
    def user(self) -> Any:
        """The user, as the authenticators tell when it is first asked for."""
        known = vars(self)
        return known["_user"] if "_user" in known else self._get_authenticated("_user")

    @user.setter
    def user(self, value: Any) -> None:
        Request.user.fset(self, value)  # type: ignore[attr-defined]

    @property
    def successful_authenticator(self) -> Any:
        """The authenticator that knew the user, `None` where none did."""
        return self._get_authenticated("_authenticator")

    @property
    def headers(self) -> HttpHeaders:
        """The headers of Django's request."""
        known = vars(self._request)
        if "headers" not in known:
            known["headers"] = Headers(self._request.META)
        headers: HttpHeaders = known["headers"]
        return headers

    def _get_authenticated(self, name: str) -> Any:
        known = vars(self)
        if name not in known:
            try:
                self._authenticate()  # type: ignore[attr-defined]
            except AttributeError:
                # As DRF: in a property it would be taken for "there is no such attribute".
                with wrap_attributeerrors():
                    raise
        return known[name]
