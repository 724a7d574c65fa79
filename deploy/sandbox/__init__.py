"""WeChat, WeChat Pay and a phone on this machine, behind the real protocols."""
