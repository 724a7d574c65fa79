"""Pure rules: what is said to whom, when to try again, what a promotion takes off."""
