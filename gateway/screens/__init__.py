"""Screens on a wall by a gate: read from five metres, touched by nobody."""
