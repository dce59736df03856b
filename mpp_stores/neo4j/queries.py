"""Every Cypher statement of the platform, values bound as parameters.

The graph:

    (:User {user_id})
        -[:SENT]->
    (:Message {message_id, text, sent_at, event_day, materialization})
        -[:IN]->
    (:Campaign {campaign_id})

    (:User)-[:ENGAGED_WITH {message_count, active_days, first_at, last_at, materialization}]->
    (:Campaign)

A message has exactly one SENT and one IN. Times are LOCAL DATETIME in UTC, exact to
the microsecond: ArcadeDB, which plays Neo4j on a laptop, drops the zone of a zoned one.
Only Cypher that Neo4j 5 and ArcadeDB both accept. A pattern starts at the node that an
index finds: ArcadeDB expands patterns in the order they are written.
"""

from typing import Final, LiteralString

SCHEMA: Final[tuple[LiteralString, ...]] = (
    """
    CREATE CONSTRAINT user_id IF NOT EXISTS
    FOR (user:User) REQUIRE user.user_id IS UNIQUE
    """,
    """
    CREATE CONSTRAINT message_id IF NOT EXISTS
    FOR (message:Message) REQUIRE message.message_id IS UNIQUE
    """,
    """
    CREATE CONSTRAINT campaign_id IF NOT EXISTS
    FOR (campaign:Campaign) REQUIRE campaign.campaign_id IS UNIQUE
    """,
    """
    CREATE INDEX message_event_day IF NOT EXISTS
    FOR (message:Message) ON (message.event_day)
    """,
)

# Messages: $rows of MESSAGE_SCHEMA, $stamp, $days, $limit.

MERGE_MESSAGES: Final = """
UNWIND $rows AS row
MERGE (message:Message {message_id: row.message_id})
SET message.text = row.text,
    message.sent_at = row.sent_at,
    message.event_day = row.event_day,
    message.materialization = $stamp
MERGE (user:User {user_id: row.user_id})
MERGE (campaign:Campaign {campaign_id: row.campaign_id})
MERGE (user)-[:SENT]->(message)
MERGE (message)-[:IN]->(campaign)
"""

UNLINK_FORMER_USERS: Final = """
UNWIND $rows AS row
MATCH (message:Message {message_id: row.message_id})<-[sent:SENT]-(user:User)
WHERE user.user_id <> row.user_id
DELETE sent
"""

UNLINK_FORMER_CAMPAIGNS: Final = """
UNWIND $rows AS row
MATCH (message:Message {message_id: row.message_id})-[relation:IN]->(campaign:Campaign)
WHERE campaign.campaign_id <> row.campaign_id
DELETE relation
"""

MESSAGE_DAYS: Final = """
MATCH (message:Message)
RETURN DISTINCT message.event_day AS event_day
"""

COUNT_MESSAGES: Final = """
UNWIND $days AS day
MATCH (message:Message {event_day: day})
RETURN count(message) AS row_count
"""

READ_MESSAGES: Final = """
UNWIND $days AS day
MATCH (message:Message {event_day: day})<-[:SENT]-(user:User)
MATCH (message)-[:IN]->(campaign:Campaign)
RETURN message.message_id AS message_id,
       user.user_id AS user_id,
       campaign.campaign_id AS campaign_id,
       message.text AS text,
       message.sent_at AS sent_at,
       message.event_day AS event_day
"""

DELETE_MESSAGES_OF_OTHER_STAMPS: Final = """
UNWIND $days AS day
MATCH (message:Message {event_day: day})
WHERE message.materialization <> $stamp
WITH message LIMIT $limit
DETACH DELETE message
RETURN count(*) AS deleted
"""

# Edges: $rows of ENGAGED_WITH_SCHEMA, $stamp, $limit.

MERGE_ENGAGED_WITH: Final = """
UNWIND $rows AS row
MERGE (user:User {user_id: row.user_id})
MERGE (campaign:Campaign {campaign_id: row.campaign_id})
MERGE (user)-[edge:ENGAGED_WITH]->(campaign)
SET edge.message_count = row.message_count,
    edge.active_days = row.active_days,
    edge.first_at = row.first_at,
    edge.last_at = row.last_at,
    edge.materialization = $stamp
"""

COUNT_ENGAGED_WITH: Final = """
MATCH (:User)-[edge:ENGAGED_WITH]->(:Campaign)
RETURN count(edge) AS row_count
"""

READ_ENGAGED_WITH: Final = """
MATCH (user:User)-[edge:ENGAGED_WITH]->(campaign:Campaign)
RETURN user.user_id AS user_id,
       campaign.campaign_id AS campaign_id,
       edge.message_count AS message_count,
       edge.active_days AS active_days,
       edge.first_at AS first_at,
       edge.last_at AS last_at
"""

DELETE_ENGAGED_WITH_OF_OTHER_STAMPS: Final = """
MATCH (:User)-[edge:ENGAGED_WITH]->(:Campaign)
WHERE edge.materialization <> $stamp
WITH edge LIMIT $limit
DELETE edge
RETURN count(*) AS deleted
"""

# Users and campaigns live as long as a message or an edge names them: $limit.

DELETE_ORPHAN_USERS: Final = """
MATCH (user:User)
WHERE NOT EXISTS { (user)-[:SENT]->() } AND NOT EXISTS { (user)-[:ENGAGED_WITH]->() }
WITH user LIMIT $limit
DELETE user
RETURN count(*) AS deleted
"""

DELETE_ORPHAN_CAMPAIGNS: Final = """
MATCH (campaign:Campaign)
WHERE NOT EXISTS { ()-[:IN]->(campaign) } AND NOT EXISTS { ()-[:ENGAGED_WITH]->(campaign) }
WITH campaign LIMIT $limit
DELETE campaign
RETURN count(*) AS deleted
"""

# What the API asks.

PING: Final = "RETURN 1 AS answer"

ENGAGED_WITH_OF_USERS: Final = """
UNWIND $user_ids AS user_id
MATCH (user:User {user_id: user_id})-[edge:ENGAGED_WITH]->(campaign:Campaign)
RETURN user.user_id AS user_id,
       campaign.campaign_id AS campaign_id,
       edge.message_count AS message_count,
       edge.active_days AS active_days,
       edge.first_at AS first_at,
       edge.last_at AS last_at
ORDER BY user_id, campaign_id
"""

# Peers are ranked before they are expanded, so the second hop costs the same however
# many users share a popular campaign. `overlap` is the Jaccard index of the two users'
# sets of campaigns. Ties go to the smaller id, so that equal graphs give equal answers.
CO_ENGAGED_CAMPAIGNS: Final = """
MATCH (user:User {user_id: $user_id})-[:ENGAGED_WITH]->(shared:Campaign)
      <-[:ENGAGED_WITH]-(peer:User)
WHERE peer.user_id <> $user_id
WITH user, peer, collect(shared.campaign_id) AS shared_ids
WITH user, peer, shared_ids,
     COUNT { (user)-[:ENGAGED_WITH]->() } AS user_campaigns,
     COUNT { (peer)-[:ENGAGED_WITH]->() } AS peer_campaigns
WITH user, peer, shared_ids,
     toFloat(size(shared_ids)) / (user_campaigns + peer_campaigns - size(shared_ids)) AS overlap
ORDER BY overlap DESC, peer.user_id
LIMIT $peer_limit
UNWIND shared_ids AS shared_id
WITH user, peer, overlap, shared_id ORDER BY shared_id
WITH user, peer, overlap, collect(shared_id) AS shared_ids
MATCH (peer)-[:ENGAGED_WITH]->(campaign:Campaign)
WHERE $include_engaged OR NOT EXISTS { (user)-[:ENGAGED_WITH]->(campaign) }
WITH peer.user_id AS peer_id, campaign.campaign_id AS campaign_id, overlap, shared_ids
WITH peer_id, campaign_id, overlap, [id IN shared_ids WHERE id <> campaign_id] AS shared_ids
WHERE size(shared_ids) > 0
WITH peer_id, campaign_id, overlap, shared_ids
ORDER BY overlap DESC, peer_id
WITH campaign_id,
     sum(size(shared_ids)) AS path_count,
     count(peer_id) AS peer_count,
     sum(overlap) AS weight,
     collect(shared_ids[0])[0] AS shared_campaign_id,
     collect(peer_id)[0] AS peer_id
RETURN campaign_id, path_count, peer_count, weight, shared_campaign_id, peer_id
ORDER BY weight DESC, campaign_id
LIMIT $limit
"""
