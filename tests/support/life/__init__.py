"""Lives of money: people, channels, jobs and crashes around settlement, on a clock of their own."""
