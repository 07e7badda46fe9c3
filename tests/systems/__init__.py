"""Packages that stand around an API: monitoring, profiling, static files, headers."""
