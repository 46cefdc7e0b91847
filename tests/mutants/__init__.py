"""`scripts/mutants`: defects are planted one at a time, and the tests that promise to see them run."""
