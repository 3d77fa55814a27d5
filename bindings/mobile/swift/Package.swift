// swift-tools-version: 5.9
import PackageDescription

// `sh test.sh` fills in what is generated, and the library. A release takes the XCFramework in the place of PortwardFFI: see ../README.md.
let package = Package(
    name: "Portward",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "Portward", targets: ["Portward"])],
    targets: [
        .systemLibrary(name: "PortwardFFI", path: "Sources/PortwardFFI"),
        .target(name: "Portward", dependencies: ["PortwardFFI"], path: "Sources/Portward"),
        .testTarget(name: "PortwardTests", dependencies: ["Portward"], path: "Tests/PortwardTests"),
    ]
)
