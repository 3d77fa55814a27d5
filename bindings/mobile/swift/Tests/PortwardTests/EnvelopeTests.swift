import Crypto
import Foundation
import XCTest

@testable import Portward

/// Objects of the vectors in a vault whose device's key gives the vector's data key: envelope encryption as everywhere else.
final class EnvelopeTests: XCTestCase {
    func testHowObjectsAreOpened() async throws {
        let vectors = try Vectors("envelope")
        let objects = try XCTUnwrap(vectors.fixtures.object("objects"))
        try await replay(vectors.cases(["open", "open_range"]), good: 51, bad: 201) { test in
            let bytes = try objectOf(test, objects)
            // One that carries its key needs a KEK.
            if bytes.count > 3, bytes[3] == 1 { return nil }
            guard let of = try nameOf(test), let vault = try await self.vault(test) else { return nil }
            return try await opened(vault, of, Data(bytes), test)
        }
    }

    /// Nil for cases that say more than one living data key of one tenant, which no vault has.
    private func vault(_ test: [String: Any]) async throws -> Vault? {
        let keys = try XCTUnwrap(test.object("keys")?["data_keys"] as? [[String: Any]])
        guard keys.count == 1, (test["tombstones"] as? [Any] ?? []).isEmpty else { return nil }
        let (key, tenant) = (keys[0], try test.text("tenant"))
        guard try ["active", "verify_only"].contains(key.text("state")), try key.text("tenant") == tenant,
            try key.text("scope") == test.text("scope")
        else { return nil }
        let data = Data(unhex(try key.text("key")))
        let file = try vaultFile(test.text("deployment"), tenant, key.text("id"), data)
        return try await Vault.open(file: Data(file.utf8), tenant: tenant, key: TestKey { _, _ in data })
    }

    private func vaultFile(_ vault: String, _ tenant: String, _ id: String, _ key: Data) -> String {
        var info = prefixed(Data("portward/v1/key-check".utf8))
        info += prefixed(Data(unhex(vault)))
        info += prefixed(Data(unhex(id)))
        info += [1]
        let check = hex(HMAC<SHA256>.authenticationCode(for: info, using: SymmetricKey(data: key)).prefix(8))
        var slot = Data([0x20, 3])
        slot += Data("key".utf8)
        slot += [0, 0, 0, 0, 0, 1, 7]
        let text = slot.base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
        let members = [
            ("format", "portward-vault"), ("vault", vault), ("tenant", tenant), ("data_key", id), ("check", check), ("slot", text),
        ]
        return "{\"version\":1," + members.map { "\"\($0.0)\":\"\($0.1)\"" }.joined(separator: ",") + "}"
    }

    private func prefixed(_ part: Data) -> Data { Data([UInt8(part.count >> 8), UInt8(part.count & 0xff)]) + part }
}
