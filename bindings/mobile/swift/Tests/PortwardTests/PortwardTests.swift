import Foundation
import XCTest

@testable import Portward

/// The same vectors as in Kotlin, and a vault under a key in memory.
final class PortwardTests: XCTestCase {
    private func cases(_ subject: String, _ ops: Set<String>) throws -> [[String: Any]] {
        let folder = try XCTUnwrap(ProcessInfo.processInfo.environment["PORTWARD_VECTORS"])
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(subject).json"))
        let content = try XCTUnwrap(JSONSerialization.jsonObject(with: data) as? [String: Any])
        let cases = try XCTUnwrap(content["cases"] as? [[String: Any]])
        return cases.filter { ops.contains($0["op"] as? String ?? "") }
    }

    func testWhatATokenSays() throws {
        for test in try cases("token", ["verify_link", "verify_session"]) {
            let expect = try XCTUnwrap(test["expect"] as? [String: Any])
            do {
                let token = try UntrustedToken(token: XCTUnwrap(test["token"] as? String))
                XCTAssertNotEqual(expect["public"] as? String, "damaged")
                if let ok = expect["ok"] as? [String: Any] {
                    XCTAssertEqual(token.tenant(), ok["tenant"] as? String)
                    XCTAssertEqual(token.expiresAt(), (ok["expires_at"] as? NSNumber)?.uint64Value)
                    XCTAssertEqual(token.recipients(), ok["recipients"] as? [String])
                }
            } catch let error as PortwardError {
                XCTAssertEqual(error.code, expect["error"] as? String)
                XCTAssertEqual(expect["public"] as? String, "damaged")
            }
        }
    }

    func testHowALinkIsNarrowed() throws {
        let vocabulary = (0..<64).map { "p\($0):x" }
        for test in try cases("token", ["narrow"]) {
            let restrictions = try XCTUnwrap(test["restrictions"] as? [String: Any])
            let narrowing = Narrowing(
                expiresAt: (restrictions["expires_at"] as? NSNumber)?.uint64Value,
                permissions: (restrictions["permissions"] as? [Int])?.map { vocabulary[$0] },
                resources: restrictions["resources"] as? [String],
                audience: restrictions["audience"] as? String,
                recipient: restrictions["recipient"] as? String,
                seal: restrictions["seal"] as? Bool ?? false
            )
            let expect = try XCTUnwrap(test["expect"] as? [String: Any])
            do {
                let made = try narrow(link: XCTUnwrap(test["token"] as? String), narrowing: narrowing, vocabulary: vocabulary)
                XCTAssertEqual(made, (expect["ok"] as? [String: Any])?["token"] as? String)
            } catch let error as PortwardError {
                XCTAssertEqual(error.code, expect["error"] as? String)
            }
        }
    }

    func testAVaultAndACallbackThatThrows() async throws {
        let vault = try await Vault.create(tenant: "studio-7", keyName: "key", key: MemoryKey())
        let name = ObjectName(name: "client.notes", id: "42")
        let sealed = try vault.seal(of: name, plaintext: Data("Monday".utf8))
        let again = try await Vault.open(file: vault.file(), tenant: "studio-7", key: MemoryKey())
        XCTAssertEqual(try again.openRecord(of: name, sealed: sealed), Data("Monday".utf8))
        do {
            _ = try await Vault.open(file: vault.file(), tenant: "studio-7", key: MemoryKey(throwing: true))
            XCTFail("nothing was thrown")
        } catch let error as PortwardError {
            XCTAssertEqual(error.code, "unwrap_failed")
        }
    }
}

/// Of no use outside a test.
private final class MemoryKey: DeviceKey {
    private let throwing: Bool

    init(throwing: Bool = false) {
        self.throwing = throwing
    }

    func wrap(key: Data, binding: Data) throws -> Data { key }

    func unwrap(wrapped: Data, binding: Data) throws -> Data {
        if throwing { throw URLError(.unknown) }
        return wrapped
    }
}
