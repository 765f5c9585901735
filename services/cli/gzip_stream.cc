#include "services/cli/gzip_stream.h"

#include <algorithm>

namespace breadthflow::cli {

GzipInput::GzipInput(const std::string& path) : file_(gzopen(path.c_str(), "rb")) {}

GzipInput::~GzipInput() {
  if (file_ != nullptr) gzclose(file_);
}

int64_t GzipInput::position() const { return file_ == nullptr ? 0 : gzoffset(file_); }

GzipInput::int_type GzipInput::underflow() {
  if (file_ == nullptr) return traits_type::eof();
  const int count = gzread(file_, buffer_.data(), static_cast<unsigned>(buffer_.size()));
  int state = Z_OK;
  gzerror(file_, &state);
  broken_ |= count < 0 || (state != Z_OK && state != Z_STREAM_END);
  if (count <= 0) return traits_type::eof();
  setg(buffer_.data(), buffer_.data(), buffer_.data() + count);
  return traits_type::to_int_type(buffer_[0]);
}

GzipOutput::GzipOutput(std::streambuf& to) : to_(to) {
  constexpr int kGzip = 16;  // beside the bits of the window: the format of the archive
  constexpr int kMemory = 8;
  good_ =
      deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip + MAX_WBITS, kMemory, Z_DEFAULT_STRATEGY) == Z_OK;
}

GzipOutput::~GzipOutput() { deflateEnd(&stream_); }

bool GzipOutput::Pack(const char* bytes, size_t count, int flush) {
  std::array<char, 1 << 16> packed;
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes));  // zlib only reads it
  stream_.avail_in = static_cast<uInt>(count);
  do {
    stream_.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream_.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream_, flush);
    const auto size = static_cast<std::streamsize>(packed.size() - stream_.avail_out);
    good_ = good_ && to_.sputn(packed.data(), size) == size;
  } while (good_ && stream_.avail_out == 0);
  return good_;
}

bool GzipOutput::Finish() { return good_ && Pack(nullptr, 0, Z_FINISH) && to_.pubsync() == 0; }

GzipOutput::int_type GzipOutput::overflow(int_type c) {
  if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
  const char byte = traits_type::to_char_type(c);
  return good_ && Pack(&byte, 1, Z_NO_FLUSH) ? c : traits_type::eof();
}

std::streamsize GzipOutput::xsputn(const char* bytes, std::streamsize count) {
  constexpr std::streamsize kMost = 1 << 30;  // that zlib takes at once
  std::streamsize done = 0;
  while (done < count) {
    const std::streamsize part = std::min(kMost, count - done);
    if (!good_ || !Pack(bytes + done, static_cast<size_t>(part), Z_NO_FLUSH)) break;
    done += part;
  }
  return done;
}

}  // namespace breadthflow::cli
