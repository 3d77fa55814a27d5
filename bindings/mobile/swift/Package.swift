// swift-tools-version: 6.0
import PackageDescription

// `sh test.sh` fills in what is generated, and the library. A release takes the XCFramework in the place of PortwardFFI: see ../README.md.
let package = Package(
    name: "Portward",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "Portward", targets: ["Portward"])],
    dependencies: [
        // CryptoKit's, where there is none; of the tests alone.
        .package(url: "https://github.com/apple/swift-crypto.git", from: "3.0.0")
    ],
    targets: [
        .systemLibrary(name: "PortwardFFI", path: "Sources/PortwardFFI"),
        .target(name: "Portward", dependencies: ["PortwardFFI"], path: "Sources/Portward"),
        .testTarget(
            name: "PortwardTests",
            dependencies: ["Portward", .product(name: "Crypto", package: "swift-crypto")],
            path: "Tests/PortwardTests"
        ),
    ],
    // The compiler of Swift 6 makes what uniffi generates `Sendable`; that all of it is Swift 6's language is not promised.
    swiftLanguageModes: [.v5]
)
