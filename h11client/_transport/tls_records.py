"""How long the records of TLS are: RFC 8446 section 5, RFC 5246 section 6.2."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from h11client._transport.network import TLSInfo

__all__ = ["RECORD_BYTES", "WHOLE_RECORD", "overhead_of", "records_for"]

# The most data of a record.
RECORD_BYTES = 16 * 1024

# Ciphertext of which at least one record is whole: its data and 256 bytes for the cipher (RFC 8446
# section 5.2) after a header of 5.
WHOLE_RECORD = RECORD_BYTES + 256 + 5


def overhead_of(info: TLSInfo) -> int:
    """How much longer than its data a record is, at least.

    >>> from h11client._transport.network import TLSInfo
    >>> overhead_of(TLSInfo("TLSv1.3", "TLS_AES_256_GCM_SHA384", None, "example.org", None))
    22
    """
    if info.version == "TLSv1.3":
        return 22  # header, type, and tag
    # RFC 7905: with ChaCha20 no nonce is sent. All others take more than GCM does.
    return 21 if "CHACHA20" in (info.cipher or "") else 29


def records_for(size: int) -> int:
    """How many records `size` bytes of data take, at least.

    >>> records_for(RECORD_BYTES), records_for(RECORD_BYTES + 1)
    (1, 2)
    """
    return -(-size // RECORD_BYTES)
