-- What was named for the series with rows that are kept apart ("24/7", "none@Europe/Berlin"): the series has it once they
-- are released. Empty: nothing was.
ALTER TABLE quarantine ADD COLUMN market text NOT NULL DEFAULT '';
