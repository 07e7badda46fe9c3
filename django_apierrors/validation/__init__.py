"""Errors of serializers and fields: nested details, codes, foreign keys, identifiers."""
