"""The HTTP interface: one module per resource, and one table from error to problem document."""
