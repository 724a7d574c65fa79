"""Work across services as lists of named steps, each with its undo; `engine.py` walks them."""
