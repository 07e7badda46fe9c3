"""Authentication by API key, bare in the ``Authorization`` header or as ``Token <key>``."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from example_project.inventory.models import ApiKey, Operator


class ApiKeyAuthentication(BaseAuthentication):
    """Makes ``request.user`` the operator and ``request.auth`` the API key."""

    def authenticate(self, request: Request) -> tuple[Operator, ApiKey] | None:
        """Return who is calling, or ``None`` without a key; a key that is not ours is a 401.

        The look-up is by digest. How long it takes tells a caller something about the digest,
        which says nothing about a key.
        """
        header = get_authorization_header(request).decode("latin-1")
        if not header:
            return None
        digest = ApiKey.digest_of(self.get_key(header))
        api_key = ApiKey.objects.select_related("operator").filter(digest=digest).first()
        if api_key is None:
            raise AuthenticationFailed
        return api_key.operator, api_key

    def get_key(self, header: str) -> str:
        """Return the key of an ``Authorization`` header, in either of its two spellings."""
        scheme, _, key = header.partition(" ")
        return key.strip() if scheme.lower() == "token" else header.strip()

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401."""
        return 'Token realm="api"'
