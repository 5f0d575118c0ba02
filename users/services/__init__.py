"""What can be done with accounts; each module one subject."""
