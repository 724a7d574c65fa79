"""The pay channels: each speaks its own protocol behind domain/channel.py's PayChannel."""
