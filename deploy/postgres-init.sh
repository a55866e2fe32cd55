#!/bin/sh
# Runs once, when the volume of the database is empty: makes the role and the database of the site. The role is no
# superuser and cannot make databases or roles. The superuser has no password, so it cannot sign in over the network:
#     docker compose exec db psql -U postgres
set -eu
psql --set ON_ERROR_STOP=1 --set password="$POSTGRES_PASSWORD" --username postgres --dbname postgres <<'SQL'
CREATE ROLE inkling LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password';
CREATE DATABASE inkling OWNER inkling;
REVOKE ALL ON DATABASE inkling FROM PUBLIC;
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
REVOKE ALL ON DATABASE template1 FROM PUBLIC;
ALTER ROLE postgres PASSWORD NULL;
SQL
