"""What reviewers see about models, labels and reviewers: confusions, label errors, coverage, agreement, accuracy."""
