"""An error as HTTP: headers, problem details, encoding, scope."""
