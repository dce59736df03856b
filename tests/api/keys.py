"""One key of each role, issued once a run."""

from mpp_stores import api_keys
from mpp_stores.api_keys import Role

_ISSUED = {role: api_keys.issue(f"tests, {role}", role) for role in Role}
RECORDS = [record for record, _ in _ISSUED.values()]
KEYS = {role: key.get_secret_value() for role, (_, key) in _ISSUED.items()}
