"""Questions to the professional who holds the answer: asked, answered once, and released."""
