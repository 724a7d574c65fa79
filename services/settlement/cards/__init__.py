"""Prepaid cards: what is locked when one is sold, taken back or returned."""
