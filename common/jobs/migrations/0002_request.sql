-- Requests that named a request_id, and what they were answered: the same id never acts twice.
CREATE TABLE request (
  principal    text NOT NULL,
  method       text NOT NULL CONSTRAINT request_method_not_empty CHECK (method <> ''),
  request_id   text NOT NULL CONSTRAINT request_id_not_empty CHECK (request_id <> ''),
  payload_hash text NOT NULL,
  response     text NOT NULL DEFAULT '',
  create_time  timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT request_pkey PRIMARY KEY (principal, method, request_id)
);

CREATE INDEX request_create_time ON request (create_time);
