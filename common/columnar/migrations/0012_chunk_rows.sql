-- SHA-256 of a chunk's rows, so that rows that come again are recognised without reading the chunk. NULL where the
-- reference is older than this column: then the chunk is read.
ALTER TABLE series_chunk ADD COLUMN rows_digest bytea;
ALTER TABLE series_chunk ADD CONSTRAINT series_chunk_rows_digest_is_sha256 CHECK (octet_length(rows_digest) = 32);

-- The small chunks of newest versions: what compaction looks for.
CREATE INDEX series_chunk_small ON series_chunk (series_id)
  WHERE version_to = 9223372036854775807 AND row_count < 4096;
