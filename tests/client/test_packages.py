"""What programs written for requests silence warnings with."""

from __future__ import annotations

import warnings

import h11client


def test_silencing_warnings_does_nothing_and_may_be_called_in_any_form():
    urllib3 = h11client.packages.urllib3
    warning = urllib3.exceptions.InsecureRequestWarning
    before = list(warnings.filters)
    urllib3.disable_warnings()
    urllib3.disable_warnings(warning)
    urllib3.disable_warnings(category=warning)
    assert warnings.filters == before
    warnings.simplefilter("error", warning)  # as a program would
    assert issubclass(warning, Warning)
