import Foundation
import XCTest

@testable import Portward

/// The vectors of tokens, and a vault under a key in memory.
final class PortwardTests: XCTestCase {
    func testWhatATokenSays() throws {
        var (whole, damaged) = (0, 0)
        for subject in ["token", "revocation"] {
            let vectors = try Vectors(subject)
            let deployments = try XCTUnwrap(vectors.fixtures.object("deployments"))
            for test in vectors.cases(["verify_link", "verify_session"]) {
                let (id, expect) = (try test.text("id"), try test.expect())
                do {
                    let token = try UntrustedToken(token: test.text("token"))
                    XCTAssertNotEqual(expect["public"] as? String, "damaged", id)
                    let vocabulary = try XCTUnwrap(deployments.object(test.text("deployment"))?["permissions"] as? [String])
                    if let ok = expect.object("ok") { try compare(token, ok, vocabulary, id) }
                    whole += 1
                } catch let error as PortwardError {
                    XCTAssertEqual(error.code, expect["error"] as? String, id)
                    XCTAssertEqual(expect["public"] as? String, "damaged", id)
                    XCTAssertEqual(error.publicAnswer, "damaged", id)
                    try checkCode(error)
                    damaged += 1
                }
            }
        }
        XCTAssertTrue(whole > 400 && damaged > 1_000, "\(whole) whole, \(damaged) damaged")
    }

    private func compare(_ token: UntrustedToken, _ ok: [String: Any], _ vocabulary: [String], _ id: String) throws {
        let granted = try XCTUnwrap(ok["permissions"] as? [String])
        let bits = try granted.map { try XCTUnwrap(vocabulary.firstIndex(of: $0)) }.reduce(UInt64(0)) { $0 | UInt64(1) << UInt64($1) }
        XCTAssertEqual(token.kind(), ok["link_id"] == nil ? TokenKind.link : TokenKind.session, id)
        XCTAssertEqual(token.tenant(), try ok.text("tenant"), id)
        XCTAssertEqual(token.client(), try ok.text("client"), id)
        XCTAssertEqual(token.issuedAt(), try ok.number("issued_at"), id)
        XCTAssertEqual(token.expiresAt(), try ok.number("expires_at"), id)
        XCTAssertEqual(try token.permissions(vocabulary: vocabulary), granted, id)
        let known = (UInt64(1) << UInt64(vocabulary.count)) - 1
        XCTAssertEqual(token.permissionBits() & known, bits, id)
        XCTAssertEqual(token.resources(), ok["resources"] as? [String], id)
        XCTAssertEqual(token.recipients(), ok["recipients"] as? [String], id)
    }

    func testWhatACopySays() throws {
        let good = try Vectors("token").cases(["verify_link"]).first { $0.object("expect")?["ok"] != nil }
        let link = try XCTUnwrap(good).text("token")
        let plain = try UntrustedToken(token: link)
        XCTAssertNil(plain.audience())
        XCTAssertFalse(plain.isSealed())
        let copy = try UntrustedToken(token: narrow(link: link, narrowing: Narrowing(audience: "portal", seal: true)))
        XCTAssertEqual(copy.audience(), "portal")
        XCTAssertTrue(copy.isSealed())
    }

    func testHowALinkIsNarrowed() throws {
        let vocabulary = (0..<64).map { "p\($0):x" }
        let cases = try Vectors("token").cases(["narrow"])
        for test in cases {
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
        XCTAssertGreaterThan(cases.count, 20)
    }

    func testAVaultAndACallbackThatThrows() async throws {
        // Of no use outside a test.
        let key = TestKey { bytes, _ in bytes }
        let vault = try await Vault.create(tenant: "studio-7", keyName: "key", key: key)
        let name = ObjectName(name: "client.notes", id: "42")
        let sealed = try vault.seal(of: name, plaintext: Data("Monday".utf8))
        let again = try await Vault.open(file: vault.file(), tenant: "studio-7", key: key)
        XCTAssertEqual(try again.openRecord(of: name, sealed: sealed), Data("Monday".utf8))
        let cases: [(any Error, String)] = [
            (Failure(), "kek_unavailable"), (DeviceKeyError.Unavailable, "kek_unavailable"), (DeviceKeyError.Refused, "unwrap_failed"),
        ]
        for (thrown, code) in cases {
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
