"""The command `doelpoort`: each command with what it does and what it says."""
