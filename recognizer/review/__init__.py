"""The review queue, claims, decisions, several reviewers, control drawings and outliers."""
