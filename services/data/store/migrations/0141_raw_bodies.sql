-- Bodies of providers as they came, by their SHA-256, compressed by zstd; removed when nobody received them for a while.
CREATE TABLE raw_body (
  sha256 text COLLATE "C" CONSTRAINT raw_body_pkey PRIMARY KEY,
  body bytea NOT NULL,
  byte_count bigint NOT NULL,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT raw_body_sha256_is_hex CHECK (sha256 ~ '^[0-9a-f]{64}$')
);
ALTER TABLE raw_body ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX raw_body_received ON raw_body (received_at);
