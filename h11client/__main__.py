"""`python -m h11client`, and the program `h11client`: see `h11client --help`."""

from __future__ import annotations

import sys

from h11client._cli.run import main

if __name__ == "__main__":
    sys.exit(main())
