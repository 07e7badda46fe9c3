"""An API over an inventory of things that sends all its errors in one format."""
