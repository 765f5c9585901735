-- Whose limits held when a series was judged and why those; the other sources that it was compared with. Reports that
-- were made before do not say.
ALTER TABLE quality_series ADD COLUMN asset_class text NOT NULL DEFAULT '';
ALTER TABLE quality_series ADD COLUMN asset_class_reason text NOT NULL DEFAULT '';
ALTER TABLE quality_series ADD COLUMN compared_with jsonb NOT NULL DEFAULT '[]';
ALTER TABLE quality_series ALTER COLUMN asset_class DROP DEFAULT;
ALTER TABLE quality_series ALTER COLUMN asset_class_reason DROP DEFAULT;
ALTER TABLE quality_series ALTER COLUMN compared_with DROP DEFAULT;
