//! The servers themselves.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "test code")]

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use portward_test_servers::{Durability, Postgres, Redis, SmallDisk};

fn postgres(durability: Durability) -> Option<Postgres> {
    Postgres::start(durability).unwrap()
}

fn insert(server: &Postgres, database: &str, number: u32) {
    server.sql(database, &format!("INSERT INTO numbers VALUES ({number})")).unwrap();
}

fn sum(server: &Postgres, database: &str) -> String {
    server.sql(database, "SELECT sum(number) FROM numbers").unwrap()
}

#[test]
fn what_was_committed_outlives_a_kill() {
    let Some(server) = postgres(Durability::Synced) else { return };
    let (one, two) = (server.create_database().unwrap(), server.create_database().unwrap());
    assert_ne!(one, two);
    server.sql(&one, "CREATE TABLE numbers (number integer)").unwrap();
    insert(&server, &one, 1);
    let url = server.url(&one);
    server.kill().unwrap();
    assert!(server.sql(&one, "SELECT 1").is_err());
    server.restart().unwrap();
    assert_eq!((sum(&server, &one).as_str(), server.url(&one)), ("1", url));
    assert!(server.sql(&two, "SELECT number FROM numbers").is_err(), "the control: the other has no such table");
    assert_eq!(server.sql(&one, "SHOW fsync").unwrap(), "on");
}

#[test]
fn an_older_copy_has_forgotten() {
    let Some(server) = postgres(Durability::Fast) else { return };
    let database = server.create_database().unwrap();
    server.sql(&database, "CREATE TABLE numbers (number integer)").unwrap();
    insert(&server, &database, 1);
    let copy = server.copy_data().unwrap();
    insert(&server, &database, 2);
    let other = server.start_on(&copy).unwrap();
    assert_eq!((sum(&server, &database).as_str(), sum(&other, &database).as_str()), ("3", "1"));
    assert_ne!(server.port(), other.port());
    server.restart_on(&copy).unwrap();
    assert_eq!(sum(&server, &database), "1");
    assert!(!server.create_database().unwrap().is_empty());
}

#[test]
fn who_is_paused_does_not_answer() {
    let Some(server) = postgres(Durability::Fast) else { return };
    server.pause().unwrap();
    let start = Instant::now();
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| server.sql("postgres", "SELECT 1").map(|_| start.elapsed()));
        std::thread::sleep(Duration::from_millis(700));
        server.resume().unwrap();
        assert!(asked.join().unwrap().unwrap() >= Duration::from_millis(700));
    });
}

#[test]
fn nothing_is_left_of_a_server() {
    let Some(server) = postgres(Durability::Fast) else { return };
    let directory = PathBuf::from(server.sql("postgres", "SHOW data_directory").unwrap());
    assert!(directory.exists());
    // Also of one that is paused.
    server.pause().unwrap();
    let port = server.port();
    drop(server);
    assert!(!directory.exists());
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

/// This test calls itself as another process, which is killed.
#[test]
fn a_server_does_not_outlive_who_started_it() {
    const NAME: &str = "a_server_does_not_outlive_who_started_it";
    if let Some(file) = std::env::var_os("PORTWARD_TEST_SERVERS_CHILD") {
        let server = postgres(Durability::Fast).unwrap();
        std::fs::write(file, server.sql("postgres", "SHOW data_directory").unwrap()).unwrap();
        std::thread::sleep(Duration::from_secs(60));
        return;
    }
    if postgres(Durability::Fast).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("directory");
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", NAME]).env("PORTWARD_TEST_SERVERS_CHILD", &file).stdout(Stdio::null());
    let mut child = child.spawn().unwrap();
    let wait_until = |what: &str, is_so: &dyn Fn() -> bool| {
        let start = Instant::now();
        while !is_so() {
            assert!(start.elapsed() < Duration::from_secs(120), "{what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    wait_until("it starts", &|| std::fs::read_to_string(&file).is_ok_and(|text| !text.is_empty()));
    let directory = PathBuf::from(std::fs::read_to_string(&file).unwrap());
    assert!(directory.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    wait_until("it is gone", &|| !directory.exists());
}

#[test]
fn a_command_has_a_server_as_long_as_it_runs() {
    if postgres(Durability::Fast).is_none() {
        return;
    }
    let script = r#"psql -X -A -t -d "$PORTWARD_TEST_POSTGRES" -c "SHOW data_directory"; exit 7"#;
    let ran = Command::new(env!("CARGO_BIN_EXE_with-postgres")).args(["sh", "-c", script]).output().unwrap();
    assert_eq!(ran.status.code(), Some(7));
    let directory = PathBuf::from(String::from_utf8(ran.stdout).unwrap().trim());
    assert!(directory.is_absolute() && !directory.exists(), "{}", directory.display());
}

#[test]
fn redis_keeps_what_it_said() {
    let Some(server) = Redis::start().unwrap() else { return };
    assert_eq!(server.says(&["SET", "a", "1"]).unwrap(), "+OK");
    server.kill().unwrap();
    assert!(server.says(&["PING"]).is_err());
    server.restart().unwrap();
    assert_eq!(server.says(&["INCR", "a"]).unwrap(), ":2");
    server.restart_empty().unwrap();
    assert_eq!(server.says(&["INCR", "a"]).unwrap(), ":1");
    assert!(server.url().starts_with("redis://:"));
}

#[test]
fn a_small_disk_is_full_has_room_again_and_is_gone() {
    let Some(disk) = SmallDisk::mount(1).unwrap() else { return };
    let path = disk.path().to_owned();
    let write = || std::fs::write(path.join("a"), [0; 100_000]);
    write().unwrap();
    std::fs::remove_file(path.join("a")).unwrap();
    disk.fill().unwrap();
    assert_eq!(write().unwrap_err().kind(), std::io::ErrorKind::StorageFull);
    disk.make_room().unwrap();
    write().unwrap();
    drop(disk);
    assert!(!path.exists());
}
