"""Where data come from: one Protocol, and an adapter per kind of source."""
