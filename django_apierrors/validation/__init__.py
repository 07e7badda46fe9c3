"""What a serializer or a field rejects: nested details, codes, foreign keys, identifiers."""
