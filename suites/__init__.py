"""The test suites of other packages, run with this app in their settings."""
