"""Pay channels' notices: carried to settlement untouched, acknowledged only after its commit."""
