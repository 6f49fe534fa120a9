"""What of the policy files can be wider or narrower, and which way is which."""
