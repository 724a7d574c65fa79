"""`/api/v1`: each action of the contracts as one line of a table, served and documented alike."""
