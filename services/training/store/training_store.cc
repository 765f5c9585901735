#include "services/training/store/training_store.h"

#include <map>

#include "absl/strings/str_split.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/base/text.h"
#include "common/component/params_json.h"
#include "common/jobs/store.h"

namespace breadthflow::training {
namespace {

constexpr char kInsertRun[] = R"sql(
INSERT INTO training_run (id, snapshot, symbols, range_start_ns, range_end_ns, model, model_version, params, feature_set,
                          horizon_bars, holdout_share, purge_bars, model_name)
VALUES ($1, $2, $3::text[], $4::bigint, $5::bigint, $6, $7, $8::jsonb, $9, $10::integer, $11::double precision, $12::integer,
        $13))sql";

// Arrays come as lines: neither symbols nor features hold a line break.
constexpr char kSpecColumns[] =
    "r.id, r.snapshot, array_to_string(r.symbols, E'\\n'), r.range_start_ns, r.range_end_ns, r.model, r.params::text, "
    "r.feature_set, r.horizon_bars, r.holdout_share, r.purge_bars, r.model_name";
constexpr int kSpecColumnCount = 12;

constexpr char kModelColumns[] =
    "m.version, m.cut_off_ns, m.valid_from_ns, array_to_string(m.features, E'\\n'), m.schema_sha256, m.row_count, "
    "m.artefact_sha256, m.create_time, (extract(epoch FROM m.create_time) * 1000000)::bigint";
constexpr int kModelColumnCount = 9;

constexpr char kNextVersion[] = R"sql(
INSERT INTO model_name (name, last_version) VALUES ($1, 1)
ON CONFLICT (name) DO UPDATE SET last_version = model_name.last_version + 1 RETURNING last_version)sql";

constexpr char kInsertModel[] = R"sql(
INSERT INTO model (id, model_name, version, cut_off_ns, valid_from_ns, features, schema_sha256, row_count, artefact_sha256,
                   artefact)
VALUES ($1, $2, $3::integer, $4::bigint, $5::bigint, $6::text[], $7, $8::bigint, $9, $10::bytea))sql";

constexpr char kInsertScore[] = R"sql(
INSERT INTO model_score (model_id, ordinal, name, train, holdout, baseline, description)
VALUES ($1, $2::integer, $3, $4::double precision, $5::double precision, $6::double precision, $7))sql";

constexpr char kInsertImportance[] = R"sql(
INSERT INTO model_importance (model_id, ordinal, feature, gain_share)
VALUES ($1, $2::integer, $3, $4::double precision))sql";

constexpr char kScores[] = R"sql(
SELECT model_id, name, train, holdout, baseline, description FROM model_score
WHERE model_id = ANY ($1::text[]) ORDER BY model_id, ordinal)sql";

constexpr char kImportances[] = R"sql(
SELECT model_id, feature, gain_share FROM model_importance
WHERE model_id = ANY ($1::text[]) ORDER BY model_id, ordinal)sql";

absl::Status RunNotFound(const std::string& id) {
  return base::MakeError(absl::StatusCode::kNotFound, "TRAINING_RUN_NOT_FOUND",
                         fmt::format("there is no training run trainingRuns/{}", id));
}

absl::StatusOr<TrainingSpec> SpecOf(const postgres::Row& row) {
  TrainingSpec spec;
  spec.snapshot = row.Text(1);
  spec.symbols = base::SplitList(row.Text(2), "\n");
  if (!row.IsNull(3)) spec.range = quant::TimeRange{row.Int(3), row.Int(4)};
  spec.model.name = row.Text(5);
  BF_ASSIGN_OR_RETURN(spec.model.params, component::ParamsFromJson(row.Text(6)));
  spec.feature_set = row.Text(7);
  spec.horizon_bars = static_cast<int>(row.Int(8));
  spec.holdout_share = row.Double(9);
  spec.purge_bars = static_cast<int>(row.Int(10));
  spec.model_name = row.Text(11);
  return spec;
}

std::string SelectRuns() {
  return fmt::format(
      "SELECT {}, m.id IS NOT NULL, {} FROM training_run r JOIN job j ON j.id = r.id LEFT JOIN model m ON m.id = r.id",
      kSpecColumns, jobs::JobStore::Columns("j"));
}

absl::StatusOr<TrainingRun> RunOf(const postgres::Row& row) {
  TrainingRun run;
  run.id = row.Text(0);
  BF_ASSIGN_OR_RETURN(run.spec, SpecOf(row));
  run.has_model = row.Bool(kSpecColumnCount);
  run.job = jobs::JobStore::FromRow(row, kSpecColumnCount + 1);
  return run;
}

std::string SelectModels(bool with_artefact) {
  return fmt::format("SELECT {}, {}{} FROM model m JOIN training_run r ON r.id = m.id", kSpecColumns, kModelColumns,
                     with_artefact ? ", m.artefact" : "");
}

absl::StatusOr<Model> ModelOf(const postgres::Row& row, bool with_artefact) {
  Model model;
  model.id = row.Text(0);
  BF_ASSIGN_OR_RETURN(model.spec, SpecOf(row));
  int at = kSpecColumnCount;
  model.version = static_cast<int>(row.Int(at++));
  model.cut_off_ns = row.Int(at++);
  model.valid_from_ns = row.Int(at++);
  model.features = base::SplitList(row.Text(at++), "\n");
  model.schema_hash = row.Text(at++);
  model.rows = row.Int(at++);
  model.artefact_hash = row.Text(at++);
  model.create_time = row.Time(at++);
  if (with_artefact) model.artefact = row.Bytes(kSpecColumnCount + kModelColumnCount);
  return model;
}

// Adds scores and importances to models that were read in the same transaction.
absl::Status Complete(postgres::Transaction& tx, std::vector<Model>& models) {
  std::map<std::string, Model*> by_id;
  std::vector<std::string> ids;
  for (Model& model : models) {
    by_id[model.id] = &model;
    ids.push_back(model.id);
  }
  BF_ASSIGN_OR_RETURN(const postgres::Rows scores, tx.Query(kScores, {postgres::TextArray(ids)}));
  for (const postgres::Row& row : scores) {
    Score score{row.Text(1), row.Double(2), row.Double(3), std::nullopt, row.Text(5)};
    if (!row.IsNull(4)) score.baseline = row.Double(4);
    by_id.at(row.Text(0))->scores.push_back(std::move(score));
  }
  BF_ASSIGN_OR_RETURN(const postgres::Rows importances, tx.Query(kImportances, {postgres::TextArray(ids)}));
  for (const postgres::Row& row : importances)
    by_id.at(row.Text(0))->importances.emplace_back(row.Text(1), row.Double(2));
  return absl::OkStatus();
}

absl::Status InsertModel(postgres::Transaction& tx, const Model& model) {
  BF_ASSIGN_OR_RETURN(const postgres::Rows version, tx.Query(kNextVersion, {model.spec.model_name}));
  BF_RETURN_IF_ERROR(
      tx.Execute(kInsertModel, {model.id, model.spec.model_name, version[0].Int(0), model.cut_off_ns,
                                model.valid_from_ns, postgres::TextArray(model.features), model.schema_hash, model.rows,
                                model.artefact_hash, postgres::Bytes{model.artefact}})
          .status());
  int64_t ordinal = 0;
  for (const Score& score : model.scores) {
    postgres::Param baseline = nullptr;
    if (score.baseline) baseline = *score.baseline;
    BF_RETURN_IF_ERROR(tx.Execute(kInsertScore, {model.id, ordinal++, score.name, score.train, score.holdout, baseline,
                                                 score.description})
                           .status());
  }
  ordinal = 0;
  for (const auto& [feature, share] : model.importances)
    BF_RETURN_IF_ERROR(tx.Execute(kInsertImportance, {model.id, ordinal++, feature, share}).status());
  return absl::OkStatus();
}

postgres::TransactOptions Reading(absl::Time deadline) { return {.deadline = deadline, .read_only = true}; }

}  // namespace

absl::Status TrainingStore::Migrate(const base::CancelToken& cancel) {
  std::vector<postgres::Migration> all = jobs::JobStore::Migrations();
  all.insert(all.end(), Migrations().begin(), Migrations().end());
  return postgres::Migrate(database_, std::move(all), {.cancel = cancel});
}

absl::StatusOr<std::string> TrainingStore::Submit(const jobs::SubmitKey& key, const jobs::NewJob& job,
                                                  const TrainingSpec& spec, std::string_view model_version,
                                                  absl::Time deadline) {
  postgres::Param start = nullptr;
  postgres::Param end = nullptr;
  if (spec.range) {
    start = spec.range->start_ns;
    end = spec.range->end_ns;
  }
  const auto insert = [&](postgres::Transaction& tx) {
    return tx
        .Execute(kInsertRun,
                 {job.id, spec.snapshot, postgres::TextArray(spec.symbols), start, end, spec.model.name,
                  std::string(model_version), component::ToJson(spec.model.params), spec.feature_set,
                  int64_t{spec.horizon_bars}, spec.holdout_share, int64_t{spec.purge_bars}, spec.model_name})
        .status();
  };
  return jobs::SubmitJob(database_, key, job, insert, {.deadline = deadline});
}

absl::StatusOr<TrainingRun> TrainingStore::GetRun(const std::string& id, absl::Time deadline) {
  TrainingRun run;
  const auto read = [&](postgres::Transaction& tx) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(SelectRuns() + " WHERE r.id = $1", {id}));
    if (rows.empty()) return RunNotFound(id);
    BF_ASSIGN_OR_RETURN(run, RunOf(rows[0]));
    return absl::OkStatus();
  };
  BF_RETURN_IF_ERROR(database_.Transact(read, Reading(deadline)));
  return run;
}

absl::StatusOr<Page<TrainingRun>> TrainingStore::ListRuns(int page_size, const std::string& cursor,
                                                          absl::Time deadline) {
  Page<TrainingRun> page;
  const auto read = [&](postgres::Transaction& tx) -> absl::Status {
    page = {};
    BF_ASSIGN_OR_RETURN(const postgres::Rows rows,
                        tx.Query(SelectRuns() + " WHERE $1 = '' OR r.id < $1 ORDER BY r.id DESC LIMIT $2::integer",
                                 {cursor, int64_t{page_size} + 1}));
    for (const postgres::Row& row : rows) {
      if (page.items.size() == static_cast<size_t>(page_size)) {
        page.next = page.items.back().id;
        break;
      }
      BF_ASSIGN_OR_RETURN(TrainingRun run, RunOf(row));
      page.items.push_back(std::move(run));
    }
    return absl::OkStatus();
  };
  BF_RETURN_IF_ERROR(database_.Transact(read, Reading(deadline)));
  return page;
}

absl::Status TrainingStore::RequestCancel(const std::string& id, absl::Time deadline) {
  const absl::Status status = jobs::RequestCancel(database_, id, deadline);
  return status.code() == absl::StatusCode::kNotFound ? RunNotFound(id) : status;
}

jobs::Effects TrainingStore::SaveModel(Model model) {
  return [model = std::move(model)](postgres::Transaction& tx) { return InsertModel(tx, model); };
}

absl::StatusOr<Model> TrainingStore::GetModel(const std::string& id, bool with_artefact, absl::Time deadline) {
  std::vector<Model> models;
  const auto read = [&](postgres::Transaction& tx) -> absl::Status {
    models.clear();
    BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(SelectModels(with_artefact) + " WHERE m.id = $1", {id}));
    if (rows.empty())
      return base::MakeError(absl::StatusCode::kNotFound, "MODEL_NOT_FOUND",
                             fmt::format("there is no model models/{}", id));
    BF_ASSIGN_OR_RETURN(Model model, ModelOf(rows[0], with_artefact));
    models.push_back(std::move(model));
    return Complete(tx, models);
  };
  BF_RETURN_IF_ERROR(database_.Transact(read, Reading(deadline)));
  return std::move(models.front());
}

absl::StatusOr<Page<Model>> TrainingStore::ListModels(const std::string& model_name, int page_size,
                                                      const std::string& cursor, absl::Time deadline) {
  // A cursor is "<create_time in microseconds> <id>", the sort key.
  const std::pair<std::string, std::string> key =
      absl::StrSplit(cursor.empty() ? "0 " : cursor, absl::MaxSplits(' ', 1));
  constexpr char kWhere[] = R"sql(
 WHERE ($1 = '' OR m.model_name = $1)
   AND ($3 = '' OR (m.create_time, m.id) < (timestamptz 'epoch' + $2::bigint * interval '1 microsecond', $3))
 ORDER BY m.create_time DESC, m.id DESC LIMIT $4::integer)sql";
  Page<Model> page;
  const auto read = [&](postgres::Transaction& tx) -> absl::Status {
    page = {};
    BF_ASSIGN_OR_RETURN(
        const postgres::Rows rows,
        tx.Query(SelectModels(false) + kWhere, {model_name, key.first, key.second, int64_t{page_size} + 1}));
    std::string last;
    for (const postgres::Row& row : rows) {
      if (page.items.size() == static_cast<size_t>(page_size)) {
        page.next = last;
        break;
      }
      BF_ASSIGN_OR_RETURN(Model model, ModelOf(row, false));
      last = fmt::format("{} {}", row.Int(kSpecColumnCount + kModelColumnCount - 1), model.id);
      page.items.push_back(std::move(model));
    }
    return Complete(tx, page.items);
  };
  BF_RETURN_IF_ERROR(database_.Transact(read, Reading(deadline)));
  return page;
}

}  // namespace breadthflow::training
