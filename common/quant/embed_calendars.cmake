# cmake -DOUT=file.cc -DDIR=folder -P embed_calendars.cmake: writes the folder's <calendar>.txt as tables of C++. A line
# that is not understood, or is not after the one before, ends the build.
file(GLOB files ${DIR}/*.txt)
list(SORT files)
set(tables "")
set(choices "")
foreach(file ${files})
  get_filename_component(stem ${file} NAME_WE)
  set(rows "")
  set(last "")
  file(STRINGS ${file} lines)
  foreach(line IN LISTS lines)
    if(line MATCHES "^#" OR line STREQUAL "")
      continue()
    endif()
    if(NOT line MATCHES "^(([12][0-9][0-9][0-9])-([01][0-9])-([0-3][0-9])) (closed|([0-2][0-9]):([0-5][0-9])-([0-2][0-9]):([0-5][0-9])) [^ ]")
      message(FATAL_ERROR "${file}: expected 'YYYY-MM-DD closed why' or 'YYYY-MM-DD HH:MM-HH:MM why', found '${line}'")
    endif()
    if(NOT CMAKE_MATCH_1 STRGREATER last)
      message(FATAL_ERROR "${file}: ${CMAKE_MATCH_1} must follow ${last}")
    endif()
    set(last ${CMAKE_MATCH_1})
    math(EXPR year "1${CMAKE_MATCH_2} - 10000")
    math(EXPR month "1${CMAKE_MATCH_3} - 100")
    math(EXPR day "1${CMAKE_MATCH_4} - 100")
    if(CMAKE_MATCH_5 STREQUAL "closed")
      string(APPEND rows "    {${year}, ${month}, ${day}, true, {}},\n")
    else()
      math(EXPR open "(1${CMAKE_MATCH_6} - 100) * 60 + 1${CMAKE_MATCH_7} - 100")
      math(EXPR close "(1${CMAKE_MATCH_8} - 100) * 60 + 1${CMAKE_MATCH_9} - 100")
      string(APPEND rows "    {${year}, ${month}, ${day}, false, {${open}, ${close}}},\n")
    endif()
  endforeach()
  string(APPEND tables "constexpr CalendarException k_${stem}[] = {\n${rows}};\n")
  string(APPEND choices "  if (calendar == \"${stem}\") return k_${stem};\n")
endforeach()
file(WRITE ${OUT}.new "// Generated from ${DIR}.
#include \"common/quant/calendar_rules.h\"

namespace breadthflow::quant {
namespace {
${tables}}  // namespace

std::span<const CalendarException> CalendarExceptions(std::string_view calendar) {
${choices}  return {};
}
}  // namespace breadthflow::quant
")
file(RENAME ${OUT}.new ${OUT})
