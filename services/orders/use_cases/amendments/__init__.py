"""Amendments: one verb a file."""
