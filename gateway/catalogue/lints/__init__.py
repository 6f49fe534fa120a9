"""What may be written in the policy files and is not wise, or must hold for all of them."""
