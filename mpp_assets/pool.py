"""The pool that every asset, check and operation on the stores is in.

`dagster.yaml` lets one run at a time use it. Assets of one run share it.
"""

POOL = "stores"
