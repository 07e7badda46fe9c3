"""The responses that a view can send, found without a request."""
