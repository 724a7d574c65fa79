"""Mechanism without a business noun: what every service needs and none of them decides."""
