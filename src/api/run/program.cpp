#include "api/run/program.hpp"

namespace zs::api {

Program& program() {
  static Program* const the_program = std::make_unique<Program>().release();
  return *the_program;
}

}  // namespace zs::api
