"""Code that the handler and the middleware share: responses, reporting, rollback."""
