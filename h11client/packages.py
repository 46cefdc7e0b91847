"""What programs written for requests silence warnings with; nothing here gives any.

>>> from h11client import packages
>>> packages.urllib3.disable_warnings(packages.urllib3.exceptions.InsecureRequestWarning)
"""

from __future__ import annotations

from types import SimpleNamespace

__all__ = ["urllib3"]


class _InsecureRequestWarning(Warning):
    """What urllib3 warns with where certificates are not verified."""


def _disable_warnings(category: type[Warning] = Warning) -> None:
    """Does nothing: who says `verify=False` is not warned."""


urllib3 = SimpleNamespace(
    disable_warnings=_disable_warnings,
    exceptions=SimpleNamespace(InsecureRequestWarning=_InsecureRequestWarning),
)
