"""Every Cypher statement of the platform, values bound as parameters.

The graph:

    (:User {user_id})
        -[:SENT]->
    (:Message {row_id, message_id, text, sent_at, event_day, materialization, identity_hash})
        -[:IN]->
    (:Campaign {campaign_id})

    (:User)
        -[:ENGAGED_WITH {message_count, active_days, first_at, last_at, since, until,
                         identity_hash}]->
    (:Campaign)

    (:Materialization {number})

A message is a node in each materialization that holds it; `row_id`, its materialization and
message id joined by a slash, is one property because Neo4j's community edition has no unique
key of two. It has exactly one SENT and one IN.

An ENGAGED_WITH that stays as it is from one materialization to the next is stored once: it
belongs to those from `since` on and before `until`, as rows do in a system-versioned table of
SQL:2011. A user and a campaign may have several, of which one materialization holds one. Every
materialization of edges that has not been dropped is a node, because one can hold edges that
name it nowhere. Users and campaigns belong to no materialization: they live as long as a
message or an edge names them.

Times are LOCAL DATETIME in UTC, exact to the microsecond: ArcadeDB, which plays Neo4j on a
laptop, drops the zone of a zoned one. Only Cypher that Neo4j 5 and ArcadeDB both accept.
A pattern starts at the node that an index finds: ArcadeDB expands patterns in the order they
are written.
"""

from typing import Final, LiteralString

SCHEMA: Final[tuple[LiteralString, ...]] = (
    """
    CREATE CONSTRAINT user_id IF NOT EXISTS
    FOR (user:User) REQUIRE user.user_id IS UNIQUE
    """,
    """
    CREATE CONSTRAINT campaign_id IF NOT EXISTS
    FOR (campaign:Campaign) REQUIRE campaign.campaign_id IS UNIQUE
    """,
    """
    CREATE CONSTRAINT message_row_id IF NOT EXISTS
    FOR (message:Message) REQUIRE message.row_id IS UNIQUE
    """,
    """
    CREATE INDEX message_id IF NOT EXISTS
    FOR (message:Message) ON (message.message_id)
    """,
    """
    CREATE INDEX message_materialization IF NOT EXISTS
    FOR (message:Message) ON (message.materialization)
    """,
    """
    CREATE CONSTRAINT materialization_number IF NOT EXISTS
    FOR (materialization:Materialization) REQUIRE materialization.number IS UNIQUE
    """,
)

# Messages: $rows of MESSAGE_SCHEMA with row_id, materialization and identity_hash;
# $materialization, $limit.

MERGE_MESSAGES: Final = """
UNWIND $rows AS row
MERGE (message:Message {row_id: row.row_id})
SET message.message_id = row.message_id,
    message.text = row.text,
    message.sent_at = row.sent_at,
    message.event_day = row.event_day,
    message.materialization = row.materialization,
    message.identity_hash = row.identity_hash
MERGE (user:User {user_id: row.user_id})
MERGE (campaign:Campaign {campaign_id: row.campaign_id})
MERGE (user)-[:SENT]->(message)
MERGE (message)-[:IN]->(campaign)
"""

DIGEST_OF_MESSAGES: Final = """
MATCH (message:Message {materialization: $materialization})
RETURN count(message) AS row_count, sum(message.identity_hash) AS identity_hash
"""

READ_MESSAGES: Final = """
MATCH (message:Message {materialization: $materialization})<-[:SENT]-(user:User)
MATCH (message)-[:IN]->(campaign:Campaign)
RETURN message.message_id AS message_id,
       user.user_id AS user_id,
       campaign.campaign_id AS campaign_id,
       message.text AS text,
       message.sent_at AS sent_at,
       message.event_day AS event_day
"""

DELETE_MESSAGES: Final = """
MATCH (message:Message {materialization: $materialization})
WITH message LIMIT $limit
DETACH DELETE message
RETURN count(*) AS changed
"""

COUNT_USER_AND_MESSAGES: Final = """
MATCH (user:User {user_id: $user_id})
RETURN sum(1 + COUNT { (user)-[:SENT]->() }) AS row_count
"""

# Edges: $rows of ENGAGED_WITH_SCHEMA with materialization and identity_hash;
# $materialization, $limit.

# The greatest integer is the `until` of an edge that the newest materialization holds.

BEGIN_MATERIALIZATION: Final = "MERGE (:Materialization {number: $materialization})"

MATERIALIZATIONS: Final = "MATCH (found:Materialization) RETURN found.number AS number"

DELETE_MATERIALIZATION: Final = """
MATCH (dropped:Materialization {number: $materialization})
DELETE dropped
"""

MERGE_ENGAGED_WITH: Final = """
UNWIND $rows AS row
MERGE (user:User {user_id: row.user_id})
MERGE (campaign:Campaign {campaign_id: row.campaign_id})
MERGE (user)-[edge:ENGAGED_WITH {since: row.materialization}]->(campaign)
SET edge.until = 9223372036854775807,
    edge.message_count = row.message_count,
    edge.active_days = row.active_days,
    edge.first_at = row.first_at,
    edge.last_at = row.last_at,
    edge.identity_hash = row.identity_hash
"""

END_ENGAGED_WITH: Final = """
UNWIND $rows AS row
MATCH (user:User {user_id: row.user_id})
      -[edge:ENGAGED_WITH]->(campaign:Campaign {campaign_id: row.campaign_id})
WHERE edge.since < row.materialization AND row.materialization < edge.until
SET edge.until = row.materialization
"""

END_EVERY_ENGAGED_WITH: Final = """
MATCH ()-[edge:ENGAGED_WITH]->()
WHERE edge.since < $materialization AND $materialization < edge.until
WITH edge LIMIT $limit
SET edge.until = $materialization
RETURN count(*) AS changed
"""

# Of a version that gave every materialization edges of its own.
DELETE_FORMER_ENGAGED_WITH: Final = """
MATCH ()-[edge:ENGAGED_WITH]->()
WHERE edge.since IS NULL
WITH edge LIMIT $limit
DELETE edge
RETURN count(*) AS changed
"""

REOPEN_ENGAGED_WITH: Final = """
MATCH ()-[edge:ENGAGED_WITH]->()
WHERE edge.until = $materialization
WITH edge LIMIT $limit
SET edge.until = 9223372036854775807
RETURN count(*) AS changed
"""

DIGEST_OF_ENGAGED_WITH: Final = """
MATCH ()-[edge:ENGAGED_WITH]->()
WHERE edge.since <= $materialization AND $materialization < edge.until
RETURN count(edge) AS row_count, sum(edge.identity_hash) AS identity_hash
"""

READ_ENGAGED_WITH: Final = """
MATCH (user)-[edge:ENGAGED_WITH]->(campaign)
WHERE edge.since <= $materialization AND $materialization < edge.until
RETURN user.user_id AS user_id,
       campaign.campaign_id AS campaign_id,
       edge.message_count AS message_count,
       edge.active_days AS active_days,
       edge.first_at AS first_at,
       edge.last_at AS last_at
"""

# $others: the materializations that stay.
DELETE_ENGAGED_WITH: Final = """
MATCH ()-[edge:ENGAGED_WITH]->()
WHERE edge.since <= $materialization AND $materialization < edge.until
  AND NONE(other IN $others WHERE edge.since <= other AND other < edge.until)
WITH edge LIMIT $limit
DELETE edge
RETURN count(*) AS changed
"""

COUNT_ENGAGED_WITH_OF_USER: Final = """
MATCH (:User {user_id: $user_id})-[edge:ENGAGED_WITH]->()
RETURN count(edge) AS row_count
"""

# Messages that hang loose, and what nothing names: $limit.

ORPHANS: Final[tuple[LiteralString, ...]] = (
    """
    MATCH (message:Message)
    WHERE COUNT { (message)<-[:SENT]-(:User) } <> 1 OR COUNT { (message)-[:IN]->(:Campaign) } <> 1
    RETURN 'message ' + message.row_id AS orphan LIMIT $limit
    """,
    """
    MATCH (user:User)
    WHERE NOT EXISTS { (user)-[:SENT]->() } AND NOT EXISTS { (user)-[:ENGAGED_WITH]->() }
    RETURN 'user ' + user.user_id AS orphan LIMIT $limit
    """,
    """
    MATCH (campaign:Campaign)
    WHERE NOT EXISTS { (campaign)<-[:IN]-() } AND NOT EXISTS { (campaign)<-[:ENGAGED_WITH]-() }
    RETURN 'campaign ' + campaign.campaign_id AS orphan LIMIT $limit
    """,
)

DELETE_ORPHAN_USERS: Final = """
MATCH (user:User)
WHERE NOT EXISTS { (user)-[:SENT]->() } AND NOT EXISTS { (user)-[:ENGAGED_WITH]->() }
WITH user LIMIT $limit
DELETE user
RETURN count(*) AS changed
"""

DELETE_ORPHAN_CAMPAIGNS: Final = """
MATCH (campaign:Campaign)
WHERE NOT EXISTS { (campaign)<-[:IN]-() } AND NOT EXISTS { (campaign)<-[:ENGAGED_WITH]-() }
WITH campaign LIMIT $limit
DELETE campaign
RETURN count(*) AS changed
"""

# What the API asks: $materialization is that of neo4j/engaged_with.

PING: Final = "RETURN 1 AS answer"

ENGAGED_WITH_OF_USERS: Final = """
UNWIND $user_ids AS user_id
MATCH (user:User {user_id: user_id})
      -[edge:ENGAGED_WITH]->(campaign:Campaign)
WHERE edge.since <= $materialization AND $materialization < edge.until
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
# sets of campaigns. Peers that lead on, to a campaign that the user does not have, come first:
# those with the very same campaigns overlap most, and could take all places. Ties go to the
# smaller id, so that equal graphs give equal answers.
CO_ENGAGED_CAMPAIGNS: Final = """
MATCH (user:User {user_id: $user_id})
      -[own:ENGAGED_WITH]->(shared:Campaign)<-[theirs:ENGAGED_WITH]-(peer:User)
WHERE own.since <= $materialization AND $materialization < own.until
  AND theirs.since <= $materialization AND $materialization < theirs.until
  AND peer.user_id <> $user_id
WITH user, peer, collect(shared.campaign_id) AS shared_ids
WITH user, peer, shared_ids,
     COUNT {
         (user)-[edge:ENGAGED_WITH]->()
         WHERE edge.since <= $materialization AND $materialization < edge.until
     } AS user_campaigns,
     COUNT {
         (peer)-[edge:ENGAGED_WITH]->()
         WHERE edge.since <= $materialization AND $materialization < edge.until
     } AS peer_campaigns
WITH peer, shared_ids, peer_campaigns > size(shared_ids) AS leads_on,
     toFloat(size(shared_ids)) / (user_campaigns + peer_campaigns - size(shared_ids)) AS overlap
ORDER BY leads_on DESC, overlap DESC, peer.user_id
LIMIT $peer_limit
UNWIND shared_ids AS shared_id
WITH peer, overlap, shared_id ORDER BY shared_id
WITH peer, overlap, collect(shared_id) AS shared_ids
MATCH (peer)-[theirs:ENGAGED_WITH]->(campaign:Campaign)
WHERE theirs.since <= $materialization AND $materialization < theirs.until
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
