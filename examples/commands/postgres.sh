#!/bin/sh
# A source command: the rows of one window of a Postgres table, by psql's COPY, as CSV.
#
# data:
#   source:
#     type: command
#     command: [sh, examples/commands/postgres.sh, public.flights, event_ts]
#     timeout: PT10M
#     completion_marker: _SUCCESS
#
# Where to connect comes from the environment, as psql reads it: PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD or
# PGPASSFILE, PGSSLMODE. Give it a role that may only read. hone sets HONE_FROM (empty for all history), HONE_TO and
# HONE_OUTPUT. The three names below reach SQL as quoted identifiers and literals, never as text.
set -eu
table=${1:?usage: postgres.sh <schema.table> <event time column>}
time=${2:?usage: postgres.sh <schema.table> <event time column>}
schema=${table%%.*}
name=${table#*.}
[ "$schema" != "$table" ] || schema=public

export PGTZ=UTC PGDATESTYLE=ISO PGCLIENTENCODING=UTF8 PGCONNECT_TIMEOUT="${PGCONNECT_TIMEOUT:-10}"
# one statement sees one state of the table; a server that hangs is left by its own time-out before hone's
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 \
  --set "schema=$schema" --set "name=$name" --set "time=$time" \
  --set "from=${HONE_FROM:--infinity}" --set "to=$HONE_TO" \
  --output "$HONE_OUTPUT/rows.csv" <<'SQL'
SET default_transaction_read_only = on;
SELECT format(
  'COPY (SELECT * FROM %I.%I WHERE %I >= %L::timestamptz AND %I < %L::timestamptz) TO STDOUT WITH (FORMAT csv, HEADER)',
  :'schema', :'name', :'time', :'from', :'time', :'to') \gexec
SQL

# who made the rows: the server's version, as precomputed features ask for it
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --tuples-only --no-align --set "table=$table" \
  --output "$HONE_OUTPUT/_producer.json" <<'SQL'
SELECT json_build_object('name', 'postgres:' || :'table', 'version', current_setting('server_version'));
SQL
: > "$HONE_OUTPUT/_SUCCESS"
