"""A quarrel over an order, act by act; each runs under the lock of the order's row."""
