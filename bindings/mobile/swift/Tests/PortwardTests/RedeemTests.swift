import Foundation
import XCTest

@testable import Portward

/// The vectors of redeeming: the requests that a client of the interface sends, as this client builds them, and every answer in JSON.
final class RedeemTests: XCTestCase {
    func testHowALinkIsRedeemed() throws {
        var (built, read) = (0, 0)
        for test in try Vectors("http").cases(["http"]) {
            let (request, expect) = (try XCTUnwrap(test.object("request")), try test.expect())
            guard let answer = expect.object("ok") ?? expect.object("answer") else { continue }
            let target = try request.text("target")
            guard let route = ["peek", "redeem", "renew"].first(where: { target.hasSuffix("/\($0)") }) else { continue }
            guard try request.text("method") == "POST", request["body"] is String else { continue }
            if try rebuilt(test, request, route) { built += 1 }
            let status = try answer.number("status")
            if status != 204, status != 303, let json = answer.object("body")?.object("json") {
                try compare(answer, json, expect, route, test.text("id"))
                read += 1
            }
        }
        XCTAssertTrue(built >= 30 && read >= 30, "\(built) built, \(read) read")
    }

    private func rebuilt(_ test: [String: Any], _ request: [String: Any], _ route: String) throws -> Bool {
        let (origin, id) = (try test.text("origin"), try test.text("id"))
        let lines = try XCTUnwrap(request["headers"] as? [[String]])
        let headers = Dictionary(grouping: lines, by: { $0[0].lowercased() }).mapValues { $0.map { $0[1] } }
        guard !headers.values.contains(where: { $0.count > 1 }), try test.expect()["ok"] != nil else { return false }
        guard let fields = fields(try request.text("body")) else { return false }
        let client = try RedeemClient(portal: origin + test.text("path"))
        let made: HttpRequest
        switch route {
        case "peek":
            guard let token = fields["token"] else { return false }
            made = client.peek(token: token)
        case "redeem":
            guard let token = fields["token"], let nonce = fields["nonce"], let cookie = peekCookie(headers["cookie"]?[0] ?? "") else { return false }
            made = try client.redeem(token: token, peeked: Peeked(nonce: nonce, expiresAt: 0, cookie: cookie))
        default:
            guard let line = headers["authorization"]?[0], line.hasPrefix("Bearer ") else { return false }
            made = client.renew(session: String(line.dropFirst("Bearer ".count)))
        }
        let own = Dictionary(uniqueKeysWithValues: made.headers.map { ($0.name, $0.value) })
        XCTAssertEqual(made.method, "POST", id)
        XCTAssertEqual(made.url, try origin + request.text("target"), id)
        XCTAssertEqual(own["accept"], "application/json", id)
        XCTAssertEqual(own["content-type"], "application/x-www-form-urlencoded", id)
        XCTAssertEqual(self.fields(String(decoding: made.body, as: UTF8.self)), fields, id)
        if route == "renew" { XCTAssertEqual(own["authorization"], headers["authorization"]?[0], id) }
        if route == "redeem" { XCTAssertTrue(try XCTUnwrap(headers["cookie"]?[0]).contains(XCTUnwrap(own["cookie"])), id) }
        return true
    }

    private func peekCookie(_ line: String) -> String? {
        guard let start = line.range(of: "__Host-portward-peek=") else { return nil }
        let value = line[start.upperBound...].prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
        return value.count >= 43 ? String(value.prefix(43)) : nil
    }

    /// Token and nonce of a form; nil where it has a field twice, or is no form.
    private func fields(_ body: String) -> [String: String]? {
        var found: [String: String] = [:]
        for pair in body.split(separator: "&", omittingEmptySubsequences: !body.isEmpty ? false : true) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, found[String(parts[0])] == nil else { return nil }
            guard let value = parts[1].replacingOccurrences(of: "+", with: " ").removingPercentEncoding else { return nil }
            found[String(parts[0])] = value
        }
        return found.filter { ["token", "nonce"].contains($0.key) }
    }

    private func compare(_ answer: [String: Any], _ json: [String: Any], _ expect: [String: Any], _ route: String, _ id: String) throws {
        let status = UInt16(try answer.number("status"))
        let cookies = (answer["cookies"] as? [String] ?? []).map { HttpHeader(name: "Set-Cookie", value: $0) }
        let body = try JSONSerialization.data(withJSONObject: json)
        do {
            if route == "peek" {
                // As `allHeaderFields` of Foundation gives them, too: in one line.
                let joined = HttpHeader(name: "Set-Cookie", value: cookies.map(\.value).joined(separator: ", "))
                let peeked = try readPeeked(status: status, headers: cookies, body: body)
                XCTAssertEqual(try readPeeked(status: status, headers: [joined], body: body), peeked, id)
                XCTAssertEqual(peeked.nonce, try json.text("nonce"), id)
                XCTAssertEqual(peeked.expiresAt, try json.number("expires_at"), id)
                XCTAssertTrue(cookies.contains { $0.value.hasPrefix("__Host-portward-peek=\(peeked.cookie);") }, id)
            } else {
                let redeemed = try readRedeemed(status: status, body: body)
                XCTAssertEqual(redeemed.session, try json.text("session"), id)
                XCTAssertEqual(redeemed.expiresAt, try json.number("expires_at"), id)
            }
            XCTAssertNotNil(expect["ok"], id)
        } catch let error as PortwardError {
            let told = expect["error"] as? String ?? ""
            XCTAssertEqual(error.code, ["damaged", "refused", "unavailable"].contains(told) ? told : "answer_malformed", id)
            try checkCode(error)
        }
    }

    func testWhatIsNoSessionAndNoCookie() throws {
        let good = try Vectors("token").cases(["verify_session"]).first { $0.object("expect")?["ok"] != nil }
        let session = try XCTUnwrap(good).text("token")
        func redeemed(_ session: String) throws -> Redeemed {
            try readRedeemed(status: 200, body: JSONSerialization.data(withJSONObject: ["session": session, "expires_at": 1]))
        }
        XCTAssertEqual(try redeemed(session).session, session)
        for other in ["", "pws_x", session + "\r\n", " " + session, String(session.dropLast())] {
            XCTAssertThrowsError(try redeemed(other)) { XCTAssertEqual(($0 as? PortwardError)?.code, "answer_malformed") }
        }
        let cookie = HttpHeader(name: "Set-Cookie", value: "__Host-portward-peek=" + String(repeating: "A", count: 43))
        let body = Data(#"{"nonce":"pwn_x","expires_at":1}"#.utf8)
        XCTAssertEqual(try readPeeked(status: 200, headers: [cookie], body: body).nonce, "pwn_x")
        for other in [[], [cookie, cookie]] {
            XCTAssertThrowsError(try readPeeked(status: 200, headers: other, body: body)) {
                XCTAssertEqual(($0 as? PortwardError)?.code, "answer_malformed")
            }
        }
    }
}
