#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/time/time.h"

namespace breadthflow::postgres {

// A bytea parameter; everything else in a std::string is text.
struct Bytes {
  std::string data;
};

// One statement parameter. absl::Time is sent as timestamptz and is exact to the microsecond (rounded down);
// InfiniteFuture and InfinitePast are 'infinity' and '-infinity'. Lists go as text: see TextArray and IntArray.
using Param = std::variant<std::nullptr_t, int64_t, double, bool, std::string, absl::Time, Bytes>;

// PostgreSQL array literals for `$1::text[]` and `$1::bigint[]`.
std::string TextArray(const std::vector<std::string>& values);
std::string IntArray(const std::vector<int64_t>& values);

// One row of a result. Columns count from 0. Reading a column as a type that it does not hold, reading NULL as anything
// but IsNull or Text (which gives ""), and an index out of range are programming errors: they end the transaction with
// INTERNAL, and the value read is zero or empty. A Row keeps its result alive and may outlive the transaction.
class Row {
 public:
  int size() const;
  bool IsNull(int column) const;
  std::string Text(int column) const;
  int64_t Int(int column) const;
  double Double(int column) const;
  bool Bool(int column) const;
  absl::Time Time(int column) const;    // timestamptz
  std::string Bytes(int column) const;  // bytea

 private:
  friend class Rows;
  friend class Transaction;
  struct Result;
  Row(std::shared_ptr<const Result> result, size_t index) : result_(std::move(result)), index_(index) {}
  std::string_view Field(int column) const;

  std::shared_ptr<const Result> result_;
  size_t index_ = 0;
};

// All rows of one statement, in memory.
class Rows {
 public:
  class Iterator {
   public:
    using difference_type = std::ptrdiff_t;
    using value_type = Row;
    Iterator(const Rows* rows, size_t index) : rows_(rows), index_(index) {}
    Row operator*() const { return (*rows_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const Rows* rows_;
    size_t index_;
  };

  Rows() = default;
  size_t size() const;
  bool empty() const { return size() == 0; }
  Row operator[](size_t index) const { return Row(result_, index); }
  Iterator begin() const { return Iterator(this, 0); }
  Iterator end() const { return Iterator(this, size()); }

 private:
  friend class Transaction;
  explicit Rows(std::shared_ptr<const Row::Result> result) : result_(std::move(result)) {}
  std::shared_ptr<const Row::Result> result_;
};

}  // namespace breadthflow::postgres
