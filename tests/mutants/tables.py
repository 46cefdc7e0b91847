"""All mutations, grouped by subject."""

from __future__ import annotations

from tests.mutants import (
    bodies,
    cookies,
    credentials,
    exchanges,
    framing,
    heads,
    pools,
    proxies,
    redirects,
    sending,
    timeouts,
    trust,
    waits,
)
from tests.mutants.mutation import Mutation

GROUPS: dict[str, list[Mutation]] = {
    "framing": framing.MUTATIONS,
    "heads": heads.MUTATIONS,
    "exchanges": exchanges.MUTATIONS,
    "pools": pools.MUTATIONS,
    "timeouts": timeouts.MUTATIONS,
    "redirects": redirects.MUTATIONS,
    "cookies": cookies.MUTATIONS,
    "credentials": credentials.MUTATIONS,
    "proxies": proxies.MUTATIONS,
    "trust": trust.MUTATIONS,
    "sending": sending.MUTATIONS,
    "bodies": bodies.MUTATIONS,
    "waits": waits.MUTATIONS,
}
MUTATIONS = [mutation for group in GROUPS.values() for mutation in group]
