"""What `./linli` runs: one private installation, from a bare checkout to a ready page."""
