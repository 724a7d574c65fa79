"""One verb a file, one transaction a use case."""
