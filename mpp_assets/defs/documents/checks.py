from mpp_assets.asset_checks import holds_every_message
from mpp_assets.defs.documents.assets import conversations

conversations_hold_every_message = holds_every_message(conversations)
