//! WebDriver, as far as the tests need it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const WHY: &str = "Chromium and chromedriver have to be installed";
/// On a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A chromedriver of ours, on a port of its own.
pub(crate) struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    pub(crate) fn start() -> Self {
        let mut process = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).spawn().expect(WHY);
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let started =
            lines.find_map(|line| line.ok()?.split_once("successfully on port ").map(|(_, end)| end.to_owned()));
        let port = started.expect(WHY).trim_end_matches('.').parse().unwrap();
        Self { process, port }
    }

    /// A new browser, which knows nothing of the others.
    pub(crate) fn chromium(&self) -> Chromium<'_> {
        let options = json!({ "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] });
        let wanted = json!({ "browserName": "chrome", "goog:chromeOptions": options });
        let session = self.ask("POST", "/session", json!({ "capabilities": { "alwaysMatch": wanted } }));
        Chromium { driver: self, session: session["sessionId"].as_str().expect(WHY).to_owned() }
    }

    fn ask(&self, method: &str, path: &str, body: Value) -> Value {
        let start = Instant::now();
        loop {
            let answer = self.answer(method, path, &body);
            if answer["error"].is_null() {
                return answer;
            }
            // A page that gives way to another one while it is read says nothing; the other one does.
            let message = answer["message"].as_str().unwrap_or_default();
            let is_leaving =
                ["navigation", "unloaded", "execution context"].iter().any(|words| message.contains(words));
            let reads = method == "GET" || path.ends_with("/execute/sync");
            assert!(is_leaving && reads && start.elapsed() < PATIENCE, "{path}: {answer}");
            sleep(Duration::from_millis(50));
        }
    }

    /// WebDriver is JSON over HTTP.
    fn answer(&self, method: &str, path: &str, body: &Value) -> Value {
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
        let mut answer: Value = serde_json::from_slice(&body).unwrap();
        answer["value"].take()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) struct Chromium<'d> {
    driver: &'d Driver,
    session: String,
}

impl Chromium<'_> {
    fn ask(&self, method: &str, path: &str, body: Value) -> Value {
        self.driver.ask(method, &format!("/session/{}{path}", self.session), body)
    }

    pub(crate) fn open(&self, url: &str) {
        self.ask("POST", "/url", json!({ "url": url }));
    }

    pub(crate) fn address(&self) -> String {
        self.ask("GET", "/url", Value::Null).as_str().unwrap().to_owned()
    }

    pub(crate) fn run(&self, script: &str) -> Value {
        self.ask("POST", "/execute/sync", json!({ "script": script, "args": [] }))
    }

    /// The one part of the page that is to be seen.
    pub(crate) fn shown(&self) -> String {
        let script = "return [...document.querySelectorAll('[data-portward]')].filter((part) => part.checkVisibility()).map((part) => part.dataset.portward).join(' ')";
        self.run(script).as_str().unwrap().to_owned()
    }

    pub(crate) fn text(&self) -> String {
        self.run("return document.body.innerText").as_str().unwrap().to_owned()
    }

    pub(crate) fn click(&self, selector: &str) {
        let element = self.ask("POST", "/element", json!({ "using": "css selector", "value": selector }));
        let id = element.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
        self.ask("POST", &format!("/element/{id}/click"), json!({}));
    }

    pub(crate) fn cookies(&self) -> Vec<String> {
        let cookies = self.ask("GET", "/cookie", Value::Null);
        cookies.as_array().unwrap().iter().map(|cookie| cookie["name"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn wait(&self, what: &str, mut is_there: impl FnMut() -> bool) {
        let start = Instant::now();
        while !is_there() {
            assert!(start.elapsed() < PATIENCE, "waited for {what}, at {}: {}", self.address(), self.text());
            sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn close(self) {
        self.ask("DELETE", "", Value::Null);
    }
}
