"""delivery alone decides who brings something, by which gate they come and go, to which door."""
