# cmake -DOUT=file.cc -DNAMESPACE=a::b -DDIR=folder -P embed_migrations.cmake: writes the folder's NNNN_name.sql as C++.
file(GLOB files ${DIR}/*.sql)
list(SORT files COMPARE NATURAL)
set(body "")
foreach(file ${files})
  get_filename_component(stem ${file} NAME_WE)
  if(NOT stem MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)$")
    message(FATAL_ERROR "${file}: a migration is named NNNN_name.sql")
  endif()
  string(REGEX REPLACE "^0*([0-9]+)$" "\\1" number ${CMAKE_MATCH_1})
  set(name ${CMAKE_MATCH_2})
  file(READ ${file} sql)
  string(APPEND body "      {${number}, \"${name}\", R\"bf_sql(${sql})bf_sql\"},\n")
endforeach()
file(WRITE ${OUT}.new "// Generated from ${DIR}.
#include <vector>

#include \"common/postgres/migrate.h\"

namespace ${NAMESPACE} {
const std::vector<breadthflow::postgres::Migration>& Migrations();
const std::vector<breadthflow::postgres::Migration>& Migrations() {
  static const auto* all = new std::vector<breadthflow::postgres::Migration>{
${body}  };
  return *all;
}
}  // namespace ${NAMESPACE}
")
file(RENAME ${OUT}.new ${OUT})
