#pragma once

#include <array>
#include <cstdint>
#include <streambuf>
#include <string>

#include <zlib.h>

namespace breadthflow::cli {

// The bytes of a file; those of a gzip archive (by its magic number, several members too) unpacked.
class GzipInput final : public std::streambuf {
 public:
  explicit GzipInput(const std::string& path);
  ~GzipInput() override;
  GzipInput(const GzipInput&) = delete;
  GzipInput& operator=(const GzipInput&) = delete;

  bool opened() const { return file_ != nullptr; }
  // The bytes ended because no more could be read: a damaged archive or one that is cut off, or an error of the disk.
  bool broken() const { return broken_; }
  // Bytes of the file that were read so far, packed as they are.
  int64_t position() const;

 protected:
  int_type underflow() override;

 private:
  gzFile file_;
  bool broken_ = false;
  std::array<char, 1 << 16> buffer_;
};

// Packs what is written into one gzip member, the same bytes for the same input. `to` must outlive it.
class GzipOutput final : public std::streambuf {
 public:
  explicit GzipOutput(std::streambuf& to);
  ~GzipOutput() override;
  GzipOutput(const GzipOutput&) = delete;
  GzipOutput& operator=(const GzipOutput&) = delete;

  // Writes the end of the archive. False when something could not be written.
  bool Finish();

 protected:
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* bytes, std::streamsize count) override;

 private:
  bool Pack(const char* bytes, size_t count, int flush);

  std::streambuf& to_;
  z_stream stream_{};
  bool good_ = false;
};

}  // namespace breadthflow::cli
