"""The environment a tool sees: clean, quiet, and without anything that opens a door.

Must not know how the tool is run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

PLAIN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

KEPT = frozenset(
    {
        "LC_ALL",
        "TZ",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
        "PIP_CERT",
        "GIT_SSL_CAINFO",
    }
)
"""Taken over from the user: without the certificates of their company no registry can be reached."""

_CREDENTIAL = re.compile(
    r"ANTHROPIC_.*|CLAUDE_.*|AWS_.*|SSH_.*|.*(TOKEN|KEY|SECRET|PASSWORD|PASSWD|CREDENTIALS?|COOKIE|AUTH)", re.IGNORECASE
)


def is_credential(name: str) -> bool:
    """Whether a variable of this name is kept from tools whoever sets it."""
    return _CREDENTIAL.fullmatch(name) is not None


def clean_environment(added: Mapping[str, str], *, home: str, user: Mapping[str, str] | None = None) -> dict[str, str]:
    """A minimal environment with `added` on top. `user` is where the path and locale come from (default: ours)."""
    user = os.environ if user is None else user
    path = [folder for folder in user.get("PATH", PLAIN_PATH).split(os.pathsep) if os.path.isabs(folder)]
    clean = {
        "PATH": os.pathsep.join(path) or PLAIN_PATH,
        "HOME": home,
        "TMPDIR": "/tmp",
        "LANG": user.get("LANG") or "C.UTF-8",
        "TERM": "dumb",
        **{name: user[name] for name in sorted(KEPT) if name in user},
        **added,
    }
    return {name: value for name, value in clean.items() if not is_credential(name)}
