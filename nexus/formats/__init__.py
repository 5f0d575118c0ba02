"""How pages show numbers and times, by language."""
