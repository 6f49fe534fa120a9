"""What a privacy officer reads of the policy files."""
