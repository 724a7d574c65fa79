"""Pure rules of the shelf."""
