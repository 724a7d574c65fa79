"""What stops a command, told to a person."""

from __future__ import annotations


class Problem(Exception):
    """Something a person must put right; its text says what and how."""
