"""What runs, what waits and what failed, for the people who run the site and for Prometheus."""
