import Foundation
import XCTest

@testable import Portward

/// The shared vectors of `testkit/vectors`.
struct Vectors {
    let fixtures: [String: Any]
    let cases: [[String: Any]]

    init(_ subject: String) throws {
        let folder = try XCTUnwrap(ProcessInfo.processInfo.environment["PORTWARD_VECTORS"])
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(subject).json"))
        let content = try XCTUnwrap(JSONSerialization.jsonObject(with: data) as? [String: Any])
        fixtures = content["fixtures"] as? [String: Any] ?? [:]
        cases = try XCTUnwrap(content["cases"] as? [[String: Any]])
    }

    func cases(_ ops: Set<String>) -> [[String: Any]] {
        cases.filter { ops.contains($0["op"] as? String ?? "") }
    }
}

extension Dictionary where Key == String, Value == Any {
    func text(_ name: String) throws -> String { try XCTUnwrap(self[name] as? String, name) }

    func number(_ name: String) throws -> UInt64 { try XCTUnwrap(self[name] as? NSNumber, name).uint64Value }

    func object(_ name: String) -> [String: Any]? { self[name] as? [String: Any] }

    func expect() throws -> [String: Any] { try XCTUnwrap(object("expect")) }
}

/// The bytes of hexadecimal digits.
func unhex(_ digits: String) -> [UInt8] {
    let nibbles = digits.compactMap(\.hexDigitValue)
    return stride(from: 0, to: nibbles.count, by: 2).map { UInt8(nibbles[$0] * 16 + nibbles[$0 + 1]) }
}

func hex(_ bytes: some Sequence<UInt8>) -> String { bytes.map { String(format: "%02x", $0) }.joined() }

/// `bindings/mobile/codes.txt`: every code that a holder can meet, and the case that carries it.
func checkCode(_ error: PortwardError) throws {
    let folder = try XCTUnwrap(ProcessInfo.processInfo.environment["PORTWARD_VECTORS"])
    let listing = try String(contentsOfFile: "\(folder)/../../bindings/mobile/codes.txt", encoding: .utf8)
    let line = listing.split(separator: "\n").map { $0.split(separator: " ") }.first { $0[0] == error.code }
    let kind: Substring
    switch error {
    case .Refused: kind = "Refused"
    case .Unreadable: kind = "Unreadable"
    case .InvalidValue: kind = "InvalidValue"
    case .Unavailable: kind = "Unavailable"
    case .Cancelled: kind = "Cancelled"
    case .Internal: kind = "Internal"
    }
    XCTAssertTrue(line?.dropFirst().contains(kind) ?? false, "\(error.code), \(kind)")
}

/// Replays cases. `run` gives what is to be compared of a case's `ok`, and nil where it is none for this package.
func replay(
    _ cases: [[String: Any]], good: Int, bad: Int, _ run: ([String: Any]) async throws -> [String: String]?
) async throws {
    var (went, failed) = (0, 0)
    for test in cases {
        let (id, expect) = (try test.text("id"), try test.expect())
        do {
            guard let found = try await run(test) else { continue }
            let ok = expect.object("ok")
            XCTAssertNotNil(ok, id)
            for (name, value) in found {
                let told = (ok?[name] as? String) ?? (ok?[name] as? NSNumber)?.stringValue
                XCTAssertEqual(told, value, "\(id), \(name)")
            }
            went += 1
        } catch let error as PortwardError {
            XCTAssertEqual(error.code, expect["error"] as? String, id)
            try checkCode(error)
            failed += 1
        }
    }
    XCTAssertTrue(went >= good && failed >= bad, "\(went) went well, \(failed) failed")
}
