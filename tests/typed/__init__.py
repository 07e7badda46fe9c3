"""Views that type checkers read: right ones and wrong ones."""
