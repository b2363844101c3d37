// The one place where Node-API comes in, so that its configuration is the same everywhere (binding.gyp and
// CMakeLists.txt define it).
#pragma once

#include <napi.h>
