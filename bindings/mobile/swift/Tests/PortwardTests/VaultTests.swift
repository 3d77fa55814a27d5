import Crypto
import Foundation
import XCTest

@testable import Portward

/// The vectors of vaults.
final class VaultTests: XCTestCase {
    func testHowAVaultIsOpened() async throws {
        try await replay(Vectors("vault").cases(["vault_open", "vault_file"]), good: 60, bad: 300) { test in
            if try test.text("op") == "vault_file" { return ["key_name": try vaultKeyName(file: Self.file(test))] }
            let vault = try await Vault.open(file: Self.file(test), tenant: test.text("tenant"), key: Self.device(test))
            XCTAssertEqual(vault.tenant(), try test.text("tenant"))
            return [:]
        }
    }

    func testHowItsObjectsAreOpened() async throws {
        let vectors = try Vectors("vault")
        let objects = try XCTUnwrap(vectors.fixtures.object("objects"))
        try await replay(vectors.cases(["vault_object", "vault_range"]), good: 15, bad: 60) { test in
            guard let of = try nameOf(test) else { return nil }
            let vault = try await Vault.open(file: Self.file(test), tenant: test.text("tenant"), key: Self.device(test))
            return try await opened(vault, of, Data(objectOf(test, objects)), test)
        }
    }

    func testHowOneIsMade() async throws {
        try await replay(Vectors("vault").cases(["vault_make"]), good: 10, bad: 10) { test in
            // The key is drawn, so no device that says what it unwraps unwraps that.
            if test.object("device")?["unwraps"] != nil, test.object("expect")?["ok"] != nil { return nil }
            let (tenant, device) = (try test.text("tenant"), try Self.device(test))
            let vault = try await Vault.create(tenant: tenant, keyName: test.text("key_name"), key: device)
            return ["key_name": try vaultKeyName(file: vault.file()), "tenant": vault.tenant()]
        }
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

    private static func device(_ test: [String: Any]) throws -> DeviceKey {
        let told = try XCTUnwrap(test.object("device"))
        if let digits = told["gives"] as? String {
            let unwraps = told["unwraps"] as? String ?? digits
            return TestKey({ _, _ in Data(unhex(digits)) }, { _, _ in Data(unhex(unwraps)) })
        }
        if told["refuses"] != nil { return TestKey { _, _ in throw DeviceKeyError.Refused } }
        if told["unavailable"] != nil { return TestKey { _, _ in throw DeviceKeyError.Unavailable } }
        if told["fails"] != nil { return TestKey { _, _ in throw Failure() } }
        return AesKey(SymmetricKey(data: unhex(try told.text("key"))))
    }
}

/// None of ours.
struct Failure: Error {}

/// Wraps and unwraps as it is told, or does the same with either.
final class TestKey: DeviceKey {
    typealias Answer = @Sendable (Data, Data) throws -> Data
    private let (wraps, unwraps): (Answer, Answer)

    init(_ wraps: @escaping Answer, _ unwraps: Answer? = nil) { (self.wraps, self.unwraps) = (wraps, unwraps ?? wraps) }

    func wrap(key: Data, binding: Data) throws -> Data { try wraps(key, binding) }

    func unwrap(wrapped: Data, binding: Data) throws -> Data { try unwraps(wrapped, binding) }
}

/// As the README says of the Keychain's key.
final class AesKey: DeviceKey {
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
