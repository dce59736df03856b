from mpp_assets.defs.graph.assets import message_graph
from mpp_assets.store_checks import holds_every_message

message_graph_holds_every_message = holds_every_message(message_graph)
