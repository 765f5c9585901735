-- Runs of pipelines. The state of a run follows from the jobs of its steps; it is not kept a second time.
CREATE TABLE pipeline_run (
  id               text COLLATE "C" PRIMARY KEY,  -- ordered by time: UUID version 7
  pipeline_id      text NOT NULL,
  description      text NOT NULL,
  generation       integer NOT NULL DEFAULT 1,    -- grows with each retry
  cancel_requested boolean NOT NULL DEFAULT false,
  principal        text NOT NULL,
  traceparent      text NOT NULL,
  create_time      timestamptz NOT NULL DEFAULT now(),
  update_time      timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pipeline_run_id_valid CHECK (id <> ''),
  CONSTRAINT pipeline_run_pipeline_valid CHECK (pipeline_id <> ''),
  CONSTRAINT pipeline_run_generation_valid CHECK (generation >= 1)
);

-- Their steps, copied from the pipeline. A retry adds rows of a new generation; those they supersede stay as the record of
-- what was tried.
CREATE TABLE pipeline_step (
  run_id     text COLLATE "C" NOT NULL REFERENCES pipeline_run (id),
  ordinal    integer NOT NULL,                    -- position in the pipeline
  generation integer NOT NULL,
  superseded boolean NOT NULL DEFAULT false,
  definition jsonb NOT NULL,                      -- id, kind, parameters, inputs, dependencies
  waits_for  integer[] NOT NULL,                  -- ordinals of the steps that must have succeeded
  job_id     text NOT NULL,                       -- of the job that exists from the moment the step is ready
  resource   text NOT NULL DEFAULT '',            -- what it started in its service
  outputs    jsonb NOT NULL DEFAULT '{}',
  CONSTRAINT pipeline_step_pkey PRIMARY KEY (run_id, ordinal, generation),
  CONSTRAINT pipeline_step_job_unique UNIQUE (job_id),
  CONSTRAINT pipeline_step_ordinal_valid CHECK (ordinal >= 0),
  CONSTRAINT pipeline_step_generation_valid CHECK (generation >= 1),
  CONSTRAINT pipeline_step_definition_valid CHECK (jsonb_typeof(definition) = 'object'),
  CONSTRAINT pipeline_step_waits_for_others CHECK (ordinal <> ALL (waits_for)),
  CONSTRAINT pipeline_step_job_valid CHECK (job_id <> ''),
  CONSTRAINT pipeline_step_outputs_valid CHECK (jsonb_typeof(outputs) = 'object')
);
CREATE UNIQUE INDEX pipeline_step_current ON pipeline_step (run_id, ordinal) WHERE NOT superseded;
