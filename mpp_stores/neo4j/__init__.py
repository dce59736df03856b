"""Neo4j: the user, message and campaign graph."""
