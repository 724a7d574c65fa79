"""The rules of money: pure, without a table or a socket in sight."""
