"""Django's PostgreSQL backend with limits on how long a request waits for it (`config.postgresql.base`)."""
