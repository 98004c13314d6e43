"""Verifies an event of callpacer with the standard library alone:

    WEBHOOK_SECRET=… python3 verify.py WEBHOOK-ID WEBHOOK-TIMESTAMP WEBHOOK-SIGNATURE < body
"""

import base64
import hashlib
import hmac
import os
import re
import sys
import time

TOLERANCE = 5 * 60
# b64decode would also take padding where none belongs.
BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def key_of(secret: str) -> bytes:
    """Reads a secret as callpacer does: base64, with or without whsec_ before it;
    any other text is its own bytes."""
    text = secret.removeprefix("whsec_")
    return base64.b64decode(text) if text and BASE64.fullmatch(text) else secret.encode()


def verify(secret: str, id: str, timestamp: str, signatures: str, body: bytes, now: float) -> None:
    """Raises ValueError unless the body was signed with the secret a short time ago.
    The body is judged as it came: verify first, then parse."""
    seconds = int(timestamp)
    if abs(now - seconds) > TOLERANCE:
        raise ValueError(f"the event was signed {now - seconds:.0f} s ago")
    signed = f"{id}.{seconds}.".encode() + body
    want = base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest())
    for one in signatures.split():
        version, _, got = one.partition(",")
        if version == "v1" and hmac.compare_digest(got.encode(), want):
            return
    raise ValueError("no signature fits")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: verify.py WEBHOOK-ID WEBHOOK-TIMESTAMP WEBHOOK-SIGNATURE < body")
    try:
        verify(os.environ.get("WEBHOOK_SECRET", ""), *sys.argv[1:], sys.stdin.buffer.read(), time.time())
    except ValueError as refused:
        sys.exit(f"refused: {refused}")
    print("good")
