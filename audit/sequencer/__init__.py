"""The one writer of a log, a process of its own: it alone signs, and parses no stranger's word."""
