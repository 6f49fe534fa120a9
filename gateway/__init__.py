"""Everything of Doelpoort that runs: catalogue, decision, sources, identity, API, commands."""
