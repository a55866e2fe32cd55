"""What reviewers are shown about models, labels and reviewers: confusion, label errors, coverage, agreement."""
