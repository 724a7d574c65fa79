"""The treasury's desk: cashier and accountant."""
