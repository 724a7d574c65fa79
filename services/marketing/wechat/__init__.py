"""WeChat's API as marketing uses it: one access token for all copies, errors of our own kind."""
