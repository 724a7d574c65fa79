"""Pure rules: the moves of a visit and a drop, passes, and whose word counts at which gate."""
