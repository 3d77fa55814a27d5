import Foundation
import XCTest

@testable import Portward

/// The vectors of tokens, and a vault under a key in memory.
final class PortwardTests: XCTestCase {
    func testWhatATokenSays() throws {
        for test in try Vectors("token").cases(["verify_link", "verify_session"]) {
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
                try checkCode(error)
                XCTAssertEqual(expect["public"] as? String, "damaged")
            }
        }
    }

    func testHowALinkIsNarrowed() throws {
        let vocabulary = (0..<64).map { "p\($0):x" }
        for test in try Vectors("token").cases(["narrow"]) {
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
                try checkCode(error)
            }
        }
    }

    func testAVaultAndACallbackThatThrows() async throws {
        // Of no use outside a test.
        let key = TestKey { bytes, _ in bytes }
        let vault = try await Vault.create(tenant: "studio-7", keyName: "key", key: key)
        let name = ObjectName(name: "client.notes", id: "42")
        let sealed = try vault.seal(of: name, plaintext: Data("Monday".utf8))
        let again = try await Vault.open(file: vault.file(), tenant: "studio-7", key: key)
        XCTAssertEqual(try again.openRecord(of: name, sealed: sealed), Data("Monday".utf8))
        for (thrown, code) in [(URLError(.unknown) as Error, "kek_unavailable"), (DeviceKeyError.Unavailable, "kek_unavailable"), (DeviceKeyError.Refused, "unwrap_failed")] {
            do {
                _ = try await Vault.open(file: vault.file(), tenant: "studio-7", key: TestKey { _, _ in throw thrown })
                XCTFail("nothing was thrown")
            } catch let error as PortwardError {
                XCTAssertEqual(error.code, code)
                try checkCode(error)
            }
        }
    }
}
