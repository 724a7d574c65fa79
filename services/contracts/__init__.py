"""What crosses a wire between services and the gateway: commands, queries, views, events, errors.

Frozen models without I/O; `<service>.py` holds what that service takes, answers and tells.
"""
