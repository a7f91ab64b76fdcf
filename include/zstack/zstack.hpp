#pragma once

#include <zstack/data.hpp>
#include <zstack/stack.hpp>
#include <zstack/version.hpp>
