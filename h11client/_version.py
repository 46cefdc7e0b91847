"""The version of the distribution h11client (the package h11 has its own)."""

__version__ = "1.0.0rc1"
