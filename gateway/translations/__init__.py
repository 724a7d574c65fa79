"""The text catalogue: message ids are the Chinese texts, `en/` holds their English ones."""
