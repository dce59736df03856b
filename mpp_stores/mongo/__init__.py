"""MongoDB: the conversations as documents."""
