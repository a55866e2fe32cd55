"""Review corrections: the queue, claims and locks, decisions, consensus of several reviewers, controls, oddness."""
