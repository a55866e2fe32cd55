"""Model cards, HTML reports and text tables."""
