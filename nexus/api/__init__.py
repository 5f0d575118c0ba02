"""REST: the routes of all apps together, and what they share."""
