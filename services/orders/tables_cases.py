"""After-sales cases."""
