//! The parts of `cargo xtask test`, one row each.

use std::env;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::layers;
use crate::log::Log;
use crate::need::Need;
use crate::postgres::WISH;
use crate::tally::Tally;

/// One part; its minutes stand in `budgets.toml`.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [Need],
    pub(crate) run: fn(&mut Log) -> io::Result<Tally>,
}

/// In the order they run: what answers quickly first.
pub(crate) const PARTS: &[Part] = &[
    Part { name: "format", needs: &[], run: format },
    Part { name: "lint", needs: &[], run: lint },
    Part { name: "layers", needs: &[], run: layers },
    Part { name: "rust", needs: &[], run: rust },
    Part { name: "docs", needs: &[], run: docs },
    Part { name: "faults", needs: &[STRACE], run: faults },
    Part {
        name: "vectors",
        needs: &[
            Need::File("testkit/ref/requirements.txt"),
            PYTHON,
            Need::Venv { folder: "target/venv-testkit", requirements: "testkit/ref/requirements.txt" },
        ],
        run: vectors,
    },
    Part { name: "store", needs: &[Need::File("crates/portward-store/Cargo.toml")], run: store },
    Part {
        name: "postgres",
        needs: &[
            Need::File("testkit/servers/Cargo.toml"),
            Need::Tool { probe: &["sh", "-c", "ls /usr/lib/postgresql/*/bin/initdb"], packages: &["postgresql"] },
            Need::Tool { probe: &["test", "-x", "/usr/sbin/pgbouncer"], packages: &["pgbouncer"] },
            Need::Tool { probe: &["redis-server", "--version"], packages: &["redis-server"] },
        ],
        run: postgres,
    },
    Part {
        name: "kms",
        needs: &[
            Need::File("crates/portward-kms/Cargo.toml"),
            Need::Tool { probe: &["softhsm2-util", "--version"], packages: &["softhsm2"] },
            STRACE,
            PYTHON,
            MOTO,
        ],
        run: kms,
    },
    Part { name: "http", needs: &[], run: http },
    Part {
        name: "browser",
        needs: &[
            Need::Tool { probe: &["chromedriver", "--version"], packages: &["chromium", "chromium-driver"] },
            Need::Tool { probe: &["chromium", "--version"], packages: &["chromium"] },
        ],
        run: browser,
    },
    Part {
        name: "python",
        needs: &[
            Need::File("bindings/python/Cargo.toml"),
            PYTHON,
            Need::Venv { folder: "target/venv-python", requirements: "bindings/python/tests/requirements.txt" },
            WISH,
        ],
        run: crate::python::run,
    },
    Part {
        name: "node",
        needs: &[
            Need::File("bindings/node/package.json"),
            Need::Tool { probe: &["npm", "--version"], packages: &["nodejs", "npm"] },
            PYTHON,
            MOTO,
            WISH,
        ],
        run: crate::node::run,
    },
    Part {
        name: "mobile",
        needs: &[
            Need::File("bindings/mobile/Cargo.toml"),
            Need::Wish { probe: &["mvn", "--version"], packages: &["maven"] },
        ],
        run: crate::mobile::run,
    },
    Part { name: "fuzz", needs: crate::fuzz::NEEDS, run: crate::fuzz::short },
    Part { name: "timing", needs: crate::timing::NEEDS, run: crate::timing::run },
    Part { name: "benches-build", needs: &[Need::File(BENCHES), Need::TimeLeft], run: benches_build },
];

fn format(log: &mut Log) -> io::Result<Tally> {
    let plain = ["--", "--color", "never"];
    let mut success = log.run(cargo(&["fmt", "--all", "--check"]).args(plain))?.success;
    for apart in [BENCHES, "fuzz/Cargo.toml"].into_iter().filter(|apart| Path::new(apart).exists()) {
        success &= log.run(cargo(&["fmt", "--check", "--manifest-path", apart]).args(plain))?.success;
    }
    Ok(Tally::one(success))
}

fn lint(log: &mut Log) -> io::Result<Tally> {
    let ran =
        log.run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]))?;
    let mut success = ran.success;
    // What one binding takes of the bridge; all of it together would hide what a part lacks.
    for features in ["", "backend", "holder"] {
        let bridge = ["clippy", "-p", "portward-bridge", "--features", features, "--", "-D", "warnings"];
        success &= log.run(&mut cargo(&bridge))?.success;
    }
    Ok(Tally::one(success))
}

fn layers(log: &mut Log) -> io::Result<Tally> {
    let violations = layers::check()?;
    violations.iter().try_for_each(|violation| log.note(violation))?;
    Ok(Tally::one(violations.is_empty()))
}

fn rust(log: &mut Log) -> io::Result<Tally> {
    let ran = log.run(&mut cargo(&["test", "--workspace", "--no-fail-fast"]))?;
    let all = Tally::of_cargo_test(&ran.output).with_exit(ran.success);
    // The command asks for the faster cipher, so everything above ran with it: encryption once more with the one that is always there.
    let ran = log.run(&mut cargo(&["test", "-p", "portward", "--lib", "--", "primitive", "envelope"]))?;
    Ok(all + Tally::of_cargo_test(&ran.output).with_exit(ran.success))
}

fn faults(log: &mut Log) -> io::Result<Tally> {
    let ran = log.run(&mut cargo(&["test", "-p", "portward-cli", "--test", "cli", "--", "--ignored", "faults::"]))?;
    Ok(Tally::of_cargo_test(&ran.output).with_exit(ran.success))
}

fn docs(log: &mut Log) -> io::Result<Tally> {
    let ran =
        log.run(cargo(&["doc", "--workspace", "--all-features", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    // The listing is made by rustdoc, too; of another release of Rust it cannot be read, which the log says.
    let listing = log.run(crate::supply::program()?.args(["api", "--check"]))?;
    let is_read = !listing.output.contains("skipped: ");
    Ok(Tally::one(ran.success) + if is_read { Tally::one(listing.success) } else { Tally::SKIPPED })
}

fn vectors(log: &mut Log) -> io::Result<Tally> {
    let python = "target/venv-testkit/bin/python";
    let fresh = log.run(Command::new(python).args(["testkit/ref/generate.py", "--check"]))?;
    // What the command seals, the reference opens, and the other way round.
    let built = log.run(&mut cargo(&["build", "-p", "portward-cli"]))?;
    let command = env::current_dir()?.join("target/debug/portward");
    let mut tests = Command::new(python);
    tests.args(["-m", "pytest", "-q", "testkit/ref"]).env("PORTWARD_BIN", command);
    let tests = log.run(&mut tests)?;
    // And the questions that the fuzzer once asked of both.
    let mut replay = cargo(&["test", "-p", "portward-laws", "--test", "replay", "every_input_holds"]);
    let replay = log.run(replay.env("PORTWARD_REF_PYTHON", env::current_dir()?.join(python)))?;
    Ok(Tally::one(built.success)
        + Tally::one(fresh.success)
        + Tally::of_pytest(&tests.output).with_exit(tests.success)
        + Tally::of_cargo_test(&replay.output).with_exit(replay.success))
}

fn store(log: &mut Log) -> io::Result<Tally> {
    // The command asks for the key store, so the workspace's tests ran with it: once more without.
    let ran = log.run(&mut cargo(&["test", "-p", "portward-store", "--no-fail-fast"]))?;
    Ok(Tally::of_cargo_test(&ran.output).with_exit(ran.success))
}

fn postgres(log: &mut Log) -> io::Result<Tally> {
    // A server that does not start is a failure here, and not a reason to leave tests out.
    let mut with = |arguments: &[&str]| {
        let mut test = cargo(&["test", "--no-fail-fast"]);
        let ran = log.run(test.args(arguments).env("PORTWARD_TEST_SERVERS", "1"))?;
        Ok::<_, io::Error>(Tally::of_cargo_test(&ran.output).with_exit(ran.success))
    };
    let servers = with(&["-p", "portward-test-servers"])?;
    let command = with(&["-p", "portward-cli", "--test", "cli", "--", "postgres"])?;
    Ok(servers + command + with(&["-p", "portward-store", "--features", "backup,keys,links,postgres,redis"])?)
}

fn kms(log: &mut Log) -> io::Result<Tally> {
    // One after the other, so that the crate is also built as most take it: without the SDK of AWS.
    let mut with = |package, feature, filter: &[&str]| {
        let arguments = [&["test", "-p", package, "--features", feature, "--no-fail-fast", "--"], filter].concat();
        let ran = log.run(&mut cargo(&arguments))?;
        Ok::<_, io::Error>(Tally::of_cargo_test(&ran.output).with_exit(ran.success))
    };
    let token = with("portward-kms", "softhsm-tests", &[])?;
    let command = with("portward-cli", "softhsm-tests", &["wrapped::"])?;
    let service = with("portward-kms", "aws-kms-tests", &[])?;
    Ok(token + command + service + with("portward-cli", "aws-kms-tests", &["aws::"])?)
}

fn http(log: &mut Log) -> io::Result<Tally> {
    // The workspace's tests ran without axum.
    let ran = log.run(&mut cargo(&[
        "test",
        "-p",
        "portward-http",
        "--features",
        "axum,store",
        "--no-fail-fast",
        "--",
        "--skip",
        "browser::",
    ]))?;
    Ok(Tally::of_cargo_test(&ran.output).with_exit(ran.success))
}

fn browser(log: &mut Log) -> io::Result<Tally> {
    let test =
        ["test", "-p", "portward-http", "--features", "axum,store", "--test", "store", "--", "--ignored", "browser::"];
    let ran = log.run(&mut cargo(&test))?;
    Ok(Tally::of_cargo_test(&ran.output).with_exit(ran.success))
}

fn benches_build(log: &mut Log) -> io::Result<Tally> {
    let mut check = |features| {
        let check = ["check", "--all-targets", "--manifest-path", BENCHES, "--target-dir", "target/benches"];
        Ok::<_, io::Error>(Tally::one(log.run(cargo(&check).args(["--features", features]))?.success))
    };
    Ok(check("")? + check("fast-aes,ciphers")?)
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.env("CARGO_TERM_COLOR", "never").args(arguments);
    command
}

pub(crate) const STRACE: Need = Need::Tool { probe: &["strace", "-qq", "true"], packages: &["strace"] };
const BENCHES: &str = "benches/Cargo.toml";
/// A KMS to talk to.
pub(crate) const MOTO: Need =
    Need::Venv { folder: "target/venv-moto", requirements: "crates/portward-kms/tests/moto/requirements.txt" };
pub(crate) const PYTHON: Need =
    Need::Tool { probe: &["python3", "-c", "import ensurepip"], packages: &["python3", "python3-venv"] };
