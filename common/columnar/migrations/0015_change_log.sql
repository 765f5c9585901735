-- Which transaction wrote a version: what one snapshot of the database saw and another did not is then what was
-- committed between the two, in whatever order writers began and ended. 0: before this was kept, long committed.
ALTER TABLE series_version ADD COLUMN written_by xid8 NOT NULL DEFAULT '0'::xid8;
ALTER TABLE series_version ALTER COLUMN written_by SET DEFAULT pg_current_xact_id();
CREATE INDEX series_version_written_by ON series_version (written_by);

-- The chunks that a version began and ended.
CREATE INDEX series_chunk_began ON series_chunk (series_id, version_from);
CREATE INDEX series_chunk_ended ON series_chunk (series_id, version_to) WHERE version_to < 9223372036854775807;
