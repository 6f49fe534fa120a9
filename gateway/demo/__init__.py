"""The demo: invented clients in an SQLite source, and the story of one flag told against it."""
