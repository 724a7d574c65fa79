"""identity alone decides who people are, where they live or trade, who vouches, what they may."""
