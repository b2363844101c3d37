# What users build. The developers' build is native/CMakeLists.txt; both read native/sources.txt.
{
  "variables": {
    # Warnings are errors in the repository only (the package has no tsconfig.json): a new compiler's must not break an installation.
    "native_dtls_strict%": "<!(node -p \"Number(require('fs').existsSync('tsconfig.json'))\")",
    "native_dtls_clang%": "<!(node -p \"Number(/clang/.test(require('child_process').spawnSync((process.env.CXX || 'g++') + ' --version', { shell: true }).stdout))\")",
    # Set by scripts/build-native.mjs --with-tests: the package does not even have the sources.
    "native_dtls_tests%": "<!(node -p \"Number(process.env.NATIVE_DTLS_TESTS == 1)\")"
  },
  "targets": [
    {
      "target_name": "native_dtls",
      "includes": ["native/addon.gypi"],
      "sources": [
        "<!@(node -p \"require('fs').readFileSync('native/sources.txt', 'utf8').trim().split(/\\s+/).map((file) => 'native/' + file).join(' ')\")"
      ]
    }
  ],
  "conditions": [
    [
      "native_dtls_tests==1",
      {
        "targets": [
          {
            # Native tests and benchmarks, on the OpenSSL of this Node, and the library once more: here its defences
            # can fall (native/core/base/defence.h).
            "target_name": "native_dtls_test",
            "includes": ["native/addon.gypi"],
            "defines": ["NATIVE_DTLS_DEFENCES_CAN_FALL"],
            "sources": [
              "<!@(node -p \"['sources.txt', 'test-sources.txt'].flatMap((list) => require('fs').readFileSync('native/' + list, 'utf8').trim().split(/\\s+/)).map((file) => 'native/' + file).join(' ')\")"
            ],
            "sources!": ["native/binding/addon.cc"]
          }
        ]
      }
    ]
  ]
}
