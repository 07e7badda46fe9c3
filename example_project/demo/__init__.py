"""``make demo``: runs the example project, tours its API and checks every response."""
