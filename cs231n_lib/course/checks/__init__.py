"""Per assignment: independent references, the mistakes they can imitate, and the checks."""
