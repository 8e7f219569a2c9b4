# Checks of the source text and of what the headers cost.
