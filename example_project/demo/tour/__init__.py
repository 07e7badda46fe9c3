"""A tour of the API document: a request for each row, and a check of each response."""
