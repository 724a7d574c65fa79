"""A channel's bill against the books: looked up, classified, staged, matched, kept."""
