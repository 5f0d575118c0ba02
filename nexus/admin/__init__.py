"""The admin's site: its first page, and what its pages may load."""
