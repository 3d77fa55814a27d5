use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::home::Home;

/// Kills a command again and again, at moments from before its start to after its end.
pub(crate) struct Killer {
    most: Duration,
    round: u32,
}

impl Killer {
    /// Of a command that takes about so long. Those that begin with other rounds find other moments.
    pub(crate) const fn new(most: Duration, round: u32) -> Self {
        Self { most, round }
    }

    /// Whether the command had come to its end. Then the next one has less time, else more: about half come to it, however slow the machine is.
    pub(crate) fn kills(&mut self, home: &Home, command: &[&str], input: &[u8]) -> bool {
        let has_ended = killed_after(home, command, input, self.most.mul_f64(scattered(self.round)));
        self.most = self.most.mul_f64(if has_ended { 0.8 } else { 1.25 });
        self.round = self.round.saturating_add(1);
        has_ended
    }
}

/// Feeds the command slowly and kills it after this time. Whether it had come to its end.
pub(super) fn killed_after(home: &Home, command: &[&str], input: &[u8], time: Duration) -> bool {
    let begun = Instant::now();
    let mut child =
        home.command(command).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for piece in input.chunks(16_384) {
                if stdin.write_all(piece).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        while begun.elapsed() < time && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        child.kill().unwrap();
        child.wait().unwrap().success()
    })
}

/// From 0 to 1: the fractions of multiples of the golden ratio lie everywhere, and evenly.
fn scattered(round: u32) -> f64 {
    (f64::from(round) * 0.618_033_988_749_895).fract()
}
