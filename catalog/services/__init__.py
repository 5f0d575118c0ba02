"""What the catalogue does: every write goes through one of these modules."""
