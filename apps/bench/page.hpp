#pragma once

#include <string>

#include "bench/report.hpp"

namespace zs::bench {

/// One self-contained HTML page: what must be reached and whether it is, and every chapter with its
/// plots and tables beside what the paper says.
std::string page_of(const Report& report);

/// Writes results.json, the plots and index.html into `folder`, which is made if it is missing.
/// False if that is not possible; `why` names the file.
bool write_report(const Report& report, const std::string& folder, std::string& why);

}  // namespace zs::bench
