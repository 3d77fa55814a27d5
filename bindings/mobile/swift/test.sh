#!/bin/sh
# Puts what `cargo xtask test mobile` generated into the package, and tests it. From the repository's root.
set -eu
package=target/mobile/swift-package
rm -rf "$package"
cp -r bindings/mobile/swift "$package"
mkdir -p "$package/Sources/PortwardFFI"
cp target/mobile/swift/Portward.swift "$package/Sources/Portward/"
cp target/mobile/swift/PortwardFFI.h "$package/Sources/PortwardFFI/"
# uniffi's module map names Darwin, which is not everywhere.
grep -v 'use "Darwin"' target/mobile/swift/PortwardFFI.modulemap > "$package/Sources/PortwardFFI/module.modulemap"
native="$(pwd)/target/mobile/native"
PORTWARD_VECTORS="$(pwd)/testkit/vectors" swift test --package-path "$package" \
    -Xlinker "-L$native" -Xlinker -lportward_mobile -Xlinker -rpath -Xlinker "$native"
