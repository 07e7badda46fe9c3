"""An inventory of things over HTTP: a small real API that answers every error in one format."""
