"""Reads: rows in, contracts out."""
