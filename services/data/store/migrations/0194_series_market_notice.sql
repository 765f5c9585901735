-- Readers of live rows keep what was named for a series: whenever that changes, they are told to ask again, on the
-- channel that tells of new versions. It is only a hint, like those.
CREATE FUNCTION series_market_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify(TG_TABLE_SCHEMA || '_series', 'market');
  RETURN NULL;
END
$$;
CREATE TRIGGER series_market_named AFTER INSERT OR DELETE ON series_market
  FOR EACH ROW EXECUTE FUNCTION series_market_notice();
CREATE TRIGGER series_market_renamed AFTER UPDATE ON series_market
  FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION series_market_notice();
