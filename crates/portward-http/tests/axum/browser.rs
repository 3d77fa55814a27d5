//! The page in Chromium, which is the judge of cookies, policies and what is in the address bar.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use axum::response::Html;
use axum::routing::get;
use axum::{Router, http::HeaderName};
use portward_http::SESSION_COOKIE;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::world::World;

const WHY: &str = "Chromium and chromedriver have to be installed";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and chromedriver; `cargo xtask test browser` installs and runs it"]
async fn links_in_chromium() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let world = World::at(&origin);
    // Forms of a page of the application that sends no referrer have `Origin: null`.
    let leave = r#"<form method="post" action="/portal/leave"><button>Leave</button></form>"#;
    let policy = (HeaderName::from_static("referrer-policy"), "no-referrer");
    let app = world.app.clone().route("/leave", get(async move || ([policy], Html(leave))));
    tokio::spawn(axum::serve(listener, app).into_future());

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = format!("http://127.0.0.1:{}/", listener.local_addr().unwrap().port());
    let attack = world.memory.link(9);
    let mailed = world.memory.link(1);
    let page = format!(
        r#"<form method="post" action="{origin}/portal/redeem"><input name="token" value="{attack}"><input name="nonce" value="pwn_1-x"><button>Win</button></form><a href="{origin}/portal/{mailed}">Portal</a>"#
    );
    tokio::spawn(axum::serve(listener, Router::new().route("/", get(async || Html(page)))).into_future());

    let driver = Driver::start();
    let portal = format!("{origin}/portal");
    let home = format!("{origin}/portal/");

    // A link in the path.
    let link = world.memory.link(1);
    let chromium = driver.chromium();
    chromium.open(&format!("{portal}/{link}"));
    assert_eq!((chromium.address(), chromium.shown()), (portal.clone(), "form".to_owned()));
    assert_eq!((world.redeemed(), chromium.run("return document.cookie")), (0, json!("")));
    // No other script runs, not even one that is put into the page.
    let inject = "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s); return window.ran";
    assert_eq!(chromium.run(inject), Value::Null);
    chromium.click("button");
    chromium.wait("the application's page", || chromium.address() == home);
    assert_eq!((chromium.text(), world.memory.uses(&link), world.heard()), ("42".to_owned(), 1, vec![]));
    assert_eq!(chromium.cookies(), [SESSION_COOKIE]);
    // And out again, from a page of the application.
    chromium.open(&format!("{origin}/leave"));
    chromium.click("button");
    chromium.wait("leaving", || chromium.cookies().is_empty());
    chromium.close();

    // A link in a mail, in the browser.
    let chromium = driver.chromium();
    chromium.open(&elsewhere);
    chromium.click("a");
    chromium.wait("the form", || chromium.address() == portal && chromium.shown() == "form");
    chromium.click("button");
    chromium.wait("the application's page", || chromium.address() == home);
    assert_eq!((chromium.text(), world.memory.uses(&mailed), world.heard()), ("42".to_owned(), 1, vec![]));
    chromium.close();

    // A link in the fragment.
    let link = world.memory.link(1);
    let chromium = driver.chromium();
    chromium.open(&format!("{portal}#{link}"));
    chromium.wait("the form", || chromium.shown() == "form");
    assert_eq!(chromium.address(), portal);
    assert_eq!((world.memory.uses(&link), chromium.run("return history.state")), (0, Value::Null));
    chromium.click("button");
    chromium.wait("the application's page", || chromium.address() == home);
    assert_eq!((chromium.text(), world.memory.uses(&link), world.heard()), ("42".to_owned(), 1, vec![]));
    chromium.close();

    // Links that are no good, and a good one in the same tab behind each.
    let chromium = driver.chromium();
    chromium.open(&portal);
    assert_eq!(chromium.shown(), "missing");
    chromium.open(&format!("{portal}#pwl_x"));
    chromium.wait("what is said of a damaged link", || chromium.shown() == "damaged");
    assert_eq!(chromium.address(), portal);
    let foreign = World::new().memory.link(1);
    chromium.open(&format!("{portal}#{foreign}"));
    chromium.wait("what is said of a refused link", || chromium.shown() == "refused");
    chromium.open(&format!("{portal}/{foreign}"));
    assert_eq!((chromium.address(), chromium.shown()), (portal.clone(), "refused".to_owned()));
    // Its cookie is still there.
    let link = world.memory.link(1);
    chromium.open(&format!("{portal}#{link}"));
    chromium.wait("the form", || chromium.shown() == "form");
    assert_eq!(chromium.address(), portal);
    chromium.click("button");
    chromium.wait("the application's page", || chromium.address() == home);
    assert_eq!(world.memory.uses(&link), 1);
    chromium.close();

    // Another site.
    let _ = world.heard();
    let chromium = driver.chromium();
    chromium.open(&elsewhere);
    chromium.click("button");
    chromium.wait("the refusal", || chromium.address() == format!("{origin}/portal/redeem"));
    assert_eq!((chromium.shown(), world.heard()), ("refused".to_owned(), vec!["site_foreign"]));
    assert_eq!((chromium.cookies().len(), world.memory.uses(&attack)), (0, 0));
    chromium.close();
}

/// A chromedriver of ours, on a port of its own.
struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    fn start() -> Self {
        let mut process = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).spawn().expect(WHY);
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let started =
            lines.find_map(|line| line.ok()?.split_once("successfully on port ").map(|(_, end)| end.to_owned()));
        let port = started.expect(WHY).trim_end_matches('.').parse().unwrap();
        Self { process, port }
    }

    /// A new browser, which knows nothing of the others.
    fn chromium(&self) -> Chromium<'_> {
        let options = json!({ "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] });
        let wanted = json!({ "browserName": "chrome", "goog:chromeOptions": options });
        let session = self.ask("POST", "/session", json!({ "capabilities": { "alwaysMatch": wanted } }));
        Chromium { driver: self, session: session["sessionId"].as_str().expect(WHY).to_owned() }
    }

    /// WebDriver is JSON over HTTP.
    fn ask(&self, method: &str, path: &str, body: Value) -> Value {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).unwrap();
        // The browser inherits the connection, so it does not end with the answer.
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        let lines = std::iter::from_fn(|| {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            (!line.trim().is_empty()).then_some(line.to_ascii_lowercase())
        });
        for line in lines {
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(answer["value"]["error"], Value::Null, "{path}: {answer}");
        answer["value"].clone()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Chromium<'d> {
    driver: &'d Driver,
    session: String,
}

impl Chromium<'_> {
    fn ask(&self, method: &str, path: &str, body: Value) -> Value {
        self.driver.ask(method, &format!("/session/{}{path}", self.session), body)
    }

    fn open(&self, url: &str) {
        self.ask("POST", "/url", json!({ "url": url }));
    }

    fn address(&self) -> String {
        self.ask("GET", "/url", Value::Null).as_str().unwrap().to_owned()
    }

    fn run(&self, script: &str) -> Value {
        self.ask("POST", "/execute/sync", json!({ "script": script, "args": [] }))
    }

    /// The one part of the page that is to be seen.
    fn shown(&self) -> String {
        let script = "return [...document.querySelectorAll('[data-portward]')].filter((part) => part.checkVisibility()).map((part) => part.dataset.portward).join(' ')";
        self.run(script).as_str().unwrap().to_owned()
    }

    fn text(&self) -> String {
        self.run("return document.body.innerText").as_str().unwrap().to_owned()
    }

    fn click(&self, selector: &str) {
        let element = self.ask("POST", "/element", json!({ "using": "css selector", "value": selector }));
        let id = element.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
        self.ask("POST", &format!("/element/{id}/click"), json!({}));
    }

    fn cookies(&self) -> Vec<String> {
        let cookies = self.ask("GET", "/cookie", Value::Null);
        cookies.as_array().unwrap().iter().map(|cookie| cookie["name"].as_str().unwrap().to_owned()).collect()
    }

    fn wait(&self, what: &str, mut is_there: impl FnMut() -> bool) {
        let start = Instant::now();
        while !is_there() {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "waited for {what}, at {}: {}",
                self.address(),
                self.text()
            );
            sleep(Duration::from_millis(50));
        }
    }

    fn close(self) {
        self.ask("DELETE", "", Value::Null);
    }
}
