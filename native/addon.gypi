# What both addons of ../binding.gyp share.
{
  "include_dirs": [".", "<!(node -p \"require('node-addon-api').include_dir\")"],
  "defines": [
    "NAPI_VERSION=9",
    "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS",
    "NODE_ADDON_API_DISABLE_DEPRECATED",
    "NODE_ADDON_API_REQUIRE_BASIC_FINALIZERS",
    # A worker that is being terminated refuses to make objects, and takes no exception: that ends no process.
    "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"
  ],
  "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-exceptions", "-fno-rtti"],
  "cflags_cc": [
    "-std=c++20",
    "-fvisibility=hidden",
    "-fvisibility-inlines-hidden"
  ],
  "conditions": [
    [
      "native_dtls_strict==1",
      {
        "cflags!": ["-Wno-unused-parameter"],
        "cflags_cc": [
          "-Wpedantic",
          "-Wshadow",
          "-Werror",
          # Not ours: named as system headers too, so that they do not warn. The compiler runs in build/.
          "-isystem<(node_root_dir)/include/node",
          "-isystem<!(node -p \"require('path').relative('build', require('node-addon-api').include_dir)\")"
        ]
      }
    ],
    [
      # Two loaded copies of the addon would share unique symbols; clang makes none and has no such option.
      "OS==\"linux\" and native_dtls_clang==0",
      { "cflags_cc": ["-fno-gnu-unique"] }
    ],
    [
      "OS==\"mac\"",
      {
        "xcode_settings": {
          "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
          "CLANG_CXX_LIBRARY": "libc++",
          "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
          "GCC_ENABLE_CPP_RTTI": "YES",
          "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
          "MACOSX_DEPLOYMENT_TARGET": "11.0"
        }
      }
    ],
    [
      "OS==\"win\"",
      {
        "defines": ["NOMINMAX", "WIN32_LEAN_AND_MEAN"],
        "msvs_settings": {
          "VCCLCompilerTool": {
            "AdditionalOptions!": ["-std:c++17", "/std:c++17"],
            "AdditionalOptions": ["/std:c++20"],
            "ExceptionHandling": 1,
            "RuntimeTypeInfo": "true",
            "WarningLevel": 4
          }
        }
      }
    ]
  ]
}
