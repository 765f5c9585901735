-- Whether rows of a series may share their instant; fixed, like the basis, when the series begins.
ALTER TABLE series ADD COLUMN repeats boolean NOT NULL DEFAULT false;
ALTER TABLE series ALTER COLUMN repeats DROP DEFAULT;
