use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How the server answers from now on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// As KMS would.
    Honest,
    /// Takes the request and says nothing.
    Never,
    /// Takes the request and hangs up.
    HangUp,
    /// Promises more than comes.
    CutShort,
    /// An error with this status and code.
    Error(u16, &'static str),
    /// These bytes with this status.
    Raw(u16, &'static str),
}

/// A server on loopback that answers as KMS would, or as it is told. What it opens is the plaintext that it saw last.
#[derive(Clone)]
pub(super) struct Fake(Arc<Mutex<State>>);

struct State {
    answer: Answer,
    endpoint: String,
    plaintext: String,
    /// Operation and body.
    requests: Vec<(String, String)>,
}

pub(super) const KEY_ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
const ARN: &str = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

impl Fake {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = State { answer: Answer::Honest, endpoint, plaintext: String::new(), requests: Vec::new() };
        let fake = Self(Arc::new(Mutex::new(state)));
        let served = fake.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let fake = served.clone();
                thread::spawn(move || fake.serve(stream));
            }
        });
        fake
    }

    pub(super) fn endpoint(&self) -> String {
        self.0.lock().unwrap().endpoint.clone()
    }

    pub(super) fn answers(&self, answer: Answer) {
        self.0.lock().unwrap().answer = answer;
    }

    /// What was asked since the last time.
    pub(super) fn requests(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.0.lock().unwrap().requests)
    }

    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let (operation, body) = request(&stream)?;
        let mut state = self.0.lock().unwrap();
        if let Some(plaintext) = member(&body, "Plaintext") {
            state.plaintext = plaintext.to_owned();
        }
        let honest = match &*operation {
            "Encrypt" => format!(r#"{{"KeyId":"{ARN}","CiphertextBlob":"Y2lwaGVydGV4dA=="}}"#),
            _ => format!(r#"{{"KeyId":"{ARN}","Plaintext":"{}"}}"#, state.plaintext),
        };
        state.requests.push((operation, body));
        let answer = state.answer;
        drop(state);
        let (status, body, length) = match answer {
            Answer::Honest => (200, honest.clone(), honest.len()),
            Answer::Never => {
                thread::sleep(Duration::from_secs(20));
                return None;
            }
            Answer::HangUp => return None,
            Answer::CutShort => (200, honest.clone(), honest.len().saturating_add(100)),
            Answer::Error(status, code) => {
                let body = format!(r#"{{"__type":"{code}","message":"no"}}"#);
                (status, body.clone(), body.len())
            }
            Answer::Raw(status, body) => (status, body.to_owned(), body.len()),
        };
        let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.1\r\n");
        stream.write_all(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes()).ok()
    }
}

/// Operation and body of one request.
fn request(stream: &TcpStream) -> Option<(String, String)> {
    let mut reader = BufReader::new(stream);
    let (mut operation, mut length) = (String::new(), 0);
    for line in reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap_or_default();
        match &*name.to_ascii_lowercase() {
            "x-amz-target" => operation = value.rsplit('.').next()?.to_owned(),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((operation, String::from_utf8(body).ok()?))
}

/// A member of JSON that holds a text without quotes in it.
pub(super) fn member<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    body.split_once(&format!(r#""{name}":""#))?.1.split('"').next()
}
