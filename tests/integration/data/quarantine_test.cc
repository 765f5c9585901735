// Rows that no market can have made: kept apart, released, discarded. And what two sources say of one series.
#include <gmock/gmock.h>

#include "common/base/cancel.h"
#include "common/base/ids.h"
#include "services/data/app/reader.h"
#include "tests/integration/data/data_service_fixture.h"

namespace breadthflow::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

// Ten sessions; `close` is that of the sixth.
std::string Rows(double close, double high = 11) {
  std::string text;
  for (const int day : {3, 4, 5, 6, 9, 10, 11, 12, 13, 17}) {
    const bool sixth = day == 10;
    text += fmt::format("2017-01-{:02d},10,{},9,{},100\n", day, sixth ? high : 11, sixth ? close : 10.0);
  }
  return text;
}

class QuarantineTest : public DataServiceTest {
 protected:
  // A run of csv_file over the symbols, as the service shows it.
  v1::FetchRun Run(std::vector<std::string> symbols, v1::QualityGate gate = v1::QUALITY_GATE_UNSPECIFIED,
                   const std::string& calendar = "") {
    v1::CreateFetchRunRequest request;
    for (std::string& symbol : symbols) request.mutable_spec()->add_symbols(std::move(symbol));
    *request.mutable_spec()->mutable_range() = rpc::ToProto(Years(2017, 2018));
    request.mutable_spec()->mutable_source()->set_name("csv_file");
    (*request.mutable_spec()->mutable_source()->mutable_params())["path"].set_string_value(folder_.string());
    if (!calendar.empty()) {
      (*request.mutable_spec()->mutable_source()->mutable_params())["calendar"].set_string_value(calendar);
    }
    request.mutable_spec()->set_quality_gate(gate);
    const auto run = Call(&Stub::CreateFetchRun, request);
    EXPECT_THAT(run, IsOk());
    if (!run.ok()) return {};
    Watched(run->name());
    v1::GetFetchRunRequest get;
    get.set_name(run->name());
    return Call(&Stub::GetFetchRun, get).value();
  }

  // Id of the rows of BAD that a run keeps apart, the file holding a close of a hundred times the others.
  std::string KeepApart(double close = 1000) {
    WriteCsv("BAD", Rows(close, close + 1));
    const v1::FetchRun run = Run({"BAD"});
    EXPECT_EQ(run.results_size(), 1);
    return run.results_size() == 1 ? run.results(0).quarantine() : "";
  }

  absl::StatusOr<v1::Quarantine> Get(const std::string& name) {
    v1::GetQuarantineRequest request;
    request.set_name(name);
    return Call(&Stub::GetQuarantine, request);
  }

  absl::StatusOr<v1::Quarantine> Release(const std::string& name, const std::string& comment = "it was so") {
    v1::ReleaseQuarantineRequest request;
    request.set_name(name);
    request.set_comment(comment);
    return Call(&Stub::ReleaseQuarantine, request);
  }

  absl::StatusOr<v1::Quarantine> Discard(const std::string& name) {
    v1::DiscardQuarantineRequest request;
    request.set_name(name);
    return Call(&Stub::DiscardQuarantine, request);
  }

  int64_t Listed(v1::Quarantine::State state) {
    v1::ListQuarantinesRequest request;
    request.set_state(state);
    const auto page = Call(&Stub::ListQuarantines, request);
    EXPECT_THAT(page, IsOk());
    return page.ok() ? page->quarantines_size() : -1;
  }
};

TEST_F(QuarantineTest, ImpossibleRowsAreKeptApartAndTheOtherSymbolsGoOn) {
  WriteCsv("BAD", Rows(1000, 1001));
  WriteCsv("GOOD", Rows(10));
  const v1::FetchRun run = Run({"BAD", "GOOD"});
  ASSERT_EQ(run.results_size(), 2);
  EXPECT_EQ(run.job().state(), common::v1::JobStatus::STATE_SUCCEEDED);
  EXPECT_EQ(run.results(0).outcome(), v1::FetchResult::OUTCOME_FAILED);
  EXPECT_FALSE(run.results(0).retryable());
  EXPECT_THAT(rpc::FromProto(run.results(0).error()), StatusIs(absl::StatusCode::kFailedPrecondition, "QUARANTINED"));
  EXPECT_EQ(run.results(1).outcome(), v1::FetchResult::OUTCOME_OK);
  EXPECT_EQ(run.results(1).quarantine(), "");
  const auto kept = Get(run.results(0).quarantine());
  ASSERT_THAT(kept, IsOk());
  EXPECT_EQ(kept->state(), v1::Quarantine::STATE_HELD);
  EXPECT_EQ(kept->row_count(), 10);
  EXPECT_EQ(kept->origin(), run.name());
  EXPECT_EQ(kept->source(), "csv_file");
  std::vector<std::string> errors;
  for (const auto& finding : kept->findings()) {
    if (finding.severity() == v1::QualityFinding::SEVERITY_ERROR) errors.push_back(finding.check());
  }
  EXPECT_THAT(errors, ::testing::Contains("unit_mixups"));
  ASSERT_EQ(kept->proposals_size(), 2) << "high and close";
  EXPECT_EQ(kept->proposals(0).field(), "close");
  EXPECT_EQ(kept->proposals(0).proposed_value(), 10);

  // Nothing shows them.
  EXPECT_THAT(ReadOne("BAD"), StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  const auto series = Call(&Stub::ListSeries, v1::ListSeriesRequest());
  ASSERT_THAT(series, IsOk());
  ASSERT_EQ(series->series_size(), 1);
  EXPECT_EQ(series->series(0).key().symbol(), "GOOD");
  v1::CreateSnapshotRequest freeze;
  freeze.add_symbols("BAD");
  EXPECT_THAT(Call(&Stub::CreateSnapshot, freeze), StatusIs(absl::StatusCode::kNotFound));
}

// Ten days, the rows being those of working days: by themselves they do not tell a market that never closes.
TEST_F(QuarantineTest, TheGateJudgesASeriesByItsOwnCalendar) {
  WriteCsv("BAD", Rows(1000, 1001));
  const auto judged = [&](const std::string& calendar) {
    const v1::FetchRun run = Run({"BAD"}, v1::QUALITY_GATE_UNSPECIFIED, calendar);
    EXPECT_EQ(run.results_size(), 1);
    const auto kept = Get(run.results(0).quarantine());
    EXPECT_THAT(kept, IsOk());
    return kept.value_or(v1::Quarantine());
  };
  const auto checks = [](const v1::Quarantine& kept) {
    std::vector<std::string> names;
    for (const v1::QualityFinding& finding : kept.findings()) names.push_back(finding.check());
    return names;
  };
  EXPECT_EQ(judged("").expected_row_count(), 10) << "sessions of XNYS, which files are read by where nothing is said";
  const v1::Quarantine named = judged("24/7");
  EXPECT_EQ(named.expected_row_count(), 15) << "the fetch says what the series keeps";
  EXPECT_THAT(checks(named), ::testing::Not(::testing::Contains("session_times")));
}

// The first row of what came, a hundred beside the tens of the days before: alone nothing tells that it is odd.
TEST_F(QuarantineTest, TheFirstRowOfAnIncrementalFetchIsJudgedByWhatIsStored) {
  const auto fetch = [&](int first_day, int end_day) {
    clients::FetchSpec spec = Csv({"NEXT"});
    const auto instant = [](int day) { return quant::UtcInstant(absl::CivilSecond(2017, 1, day)); };
    spec.range = {instant(first_day), instant(end_day)};
    return Fetch(spec);
  };
  WriteCsv("NEXT", Rows(100, 101));
  ASSERT_EQ(fetch(1, 10).status.state, clients::RunState::kSucceeded);
  EXPECT_EQ(ReadOne("NEXT")->size(), 5u);
  EXPECT_EQ(fetch(10, 20).status.state, clients::RunState::kFailed);
  EXPECT_EQ(ReadOne("NEXT")->size(), 5u);
  v1::ListQuarantinesRequest all;
  const auto held = Call(&Stub::ListQuarantines, all);
  ASSERT_THAT(held, IsOk());
  ASSERT_EQ(held->quarantines_size(), 1);
  const v1::Quarantine kept = Get(held->quarantines(0).name()).value_or(v1::Quarantine());
  EXPECT_EQ(kept.row_count(), 5) << "only what came is kept apart";
  std::vector<std::string> beside;
  for (const v1::QualityFinding& finding : kept.findings()) {
    if (finding.message().find("beside what is stored") != std::string::npos) beside.push_back(finding.check());
  }
  EXPECT_THAT(beside, ElementsAre("unit_mixups"));
  // Released, the rows are the series; to come again changes nothing, so that nothing is read or judged again.
  ASSERT_THAT(Release(kept.name()), IsOk());
  EXPECT_EQ(ReadOne("NEXT")->size(), 10u);
  EXPECT_EQ(fetch(10, 20).status.state, clients::RunState::kSucceeded);
  // What goes on as it should passes.
  WriteCsv("NEXT", Rows(10));
  EXPECT_EQ(fetch(10, 20).status.state, clients::RunState::kSucceeded);
  EXPECT_EQ(ReadOne("NEXT")->Doubles("close")[5], 10);
}

TEST_F(QuarantineTest, ARunOfNothingElseFailsAndKeepsThemToo) {
  WriteCsv("BAD", Rows(1000, 1001));
  const v1::FetchRun run = Run({"BAD"});
  EXPECT_EQ(run.job().state(), common::v1::JobStatus::STATE_FAILED);
  ASSERT_EQ(run.results_size(), 1);
  EXPECT_THAT(Get(run.results(0).quarantine()), IsOk());
  EXPECT_EQ(Count("quarantine_chunk"), 1);
}

TEST_F(QuarantineTest, TheGateMayBeLeftOpen) {
  WriteCsv("BAD", Rows(1000, 1001));
  const v1::FetchRun run = Run({"BAD"}, v1::QUALITY_GATE_STORE);
  EXPECT_EQ(run.spec().quality_gate(), v1::QUALITY_GATE_STORE);
  ASSERT_EQ(run.results_size(), 1);
  EXPECT_EQ(run.results(0).outcome(), v1::FetchResult::OUTCOME_OK);
  EXPECT_EQ(Listed(v1::Quarantine::STATE_UNSPECIFIED), 0);
  EXPECT_THAT(ReadOne("BAD"), IsOk());
}

TEST_F(QuarantineTest, ReleasedRowsAreTheNextVersionOfTheirSeries) {
  WriteCsv("BAD", Rows(10));
  Run({"BAD"});
  const std::string name = KeepApart();
  EXPECT_THAT(Release(name, ""), StatusIs(absl::StatusCode::kInvalidArgument)) << "somebody must say why";
  EXPECT_THAT(Release(name, std::string(1001, 'x')), StatusIs(absl::StatusCode::kInvalidArgument));
  const auto released = Release(name);
  ASSERT_THAT(released, IsOk());
  EXPECT_EQ(released->state(), v1::Quarantine::STATE_RELEASED);
  EXPECT_EQ(released->comment(), "it was so");
  EXPECT_TRUE(released->has_resolve_time());
  const auto rows = ReadOne("BAD");
  ASSERT_THAT(rows, IsOk());
  EXPECT_EQ(rows->Doubles("close")[5], 1000);
  EXPECT_THAT(Release(name), StatusIs(absl::StatusCode::kFailedPrecondition, "QUARANTINE_RESOLVED"));
  EXPECT_THAT(Discard(name), StatusIs(absl::StatusCode::kFailedPrecondition, "QUARANTINE_RESOLVED"));
  EXPECT_EQ(Listed(v1::Quarantine::STATE_RELEASED), 1);
  EXPECT_EQ(Listed(v1::Quarantine::STATE_HELD), 0);
}

TEST_F(QuarantineTest, RowsThatWereReleasedPassWhenTheyComeAgain) {
  ASSERT_THAT(Release(KeepApart()), IsOk());
  v1::FetchRun run = Run({"BAD"});
  ASSERT_EQ(run.results_size(), 1);
  EXPECT_EQ(run.results(0).outcome(), v1::FetchResult::OUTCOME_OK);
  EXPECT_EQ(run.results(0).changed_row_count(), 0);
}

TEST_F(QuarantineTest, ASeriesThatMovedOnInTheMeantimeIsNotOverwritten) {
  const std::string name = KeepApart();
  WriteCsv("BAD", Rows(10.5));
  EXPECT_EQ(Run({"BAD"}).results(0).outcome(), v1::FetchResult::OUTCOME_OK);
  EXPECT_THAT(Release(name), StatusIs(absl::StatusCode::kAborted, "SERIES_MOVED"));
  EXPECT_EQ(Get(name)->state(), v1::Quarantine::STATE_HELD);
  EXPECT_TRUE(Get(name)->outdated());
  const auto rows = ReadOne("BAD");
  ASSERT_THAT(rows, IsOk());
  EXPECT_EQ(rows->Doubles("close")[5], 10.5);

  // Until they come again: then they stand for what would take the place of the rows there are now.
  EXPECT_EQ(KeepApart(), name);
  EXPECT_FALSE(Get(name)->outdated());
  ASSERT_THAT(Release(name), IsOk());
  EXPECT_EQ(ReadOne("BAD")->Doubles("close")[5], 1000);
}

TEST_F(QuarantineTest, TheSameRowsAreKeptOnceHoweverOftenTheyCome) {
  const std::string name = KeepApart();
  const std::string origin = Get(name)->origin();
  v1::FetchRun run;
  for (int i = 0; i < 2; ++i) run = Run({"BAD"});
  ASSERT_EQ(run.results_size(), 1);
  EXPECT_THAT(rpc::FromProto(run.results(0).error()), StatusIs(absl::StatusCode::kFailedPrecondition, "QUARANTINED"));
  EXPECT_EQ(run.results(0).quarantine(), name);
  EXPECT_EQ(run.results(0).quarantined_row_count(), 10);
  EXPECT_EQ(run.results(0).impossible_row_count(), 1);
  EXPECT_EQ(Listed(v1::Quarantine::STATE_UNSPECIFIED), 1);
  EXPECT_EQ(Count("quarantine_chunk"), 1);
  const auto kept = Get(name);
  EXPECT_EQ(kept->origin(), origin);
  EXPECT_EQ(kept->last_origin(), run.name());
  EXPECT_EQ(kept->arrival_count(), 3);
  EXPECT_NE(KeepApart(2000), name) << "other rows are another matter";
}

TEST_F(QuarantineTest, RowsThatWereDiscardedAreNotAskedAboutAgain) {
  const std::string name = KeepApart();
  v1::DiscardQuarantineRequest discard;
  discard.set_name(name);
  discard.set_comment("the exchange took it back");
  ASSERT_THAT(Call(&Stub::DiscardQuarantine, discard), IsOk());
  v1::FetchRun run = Run({"BAD"});
  ASSERT_EQ(run.results_size(), 1);
  EXPECT_EQ(run.results(0).outcome(), v1::FetchResult::OUTCOME_FAILED);
  const absl::Status error = rpc::FromProto(run.results(0).error());
  EXPECT_THAT(error, StatusIs(absl::StatusCode::kFailedPrecondition, "QUARANTINE_DISCARDED"));
  EXPECT_THAT(base::Message(error), HasSubstr(name));
  EXPECT_THAT(base::Message(error), HasSubstr("the exchange took it back"));
  EXPECT_THAT(base::Message(error), HasSubstr("(--quality-gate store)"));
  EXPECT_EQ(run.results(0).quarantine(), name);
  EXPECT_EQ(run.results(0).quarantined_row_count(), 0) << "none waits";
  EXPECT_EQ(Listed(v1::Quarantine::STATE_HELD), 0);
  EXPECT_EQ(Get(name)->arrival_count(), 1);
  // Who wants them all the same leaves the gate open.
  run = Run({"BAD"}, v1::QUALITY_GATE_STORE);
  EXPECT_EQ(run.results(0).outcome(), v1::FetchResult::OUTCOME_OK);
  EXPECT_EQ(run.results(0).impossible_row_count(), 1);
  EXPECT_THAT(run.results(0).notes(), ::testing::Contains(HasSubstr("unit_mixups")));
}

TEST_F(QuarantineTest, DiscardedRowsAreNeverSeen) {
  const std::string name = KeepApart();
  const auto discarded = Discard(name);
  ASSERT_THAT(discarded, IsOk());
  EXPECT_EQ(discarded->state(), v1::Quarantine::STATE_DISCARDED);
  EXPECT_THAT(ReadOne("BAD"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Release(name), StatusIs(absl::StatusCode::kFailedPrecondition, "QUARANTINE_RESOLVED"));
  EXPECT_THAT(Get("quarantines/none"), StatusIs(absl::StatusCode::kNotFound, "QUARANTINE_NOT_FOUND"));
  EXPECT_THAT(Discard("quarantines/none"), StatusIs(absl::StatusCode::kNotFound, "QUARANTINE_NOT_FOUND"));
}

TEST_F(QuarantineTest, ListsArePagedNewestFirst) {
  std::vector<std::string> made;
  for (int i = 0; i < 3; ++i) made.push_back(KeepApart(1000 + i));
  v1::ListQuarantinesRequest request;
  request.set_page_size(2);
  auto page = Call(&Stub::ListQuarantines, request);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->quarantines_size(), 2);
  EXPECT_EQ(page->quarantines(0).name(), made[2]);
  request.set_page_token(page->next_page_token());
  page = Call(&Stub::ListQuarantines, request);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->quarantines_size(), 1);
  EXPECT_EQ(page->quarantines(0).name(), made[0]);
  EXPECT_EQ(page->next_page_token(), "");
  request.set_state(v1::Quarantine::STATE_HELD);
  request.set_page_token("nonsense");
  EXPECT_THAT(Call(&Stub::ListQuarantines, request), StatusIs(absl::StatusCode::kInvalidArgument));
}

// What coverage, quality and quarantine say of one series, of which one of ten rows is impossible.
TEST_F(QuarantineTest, CoverageQualityAndQuarantineAgreeOnOneRowOfTen) {
  const auto covered = [&] {
    v1::ListCoverageRequest request;
    request.set_symbol("BAD");
    const auto all = Call(&Stub::ListCoverage, request);
    EXPECT_THAT(all, IsOk());
    EXPECT_EQ(all->coverage_size(), 1);
    return all->coverage_size() == 1 ? all->coverage(0) : v1::Coverage();
  };
  const auto quality = [&]() -> absl::StatusOr<v1::SeriesQuality> {
    v1::CreateSnapshotRequest freeze;
    freeze.add_symbols("BAD");
    const auto snapshot = Call(&Stub::CreateSnapshot, freeze);
    if (!snapshot.ok()) return snapshot.status();
    v1::GetQualityReportRequest get;
    get.set_name("qualityReports/" + snapshot->name().substr(snapshot->name().find('/') + 1));
    const auto report = Call(&Stub::GetQualityReport, get);
    if (!report.ok()) return report.status();
    return report->series(0);
  };
  const auto said = [](const auto& findings) {
    std::vector<std::string> all;
    for (const v1::QualityFinding& one : findings) all.push_back(one.ShortDebugString());
    return all;
  };

  // Held: asked, nothing stored, nothing to judge.
  const std::string name = KeepApart();
  EXPECT_EQ(covered().outcome(), v1::FetchResult::OUTCOME_FAILED);
  EXPECT_EQ(covered().row_count(), 0);
  EXPECT_THAT(base::Message(rpc::FromProto(covered().error())), HasSubstr(name));
  EXPECT_THAT(quality(), StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  EXPECT_EQ(Get(name)->row_count(), 10);
  EXPECT_EQ(Get(name)->expected_row_count(), 10);

  // Released: as if it had been stored at once; the report finds what the gate found.
  ASSERT_THAT(Release(name), IsOk());
  EXPECT_EQ(covered().outcome(), v1::FetchResult::OUTCOME_OK);
  EXPECT_EQ(covered().row_count(), 10);
  EXPECT_EQ(covered().fetch_run(), Get(name)->origin());
  EXPECT_FALSE(covered().has_error());
  auto report = quality();
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->row_count(), 10);
  EXPECT_EQ(said(report->findings()), said(Get(name)->findings()));

  // Corrected by the source: ten rows, and nothing impossible.
  WriteCsv("BAD", Rows(10));
  Run({"BAD"});
  EXPECT_EQ(covered().row_count(), 10);
  EXPECT_EQ(quality()->row_count(), 10);
  const std::vector<std::string> clean = said(quality()->findings());
  EXPECT_THAT(clean, ::testing::Not(::testing::Contains(HasSubstr("unit_mixups"))));

  // Wrong again and given up: what is stored stays, and so does what is said of it.
  const std::string again = KeepApart(3000);
  EXPECT_EQ(covered().outcome(), v1::FetchResult::OUTCOME_OK) << "the rows of before are stored";
  ASSERT_THAT(Discard(again), IsOk());
  EXPECT_EQ(covered().outcome(), v1::FetchResult::OUTCOME_OK);
  EXPECT_EQ(covered().row_count(), 10);
  EXPECT_EQ(said(quality()->findings()), clean);

  // The source has the row no more.
  WriteCsv("BAD", Rows(10).substr(Rows(10).find('\n') + 1));
  Run({"BAD"});
  EXPECT_EQ(covered().row_count(), 9);
  EXPECT_EQ(quality()->row_count(), 9);
}

TEST_F(QuarantineTest, WhatWasGivenUpIsCoveredAsThat) {
  const std::string name = KeepApart();
  ASSERT_THAT(Discard(name), IsOk());
  v1::ListCoverageRequest request;
  request.set_symbol("BAD");
  const auto all = Call(&Stub::ListCoverage, request);
  ASSERT_THAT(all, IsOk());
  ASSERT_EQ(all->coverage_size(), 1);
  EXPECT_THAT(rpc::FromProto(all->coverage(0).error()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "QUARANTINE_DISCARDED"));
}

// Reports are of snapshots; what two files say of one symbol, under two names.
TEST_F(QuarantineTest, AReportComparesTheSourcesOfASeries) {
  WriteCsv("TWO", Rows(10));
  Run({"TWO"});
  const auto judged = [&](const std::string& asset_class = "",
                          bool whole = false) -> absl::StatusOr<v1::QualityReport> {
    v1::CreateSnapshotRequest freeze;
    freeze.add_symbols("TWO");
    freeze.set_source("csv_file");
    *freeze.mutable_range() = rpc::ToProto(Years(2016, 2018));
    const auto snapshot = Call(&Stub::CreateSnapshot, freeze);
    if (!snapshot.ok()) return snapshot.status();
    v1::GetQualityReportRequest get;
    get.set_name("qualityReports/" + snapshot->name().substr(snapshot->name().find('/') + 1));
    get.set_asset_class(asset_class);
    get.set_expect_whole_range(whole);
    return Call(&Stub::GetQualityReport, get);
  };
  const auto of = [](const v1::QualityReport& report, const std::string& check) {
    for (const v1::QualityFinding& finding : report.series(0).findings()) {
      if (finding.check() == check) return finding;
    }
    return v1::QualityFinding();
  };
  auto report = judged();
  ASSERT_THAT(report, IsOk());
  ASSERT_EQ(report->series_size(), 1);
  EXPECT_EQ(report->series(0).compared_sources_size(), 0) << "one source";
  EXPECT_EQ(report->series(0).asset_class(), "equity");
  EXPECT_EQ(report->series(0).asset_class_reason(), "the calendar XNYS");
  // The run asked for 2017; the snapshot for 2016 too.
  EXPECT_EQ(of(*report, "asked_range").severity(), v1::QualityFinding::SEVERITY_WARNING);
  EXPECT_EQ(Count("quality_report"), 1);

  report = judged("crypto", true);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->series(0).asset_class(), "crypto");
  EXPECT_EQ(report->series(0).asset_class_reason(), "as was said");
  EXPECT_EQ(of(*report, "completeness").severity(), v1::QualityFinding::SEVERITY_ERROR);
  EXPECT_FALSE(report->passed());
  EXPECT_EQ(Count("quality_report"), 1) << "only the plain one is kept";
  EXPECT_THAT(judged("bond"), StatusIs(absl::StatusCode::kInvalidArgument));

  // What is made up is no second opinion; another real source is.
  Fetch(Simulated({"TWO"}, Years(2017, 2018)));
  EXPECT_EQ(judged()->series(0).compared_sources_size(), 0);
  quant::Series other = *ReadOne("TWO", {.source = "csv_file"});
  for (quant::Column& column : other.columns) {
    if (column.name == "high") std::get<std::vector<double>>(column.values)[5] = 13;
  }
  other.key.variant = "second";
  SeriesStore store(*database_);
  ASSERT_THAT(store.chunks().Put(other), IsOk());
  report = judged();
  ASSERT_THAT(report, IsOk());
  ASSERT_EQ(report->series(0).compared_sources_size(), 1);
  EXPECT_EQ(report->series(0).compared_sources(0), "second");
  const v1::QualityFinding found = of(*report, "cross_source");
  EXPECT_EQ(found.affected_row_count(), 1);
  EXPECT_DOUBLE_EQ(found.affected_share(), 0.1);
  EXPECT_EQ(found.severity(), v1::QualityFinding::SEVERITY_ERROR) << "one row of ten";
  EXPECT_THAT(report->recommendations(), ::testing::Contains(HasSubstr("cross_source (TWO)")));
}

TEST_F(QuarantineTest, SnapshotsAndReportsStopWhenTheirCallerDoes) {
  WriteCsv("ONE", Rows(10));
  Run({"ONE"});
  v1::CreateSnapshotRequest freeze;
  freeze.add_symbols("ONE");
  const auto snapshot = Call(&Stub::CreateSnapshot, freeze);
  ASSERT_THAT(snapshot, IsOk());
  const std::string id = snapshot->name().substr(snapshot->name().find('/') + 1);
  ResourceStore resources(*database_);
  SeriesStore series(*database_);
  CoverageStore coverage(*database_);
  SnapshotStore snapshots(*database_);
  Reader reader(*database_, resources, series, coverage, snapshots, clock_);
  SnapshotSpec spec;
  spec.symbols = {"ONE"};
  for (const auto& [reason, code] : {std::pair(base::CancelReason::kCancelled, absl::StatusCode::kCancelled),
                                     std::pair(base::CancelReason::kDeadline, absl::StatusCode::kDeadlineExceeded)}) {
    const base::CancelToken gone;
    gone.Cancel(reason);
    EXPECT_EQ(reader.GetReport({.snapshot = id}, absl::InfiniteFuture(), gone).status().code(), code);
    EXPECT_EQ(reader.CreateSnapshot(spec, {}, gone).status().code(), code);
  }
  EXPECT_EQ(Count("quality_report"), 0);
  EXPECT_EQ(Count("snapshot"), 1);
}

TEST_F(QuarantineTest, TwoSourcesAreComparedRowByRow) {
  WriteCsv("TWO", Rows(10));
  Run({"TWO"});
  v1::ReconcileSourcesRequest request;
  request.add_symbols("TWO");
  request.set_source("csv_file");
  request.set_other_source("simulated");
  EXPECT_THAT(Call(&Stub::ReconcileSources, request), StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  Fetch(Simulated({"TWO"}, Years(2017, 2018)));
  const auto compared = Call(&Stub::ReconcileSources, request);
  ASSERT_THAT(compared, IsOk());
  EXPECT_FALSE(compared->agrees());
  ASSERT_EQ(compared->series_size(), 1);
  EXPECT_EQ(compared->series(0).common_row_count(), 10);
  EXPECT_EQ(compared->series(0).only_row_count(), 0);
  EXPECT_GT(compared->series(0).only_other_row_count(), 200);
  EXPECT_EQ(compared->series(0).unmatched_times_size(), 10);
  request.set_tolerance(1);
  EXPECT_TRUE(Call(&Stub::ReconcileSources, request)->agrees());
  request.set_other_source("csv_file");
  request.set_tolerance(-1);
  request.add_fields("colour");
  const auto wrong = Call(&Stub::ReconcileSources, request);
  ASSERT_THAT(wrong, StatusIs(absl::StatusCode::kInvalidArgument));
  std::vector<std::string> fields;
  for (const auto& violation : base::DetailsOf(wrong.status()).violations) fields.push_back(violation.field);
  EXPECT_THAT(fields, ElementsAre("other_source", "tolerance", "fields[0]"));
}

}  // namespace
}  // namespace breadthflow::data
