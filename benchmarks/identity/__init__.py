"""How right and how fast identity is: one command each."""
