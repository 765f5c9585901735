-- Durable work. See job.h for the states: 1 QUEUED, 2 RUNNING, 3 SUCCEEDED, 4 FAILED, 5 CANCELLED.
CREATE TABLE job (
  id               text PRIMARY KEY CONSTRAINT job_id_length CHECK (octet_length(id) BETWEEN 1 AND 200),
  kind             text NOT NULL CONSTRAINT job_kind_length CHECK (octet_length(kind) BETWEEN 1 AND 100),
  state            smallint NOT NULL DEFAULT 1 CONSTRAINT job_state_known CHECK (state BETWEEN 1 AND 5),
  attempt          int NOT NULL DEFAULT 0 CONSTRAINT job_attempt_range CHECK (attempt BETWEEN 0 AND max_attempts),
  max_attempts     int NOT NULL CONSTRAINT job_max_attempts_range CHECK (max_attempts BETWEEN 1 AND 100),
  epoch            bigint NOT NULL DEFAULT 0 CONSTRAINT job_epoch_range CHECK (epoch >= 0),
  progress         double precision NOT NULL DEFAULT 0 CONSTRAINT job_progress_range CHECK (progress BETWEEN 0 AND 1),
  stage            text NOT NULL DEFAULT '',
  error_code       int NOT NULL DEFAULT 0,
  error_message    text NOT NULL DEFAULT '',
  error_payload    bytea NOT NULL DEFAULT '',
  create_time      timestamptz NOT NULL DEFAULT clock_timestamp(),
  start_time       timestamptz,
  end_time         timestamptz,
  run_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  lease_until      timestamptz,
  principal        text NOT NULL DEFAULT '',
  traceparent      text NOT NULL DEFAULT '',
  worker_id        text NOT NULL DEFAULT '',
  priority         int NOT NULL DEFAULT 0,
  cancel_requested boolean NOT NULL DEFAULT false,
  CONSTRAINT job_lease_while_running CHECK ((state = 2) = (lease_until IS NOT NULL)),
  CONSTRAINT job_worker_while_running CHECK (state <> 2 OR (worker_id <> '' AND attempt > 0 AND start_time IS NOT NULL)),
  CONSTRAINT job_end_when_final CHECK ((state >= 3) = (end_time IS NOT NULL)),
  CONSTRAINT job_error_when_failed CHECK (state <> 4 OR error_code <> 0),
  CONSTRAINT job_no_error_when_succeeded CHECK (state <> 3 OR error_code = 0),
  CONSTRAINT job_queued_is_wanted CHECK (state <> 1 OR NOT cancel_requested)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX job_ready ON job (priority DESC, run_at, id) WHERE state = 1;
CREATE INDEX job_leased ON job (lease_until) WHERE state = 2;
