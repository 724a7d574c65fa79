"""How Linli is started, shown and given an outside world: launcher, demo, sandbox."""
