"""WeChat's messages: proved to be WeChat's, then answered (texts) or handed on (events)."""
