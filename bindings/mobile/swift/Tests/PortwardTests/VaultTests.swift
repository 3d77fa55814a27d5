import Foundation
import XCTest

@testable import Portward

#if canImport(CryptoKit)
import CryptoKit
#endif

/// The vectors of vaults. Those under an AES key are left out where there is no CryptoKit.
final class VaultTests: XCTestCase {
    func testHowAVaultIsOpened() async throws {
        try await replay(["vault_open", "vault_file"]) { test, _ in
            if try test.text("op") == "vault_file" { return ["key_name": try vaultKeyName(file: Self.file(test))] }
            guard let device = try Self.device(test) else { return nil }
            let vault = try await Vault.open(file: Self.file(test), tenant: test.text("tenant"), key: device)
            XCTAssertEqual(vault.tenant(), try test.text("tenant"))
            return [:]
        }
    }

    func testHowItsObjectsAreOpened() async throws {
        try await replay(["vault_object", "vault_range"]) { test, objects in
            let pairs = try XCTUnwrap(test["context"] as? [[String]])
            let context = Dictionary(pairs.map { ($0[0], $0[1]) }, uniquingKeysWith: { first, _ in first })
            let tenant = try test.text("tenant")
            guard context.count == pairs.count, context["tenant"] == tenant, let name = context["name"], let id = context["id"],
                let device = try Self.device(test)
            else { return nil }
            let more = context.filter { !["tenant", "name", "id"].contains($0.key) }
            let vault = try await Vault.open(file: Self.file(test), tenant: tenant, key: device)
            let (of, bytes) = (ObjectName(name: name, id: id, more: more), Data(try objectOf(test, objects)))
            if test["record"] != nil { return ["length": String(try vault.openRecord(of: of, sealed: bytes).count)] }
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let (sealed, opened) = (folder.appendingPathComponent("sealed"), folder.appendingPathComponent("opened"))
            try bytes.write(to: sealed)
            if try test.text("op") == "vault_object" {
                return ["length": String(try await vault.openFile(of: of, source: sealed.path, target: opened.path))]
            }
            let reader = try await vault.openParts(of: of, source: sealed.path)
            let part = try await reader.read(from: test.number("from"), length: test.number("length"))
            return ["length": String(reader.length()), "bytes": hex(part)]
        }
    }

    func testHowOneIsMade() async throws {
        try await replay(["vault_make"]) { test, _ in
            guard let device = try Self.device(test) else { return nil }
            let vault = try await Vault.create(tenant: test.text("tenant"), keyName: test.text("key_name"), key: device)
            return ["key_name": try vaultKeyName(file: vault.file()), "tenant": vault.tenant()]
        }
    }

    /// `run` gives what is to be compared of the case's `ok`; nil where the case is none for this package.
    private func replay(_ ops: Set<String>, _ run: ([String: Any], [String: Any]) async throws -> [String: String]?) async throws {
        let vectors = try Vectors("vault")
        let objects = try XCTUnwrap(vectors.fixtures.object("objects"))
        var compared = 0
        for test in vectors.cases(ops) {
            let (id, expect) = (try test.text("id"), try test.expect())
            do {
                guard let found = try await run(test, objects) else { continue }
                let ok = expect.object("ok")
                XCTAssertNotNil(ok, id)
                for (name, value) in found {
                    let told = (ok?[name] as? String) ?? (ok?[name] as? NSNumber)?.stringValue
                    XCTAssertEqual(told, value, "\(id), \(name)")
                }
            } catch let error as PortwardError {
                XCTAssertEqual(error.code, expect["error"] as? String, id)
                try checkCode(error)
            }
            compared += 1
        }
        XCTAssertGreaterThan(compared, 10)
    }

    private static func file(_ test: [String: Any]) throws -> Data {
        if let text = test["text"] as? String { return Data(text.utf8) }
        let parts = try XCTUnwrap(test["parts"] as? [[String: Any]])
        return try parts.reduce(into: Data()) { all, part in
            if let digits = part["hex"] as? String { return all.append(contentsOf: unhex(digits)) }
            if let text = part["text"] as? String { return all.append(contentsOf: text.utf8) }
            let (text, times) = (try part.text("repeat"), try XCTUnwrap(part["times"] as? Int))
            for number in 0..<times { all.append(contentsOf: text.replacingOccurrences(of: "%", with: String(format: "%08x", number)).utf8) }
        }
    }

    private static func device(_ test: [String: Any]) throws -> DeviceKey? {
        let told = try XCTUnwrap(test.object("device"))
        if let digits = told["gives"] as? String { return TestKey { _, _ in Data(unhex(digits)) } }
        if told["refuses"] != nil { return TestKey { _, _ in throw DeviceKeyError.Refused } }
        if told["unavailable"] != nil { return TestKey { _, _ in throw DeviceKeyError.Unavailable } }
        if told["fails"] != nil { return TestKey { _, _ in throw URLError(.unknown) } }
        #if canImport(CryptoKit)
        return CryptoKitKey(SymmetricKey(data: unhex(try told.text("key"))))
        #else
        return nil
        #endif
    }
}

/// Does the same with whatever it is told to wrap or unwrap.
final class TestKey: DeviceKey {
    private let answer: @Sendable (Data, Data) throws -> Data

    init(_ answer: @escaping @Sendable (Data, Data) throws -> Data) { self.answer = answer }

    func wrap(key: Data, binding: Data) throws -> Data { try answer(key, binding) }

    func unwrap(wrapped: Data, binding: Data) throws -> Data { try answer(wrapped, binding) }
}

#if canImport(CryptoKit)
/// As the README says of the Keychain's key.
final class CryptoKitKey: DeviceKey {
    private let key: SymmetricKey

    init(_ key: SymmetricKey) { self.key = key }

    func wrap(key: Data, binding: Data) throws -> Data {
        guard let sealed = try AES.GCM.seal(key, using: self.key, authenticating: binding).combined else { throw DeviceKeyError.Refused }
        return sealed
    }

    func unwrap(wrapped: Data, binding: Data) throws -> Data {
        do {
            return try AES.GCM.open(AES.GCM.SealedBox(combined: wrapped), using: key, authenticating: binding)
        } catch is CryptoKitError {
            throw DeviceKeyError.Refused
        }
    }
}
#endif
