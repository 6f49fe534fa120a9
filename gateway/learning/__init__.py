"""What the use of the policy teaches: what nobody needs, and what a draft would change."""
