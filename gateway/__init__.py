"""The one door: WeChat's messages, pay notices, the JSON API and all pages; it decides nothing."""
