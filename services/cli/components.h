#pragma once

#include "breadthflow/common/v1/component.pb.h"

#include "services/cli/printer.h"

namespace breadthflow::cli {

// What a component is and the parameters it accepts.
void ShowComponent(Printer& out, const common::v1::ComponentInfo& info);

// The first sentence of a description.
std::string FirstSentence(const std::string& text);

// "14 in [2, 500] bars": default, range or choices, and unit of one parameter.
std::string DescribeParam(const common::v1::ParamSpec& spec);

}  // namespace breadthflow::cli
