"""A program of the environment `callers`, and what checks the signatures that it sends."""
