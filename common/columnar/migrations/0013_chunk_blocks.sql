-- Where the blocks of a chunk end, so that few rows are read without fetching all: the time of the last row of each and
-- its end in bytes from the beginning of the chunk. Empty for a chunk of one block.
ALTER TABLE series_chunk ADD COLUMN block_last_ns bigint[] NOT NULL DEFAULT '{}';
ALTER TABLE series_chunk ADD COLUMN block_end integer[] NOT NULL DEFAULT '{}';
ALTER TABLE series_chunk ADD CONSTRAINT series_chunk_blocks_match
  CHECK (cardinality(block_last_ns) = cardinality(block_end));
