"""What a view can respond with, found without a request."""
