"""One verb each: what settlement does."""
