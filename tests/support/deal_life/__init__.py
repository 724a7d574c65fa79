"""Lives of deals: orders, catalog, settlement and delivery in one process, with all people."""
