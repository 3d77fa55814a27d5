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

/// The object of a case, as it is told: its bytes, or another with edits.
func objectOf(_ test: [String: Any], _ objects: [String: Any]) throws -> [UInt8] {
    if let digits = test["object"] as? String { return unhex(digits) }
    let told = try XCTUnwrap(test.object("object"))
    let base = unhex(try objects.text(told.text("base")))
    let edits = try XCTUnwrap(told["edits"] as? [[String: Any]])
    return try edits.reduce(base, edited)
}

private func edited(_ bytes: [UInt8], _ edit: [String: Any]) throws -> [UInt8] {
    let name = try XCTUnwrap(edit.keys.first { $0 != "times" })
    let list = edit[name] as? [Any] ?? []
    func at(_ index: Int) throws -> Int { try XCTUnwrap(list[index] as? Int) }
    func digits(_ value: Any?) throws -> [UInt8] { unhex(try XCTUnwrap(value as? String)) }
    switch name {
    case "xor":
        var changed = bytes
        for (index, byte) in try digits(list[1]).enumerated() { changed[try at(0) + index] ^= byte }
        return changed
    case "cut":
        return Array(bytes.prefix(try XCTUnwrap(edit[name] as? Int)))
    case "append":
        let more = try digits(edit[name])
        return bytes + Array(repeating: more, count: edit["times"] as? Int ?? 1).joined()
    case "delete":
        return try Array(bytes[..<at(0)] + bytes[at(1)...])
    case "insert":
        return try Array(bytes[..<at(0)] + digits(list[1]) + bytes[at(0)...])
    case "swap":
        return try Array(bytes[..<at(0)] + bytes[at(2)..<at(3)] + bytes[at(1)..<at(2)] + bytes[at(0)..<at(1)] + bytes[at(3)...])
    default:
        XCTFail("no such edit: \(name)")
        return bytes
    }
}
