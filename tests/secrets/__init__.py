"""Planted secrets: wherever a caller can put one, whatever happens, nothing shows it."""
