-- Kinds of data made at run time. Never changed: what is stored was checked against them.
CREATE TABLE resource (
  id text COLLATE "C" CONSTRAINT resource_pkey PRIMARY KEY,
  definition jsonb NOT NULL,
  principal text NOT NULL,
  create_time timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT resource_id_form CHECK (id ~ '^[a-z][a-z0-9_]{0,62}$')
);
