// Servers that want to fill our memory or are not who they say.
#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>
#include <zlib.h>

#include "common/base/status.h"
#include "common/http/curl_http_client.h"
#include "tests/support/loopback_listener.h"
#include "tests/support/matchers.h"
#include "tests/support/scale.h"
#include "tests/support/upstream_server.h"

namespace breadthflow::http {
namespace {

using breadthflow::testing::Fault;
using breadthflow::testing::IsOk;
using breadthflow::testing::LoopbackListener;
using breadthflow::testing::StatusIs;
using breadthflow::testing::UpstreamServer;

// The most memory that this process had so far, in MiB.
int64_t PeakMegabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("VmHWM:")) continue;
    return std::stoll(line.substr(6)) / 1024;
  }
  return 0;
}

std::string GzipOfZeros(size_t megabytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out;
  std::array<Bytef, 1 << 16> piece{};
  std::string zeros(1 << 20, '\0');
  for (size_t i = 0; i <= megabytes; ++i) {
    stream.next_in = reinterpret_cast<Bytef*>(zeros.data());
    stream.avail_in = i == megabytes ? 0 : static_cast<uInt>(zeros.size());
    do {
      stream.next_out = piece.data();
      stream.avail_out = piece.size();
      deflate(&stream, i == megabytes ? Z_FINISH : Z_NO_FLUSH);
      out.append(reinterpret_cast<const char*>(piece.data()), piece.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  }
  deflateEnd(&stream);
  return out;
}

// Of a gigabyte; four times as much, under a sanitizer, is still far below.
constexpr int64_t kMostMegabytes = breadthflow::testing::SeenMemory(80);
static_assert(kMostMegabytes <= 320);

TEST(HostileServer, AFewBytesThatUnpackToAGigabyteEndAtTheLimit) {
  const std::string bomb = GzipOfZeros(1024);
  ASSERT_LT(bomb.size(), size_t{2} << 20);
  UpstreamServer server([&](const std::string&) {
    return UpstreamServer::Answer{Fault::kNone, bomb, "Content-Encoding: gzip\r\n"};
  });
  const int64_t before = PeakMegabytes();
  const absl::Time begin = absl::Now();
  EXPECT_THAT(MakeCurlHttpClient({.allow_plain_http = true})->Send({.url = server.Url()}),
              StatusIs(absl::StatusCode::kResourceExhausted, "BODY_TOO_LARGE"));
  EXPECT_LE(absl::Now() - begin, absl::Seconds(30));
  EXPECT_LE(PeakMegabytes() - before, kMostMegabytes);
}

TEST(HostileServer, ABodyWithoutEndEndsAtTheLimit) {
  UpstreamServer server([](const std::string&) { return UpstreamServer::Answer{Fault::kEndless, ""}; });
  const int64_t before = PeakMegabytes();
  EXPECT_THAT(MakeCurlHttpClient({.allow_plain_http = true})->Send({.url = server.Url()}),
              StatusIs(absl::StatusCode::kResourceExhausted, "BODY_TOO_LARGE"));
  EXPECT_LE(PeakMegabytes() - before, kMostMegabytes);
}

// Answers over TLS with a certificate of its own for `name`.
class TlsServer {
 public:
  explicit TlsServer(const std::string& name)
      : certificate_file_(fmt::format("{}/{}-{}.pem", ::testing::TempDir(), name, getpid())) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1,
                               -1, 0);
    X509_set_issuer_name(certificate, subject);
    const std::string names = "IP:" + name;
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    EXPECT_GT(X509_sign(certificate, key, EVP_sha256()), 0);
    FILE* file = fopen(certificate_file_.c_str(), "w");
    PEM_write_X509(file, certificate);
    fclose(file);
    context_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context_, certificate);
    SSL_CTX_use_PrivateKey(context_, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    listener_ = std::make_unique<LoopbackListener>([this](int connection) { Serve(connection); });
  }
  ~TlsServer() {
    listener_.reset();
    SSL_CTX_free(context_);
    std::remove(certificate_file_.c_str());
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  std::string Url() const { return fmt::format("https://127.0.0.1:{}/", listener_->port()); }
  const std::string& certificate_file() const { return certificate_file_; }

 private:
  void Serve(int connection) {
    SSL* tls = SSL_new(context_);
    SSL_set_fd(tls, connection);
    std::array<char, 4096> request{};
    if (SSL_accept(tls) == 1 && SSL_read(tls, request.data(), request.size()) > 0) {
      constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
      SSL_write(tls, kAnswer.data(), kAnswer.size());
      SSL_shutdown(tls);
    }
    SSL_free(tls);
  }

  std::string certificate_file_;
  SSL_CTX* context_ = nullptr;
  std::unique_ptr<LoopbackListener> listener_;
};

TEST(HostileServer, OnlyACertificateThatIsTrustedAndNamesTheHostWillDo) {
  TlsServer right("127.0.0.1");
  TlsServer other("192.0.2.1");
  const auto trusting = MakeCurlHttpClient({.ca_file = right.certificate_file()});
  const auto response = trusting->Send({.url = right.Url()});
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->body, "ok");
  EXPECT_THAT(MakeCurlHttpClient()->Send({.url = right.Url()}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "TLS_NOT_TRUSTED"))
      << "signed by itself";
  EXPECT_THAT(MakeCurlHttpClient({.ca_file = other.certificate_file()})->Send({.url = other.Url()}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "TLS_NOT_TRUSTED"))
      << "of another host";
}

}  // namespace
}  // namespace breadthflow::http
