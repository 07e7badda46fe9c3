"""The reference: a page for each code, as HTML for people and as JSON for programs."""
