"""The rules of a deal: no database, no broker, no clock of its own."""
