"""orders alone decides what was agreed with a store, at what price, its state and timeline."""
