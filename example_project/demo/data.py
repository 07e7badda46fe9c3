"""The data of the demo, for `manage.py seed_demo`, the tour and the tests.

The API keys are public, so use them only for a demo on your own machine.
"""

from __future__ import annotations

from typing import TypedDict

ACCOUNT = "UAccountDemo111111111111"

WRITE_KEY = "demo-key-that-may-write"
READ_KEY = "demo-key-that-may-read"
NOTHING_KEY = "demo-key-that-may-do-nothing"


class OperatorData(TypedDict):
    """An operator and its API key."""

    id: str
    first_name: str
    last_name: str
    key: str
    access: str


class CollectionData(TypedDict):
    """A collection."""

    id: str
    name: str
    description: str


class ThngData(TypedDict):
    """A thng and its unique serial number."""

    id: str
    name: str
    serial: str
    tags: list[str]
    collection: str | None


OPERATORS: list[OperatorData] = [
    {
        "id": "UoperatorAda111111111111",
        "first_name": "Ada",
        "last_name": "Writer",
        "key": WRITE_KEY,
        "access": "write",
    },
    {
        "id": "UoperatorBen111111111111",
        "first_name": "Ben",
        "last_name": "Reader",
        "key": READ_KEY,
        "access": "read",
    },
    {
        "id": "UoperatorCyd111111111111",
        "first_name": "Cyd",
        "last_name": "Visitor",
        "key": NOTHING_KEY,
        "access": "nothing",
    },
]

RAINY_DAYS = "UcoLLectionRainyDays1111"
CAMPING = "UcoLLectionCamping111111"
UMBRELLA = "UthngUmbreLLa11111111111"
TENT = "UthngTent111111111111111"
NO_SUCH_THNG = "UthngThatNobodyHas111111"

COLLECTIONS: list[CollectionData] = [
    {"id": RAINY_DAYS, "name": "Rainy days", "description": "What to take when it pours."},
    {"id": CAMPING, "name": "Camping", "description": "What to take to the woods."},
]

THNGS: list[ThngData] = [
    {
        "id": UMBRELLA,
        "name": "Umbrella",
        "serial": "UMB-0001",
        "tags": ["red", "foldable"],
        "collection": RAINY_DAYS,
    },
    {
        "id": "UthngRubberBoots11111111",
        "name": "Rubber boots",
        "serial": "BOO-0001",
        "tags": ["yellow"],
        "collection": RAINY_DAYS,
    },
    {
        "id": TENT,
        "name": "Tent",
        "serial": "TEN-0001",
        "tags": ["two persons"],
        "collection": CAMPING,
    },
    {
        "id": "UthngCompass111111111111",
        "name": "Compass",
        "serial": "COM-0001",
        "tags": [],
        "collection": None,
    },
]
