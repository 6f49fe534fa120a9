"""Cases of decisions and what must come of each, run through the whole way of a request."""
