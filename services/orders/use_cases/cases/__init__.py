"""After-sales: one verb a file."""
