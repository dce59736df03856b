from mpp_assets.defs.documents.assets import conversations
from mpp_assets.store_checks import holds_every_message

conversations_hold_every_message = holds_every_message(conversations)
