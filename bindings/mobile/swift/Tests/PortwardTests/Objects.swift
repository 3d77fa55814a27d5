import Crypto
import Foundation
import XCTest

@testable import Portward

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
        var longer = try Array(bytes[..<at(0)])
        longer += try digits(list[1])
        longer += try bytes[at(0)...]
        return longer
    case "swap":
        let (first, second, third, end) = (try at(0), try at(1), try at(2), try at(3))
        var swapped = Array(bytes[..<first])
        swapped += bytes[third..<end]
        swapped += bytes[second..<third]
        swapped += bytes[first..<second]
        swapped += bytes[end...]
        return swapped
    default:
        XCTFail("no such edit: \(name)")
        return bytes
    }
}

/// The context of a case, if a map can say it and a vault can open it: no key twice, a name and an id, and the tenant that the vault says itself.
func nameOf(_ test: [String: Any]) throws -> ObjectName? {
    let pairs = try XCTUnwrap(test["context"] as? [[String]])
    let context = Dictionary(pairs.map { ($0[0], $0[1]) }, uniquingKeysWith: { first, _ in first })
    guard context.count == pairs.count, try context["tenant"] == test.text("tenant"), let name = context["name"], let id = context["id"] else {
        return nil
    }
    return ObjectName(name: name, id: id, more: context.filter { !["tenant", "name", "id"].contains($0.key) })
}

/// What opening the object of a case gives, in the words of its `ok`.
func opened(_ vault: Vault, _ of: ObjectName, _ bytes: Data, _ test: [String: Any]) async throws -> [String: String] {
    if test["record"] != nil { return told(try vault.openRecord(of: of, sealed: bytes)) }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (sealed, target) = (folder.appendingPathComponent("sealed"), folder.appendingPathComponent("opened"))
    try bytes.write(to: sealed)
    guard test["from"] != nil else {
        _ = try await vault.openFile(of: of, source: sealed.path, target: target.path)
        return told(try Data(contentsOf: target))
    }
    let reader = try await vault.openParts(of: of, source: sealed.path)
    let part = try await reader.read(from: test.number("from"), length: test.number("length"))
    return ["length": String(reader.length()), "bytes": hex(part)]
}

private func told(_ plaintext: Data) -> [String: String] {
    ["length": String(plaintext.count), "sha256": hex(SHA256.hash(data: plaintext))]
}
