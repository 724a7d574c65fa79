"""One verb a file, one transaction a use case; what takes several steps is a saga and says so."""
