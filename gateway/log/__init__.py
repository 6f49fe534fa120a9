"""The logs of this gateway, of this year and of those before: where they are, reading in them."""
