"""One verb a function, one transaction a use case."""
