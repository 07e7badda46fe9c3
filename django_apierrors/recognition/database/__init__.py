"""Recognition of database errors."""
