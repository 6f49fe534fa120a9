"""The form of the tables of the case store, step by step; run by `gateway.cases.migrate`."""
