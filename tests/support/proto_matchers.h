#pragma once

#include <string>

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>

namespace breadthflow::testing {

// Equal to a message, or to one in text format: EXPECT_THAT(response, EqualsProto(R"pb(name: "runs/1")pb")).
MATCHER_P(EqualsProto, expected, "equals the message") {
  using Message = std::decay_t<decltype(arg)>;
  Message message;
  if constexpr (std::is_convertible_v<decltype(expected), std::string>) {
    if (!google::protobuf::TextFormat::ParseFromString(expected, &message)) {
      *result_listener << "the expected text does not parse as " << message.GetTypeName();
      return false;
    }
  } else {
    message.CopyFrom(expected);
  }
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  const bool equal = differencer.Compare(message, arg);
  *result_listener << (equal ? arg.ShortDebugString() : "which differs: " + difference);
  return equal;
}

}  // namespace breadthflow::testing
