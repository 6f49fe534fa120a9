"""Who is calling: registered clients, the tokens they carry, and the gateway's own keys."""
