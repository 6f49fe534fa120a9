"""What a gateway does beside answering requests."""
