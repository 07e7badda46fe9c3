"""An error as HTTP: headers, problem details, encoding, scope; and the bodies of requests."""
