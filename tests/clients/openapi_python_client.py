"""Makes failing calls with the client that openapi-python-client generates, and prints them."""

from __future__ import annotations

import json
import sys

from generated import Client
from generated.api.thngs import thngs_create, thngs_list
from generated.models import (
    APIError400ThngsCreate,
    APIError400ThngsCreateCode,
    APIError401Unauthenticated,
    ThngRequest,
)

URL, KEY = sys.argv[1:]

client = Client(base_url=URL, headers={"Authorization": KEY})
error = thngs_create.sync(client=client, body=ThngRequest(name=""))
assert isinstance(error, APIError400ThngsCreate)
assert error.code is APIError400ThngsCreateCode.INVALID_CONTENT
print(json.dumps([error.status, error.code, [detail.code for detail in error.details]]))

# A code that the schema does not have is a string.
body = error.to_dict()
body["details"][0]["code"] = "out_of_stock"
assert APIError400ThngsCreate.from_dict(body).details[0].code == "out_of_stock"

denied = thngs_list.sync(client=Client(base_url=URL))
assert isinstance(denied, APIError401Unauthenticated)
print(json.dumps([denied.status, denied.code.value]))
