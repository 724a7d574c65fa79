"""catalog alone decides what is on the shelf: items, SKUs, base prices, stock and reservations."""
