"""One error format and exact HTTP semantics for Django REST Framework."""

__version__ = "0.1.0"
