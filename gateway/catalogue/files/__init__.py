"""The policy files as they are written: strict YAML, checked to the place, into frozen values."""
