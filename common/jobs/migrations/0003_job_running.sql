-- An index on lease_until made every heartbeat write index entries; the running jobs are few.
DROP INDEX job_leased;
CREATE INDEX job_running ON job (id) WHERE state = 2;
