"""settlement alone decides where every fen lies, who it is owed to, and why."""
