"""The policy files as values: read strictly, judged by lint, never changed at run time."""
