"""Benchmarks: every figure is a ratio of two contenders measured side by side in one run."""
