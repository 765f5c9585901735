#include "common/quant/model/artefact.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

#include <fmt/format.h>

#include "common/base/hash.h"
#include "common/base/status.h"

namespace breadthflow::quant {
namespace {

constexpr std::string_view kMagic = "BFMODEL\n";
constexpr uint32_t kVersion = 1;
constexpr size_t kHashBytes = 32;
constexpr size_t kNodeBytes = 12;

static_assert(std::endian::native == std::endian::little, "the format is little-endian and copied as it is");

absl::Status Bad(std::string_view what) {
  return base::MakeError(absl::StatusCode::kDataLoss, "BAD_ARTEFACT", fmt::format("model artefact: {}", what));
}

class Writer {
 public:
  template <typename T>
  void Number(T value) {
    static_assert(std::is_arithmetic_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void Text(std::string_view text) {
    Number(static_cast<uint32_t>(text.size()));
    bytes_.append(text);
  }
  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

// After the first failure every read gives zero or nothing, so that callers check once per step.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
  T Number() {
    T value{};
    if (rest_.size() < sizeof(T)) {
      failed_ = true;
      rest_ = {};
      return value;
    }
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  std::string Text() {
    const size_t size = Count(1);
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }
  // A count of things of at least `each` bytes; fails when they can not be there, so that nobody allocates for them.
  size_t Count(size_t each) {
    const size_t count = Number<uint32_t>();
    if (count > rest_.size() / each) {
      failed_ = true;
      rest_ = {};
      return 0;
    }
    return count;
  }
  bool failed() const { return failed_; }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

Trees ReadTrees(Reader& reader) {
  Trees trees;
  trees.first.resize(reader.Count(sizeof(uint32_t)));
  for (uint32_t& first : trees.first) first = reader.Number<uint32_t>();
  trees.nodes.resize(reader.Count(kNodeBytes));
  for (TreeNode& node : trees.nodes) {
    node.value = reader.Number<float>();
    node.left = reader.Number<uint32_t>();
    node.feature = reader.Number<uint16_t>();
    node.default_left = reader.Number<uint16_t>();
  }
  return trees;
}

absl::Status ReadMetadata(Reader& reader, std::map<std::string, std::string>& metadata) {
  const size_t entries = reader.Count(2 * sizeof(uint32_t));
  for (size_t i = 0; i < entries; ++i) {
    std::string key = reader.Text();
    std::string value = reader.Text();
    if (!metadata.empty() && key <= metadata.rbegin()->first) return Bad("metadata keys are not ascending");
    metadata.emplace_hint(metadata.end(), std::move(key), std::move(value));
  }
  return absl::OkStatus();
}

absl::Status CheckTree(const Trees& trees, size_t begin, size_t end, size_t columns) {
  for (size_t at = begin; at < end; ++at) {
    const TreeNode& node = trees.nodes[at];
    if (!std::isfinite(node.value)) return Bad(fmt::format("node {} has a value that is not finite", at));
    const size_t position = at - begin;
    if (node.left == 0) {
      if (node.feature != 0 || node.default_left != 0) return Bad(fmt::format("node {} is a leaf with a split", at));
      continue;
    }
    if (node.left <= position || size_t{node.left} + 1 >= end - begin)
      return Bad(fmt::format("node {} has children outside its tree or before itself", at));
    if (node.feature >= columns)
      return Bad(fmt::format("node {} asks for feature {} of {}", at, node.feature, columns));
    if (node.default_left > 1) return Bad(fmt::format("node {} has no default side", at));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckArtefact(const Artefact& artefact) {
  const Trees& trees = artefact.trees;
  if (artefact.columns.empty() || artefact.columns.size() > UINT16_MAX)
    return Bad(fmt::format("columns must be 1 to {}, were {}", UINT16_MAX, artefact.columns.size()));
  if (trees.first.empty() || trees.first.front() != 0) return Bad("there is no first tree");
  if (artefact.objective != Objective::kBinaryLogistic) return Bad("unknown objective");
  if (!std::isfinite(artefact.base_margin)) return Bad("the base margin is not finite");
  if (artefact.valid_from_ns <= artefact.cut_off_ns) return Bad("valid from a time that training has seen");
  for (size_t i = 0; i < trees.first.size(); ++i) {
    const size_t begin = trees.first[i];
    const size_t end = i + 1 < trees.first.size() ? trees.first[i + 1] : trees.nodes.size();
    if (begin >= end || end > trees.nodes.size()) return Bad(fmt::format("tree {} is empty or out of order", i));
    BF_RETURN_IF_ERROR(CheckTree(trees, begin, end, artefact.columns.size()));
  }
  return absl::OkStatus();
}

std::string EncodeArtefact(const Artefact& artefact) {
  Writer out;
  out.bytes().append(kMagic);
  out.Number(kVersion);
  out.Text(artefact.model_type);
  out.Text(artefact.feature_set);
  out.Text(artefact.schema_hash);
  out.Number(static_cast<uint32_t>(artefact.columns.size()));
  for (const std::string& column : artefact.columns) out.Text(column);
  out.Number(static_cast<uint8_t>(artefact.objective));
  out.Number(artefact.base_margin);
  out.Number(static_cast<uint32_t>(artefact.trees.first.size()));
  for (uint32_t first : artefact.trees.first) out.Number(first);
  out.Number(static_cast<uint32_t>(artefact.trees.nodes.size()));
  for (const TreeNode& node : artefact.trees.nodes) {
    out.Number(node.value);
    out.Number(node.left);
    out.Number(node.feature);
    out.Number(node.default_left);
  }
  out.Number(artefact.cut_off_ns);
  out.Number(artefact.valid_from_ns);
  out.Number(static_cast<uint32_t>(artefact.metadata.size()));
  for (const auto& [key, value] : artefact.metadata) {
    out.Text(key);
    out.Text(value);
  }
  const base::Sha256Digest digest = base::Sha256Of(out.bytes());
  out.bytes().append(reinterpret_cast<const char*>(digest.data()), digest.size());
  return std::move(out.bytes());
}

absl::StatusOr<Artefact> DecodeArtefact(std::string_view bytes) {
  if (bytes.size() < kMagic.size() + sizeof(kVersion) + kHashBytes || !bytes.starts_with(kMagic))
    return Bad("not a model, or cut short");
  const std::string_view body = bytes.substr(0, bytes.size() - kHashBytes);
  const base::Sha256Digest digest = base::Sha256Of(body);
  if (std::memcmp(digest.data(), bytes.data() + body.size(), kHashBytes) != 0)
    return Bad("the bytes do not have the hash written at their end");
  Reader reader(body.substr(kMagic.size()));
  if (const uint32_t version = reader.Number<uint32_t>(); version != kVersion)
    return base::MakeError(absl::StatusCode::kUnimplemented, "ARTEFACT_VERSION",
                           fmt::format("model artefact: format version {}, this build reads {}", version, kVersion));
  Artefact artefact;
  artefact.model_type = reader.Text();
  artefact.feature_set = reader.Text();
  artefact.schema_hash = reader.Text();
  artefact.columns.resize(reader.Count(sizeof(uint32_t)));
  for (std::string& column : artefact.columns) column = reader.Text();
  artefact.objective = static_cast<Objective>(reader.Number<uint8_t>());
  artefact.base_margin = reader.Number<float>();
  artefact.trees = ReadTrees(reader);
  artefact.cut_off_ns = reader.Number<int64_t>();
  artefact.valid_from_ns = reader.Number<int64_t>();
  BF_RETURN_IF_ERROR(ReadMetadata(reader, artefact.metadata));
  if (reader.failed()) return Bad("cut short");
  if (!reader.empty()) return Bad("bytes left over");
  BF_RETURN_IF_ERROR(CheckArtefact(artefact));
  return artefact;
}

}  // namespace breadthflow::quant
