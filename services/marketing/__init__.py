"""marketing alone decides what is said through the WeChat accounts, and which promotions apply."""
