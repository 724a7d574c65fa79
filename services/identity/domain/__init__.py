"""Pure rules about people, places and trust."""
