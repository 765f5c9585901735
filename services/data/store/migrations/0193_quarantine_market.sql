-- The calendar (and time zone) that was named with rows that are kept apart: their series has it once they are
-- released. Empty: none was named.
ALTER TABLE quarantine ADD COLUMN calendar text NOT NULL DEFAULT '';
ALTER TABLE quarantine ADD COLUMN time_zone text NOT NULL DEFAULT '';
