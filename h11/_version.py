"""The version of the engine, which is also part of `PRODUCT_ID`."""

from __future__ import annotations

__version__ = "0.17.0"
