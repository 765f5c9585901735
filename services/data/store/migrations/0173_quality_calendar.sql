-- The calendar by which a series was judged. Reports that were made before do not say.
ALTER TABLE quality_series ADD COLUMN calendar text NOT NULL DEFAULT '';
ALTER TABLE quality_series ALTER COLUMN calendar DROP DEFAULT;
