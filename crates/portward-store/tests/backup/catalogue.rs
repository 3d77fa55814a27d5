use std::fs;
use std::sync::Arc;
use std::time::Duration;

use portward::{Deployment, Keyring, Vocabulary};
use portward_store::backup::{Backups, Retention, Unmatched};

use crate::world::{MONTH, World, code, copy_folder, now, path_of, sealed_files, verify};

#[tokio::test(flavor = "multi_thread")]
async fn swapped_renamed_and_missing_files_are_refused() {
    let world = World::new();
    let backups = world.backups();
    let (one, two) = (world.stream(&backups, b"first").await, world.stream(&backups, b"other").await);
    let (first, second) = (path_of(&backups, &one), path_of(&backups, &two));
    assert_eq!(one.length, two.length, "as alike as can be");
    // The older in the place of the newer.
    let newer = fs::read(&second).unwrap();
    fs::copy(&first, &second).unwrap();
    assert_eq!(verify(&backups, two.number).await, Err("wrong_commitment"));
    let given = backups.restore_stream("notes".parse().unwrap(), None, Vec::new()).await;
    assert_eq!(code(given), "wrong_commitment");
    fs::write(&second, &newer).unwrap();
    // Another one, sealed by the same keyring under the same number.
    let elsewhere = world.backups_in("elsewhere").unwrap();
    world.stream(&elsewhere, b"third").await;
    let forged = world.stream(&elsewhere, b"fourt").await;
    fs::copy(path_of(&elsewhere, &forged), &second).unwrap();
    assert_eq!(verify(&backups, two.number).await, Err("backup_swapped"));
    fs::write(&second, &newer).unwrap();
    // Renamed: missing under its name, and a stray.
    fs::rename(&second, backups.path().join("renamed.pwb")).unwrap();
    assert_eq!(verify(&backups, two.number).await, Err("backup_missing"));
    let unmatched = Unmatched { missing: vec![two.number], strays: vec!["renamed.pwb".to_owned()] };
    assert_eq!(backups.unmatched().unwrap(), unmatched);
    assert_eq!(code(backups.remove_strays().await), "backup_missing", "it may be the one");
    fs::rename(backups.path().join("renamed.pwb"), &second).unwrap();
    assert_eq!(backups.unmatched().unwrap(), Unmatched::default());
    // Gone.
    fs::remove_file(&first).unwrap();
    assert_eq!(verify(&backups, one.number).await, Err("backup_missing"));
    assert_eq!(verify(&backups, two.number).await, Ok(()));
    assert_eq!(verify(&backups, 99).await, Err("backup_unknown"));
    // In the place of a file, something else.
    fs::create_dir(&first).unwrap();
    assert_eq!(verify(&backups, one.number).await, Err("backup_differs"));
    fs::remove_dir(&first).unwrap();
    std::os::unix::fs::symlink(&second, &first).unwrap();
    assert_ne!(verify(&backups, one.number).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_state_is_refused_by_who_remembers() {
    let world = World::new();
    let backups = world.backups();
    world.stream(&backups, b"first").await;
    copy_folder(backups.path(), &world.file("older"));
    let two = world.stream(&backups, b"second").await;
    verify(&backups, two.number).await.unwrap();
    fs::rename(backups.path(), world.file("newer")).unwrap();
    fs::rename(world.file("older"), world.file("backups")).unwrap();
    let again = Backups::open(
        &world.file("backups"),
        Arc::clone(&world.deployment),
        Arc::clone(&world.keyring),
        world.options(),
    );
    assert_eq!(code(again), "catalogue_rolled_back");
    assert_eq!(code(backups.catalogue()), "catalogue_rolled_back");
    assert_eq!(code(backups.restore_stream("notes".parse().unwrap(), None, Vec::new()).await), "catalogue_rolled_back");
    assert_eq!(
        code(backups.back_up_stream("notes".parse().unwrap(), Box::new(&b"x"[..]), now()).await),
        "catalogue_rolled_back"
    );
    // Who has no memory believes it.
    let options = portward_store::backup::BackupOptions::default();
    let stranger =
        Backups::open(&world.file("backups"), Arc::clone(&world.deployment), Arc::clone(&world.keyring), options);
    assert_eq!(stranger.unwrap().catalogue().unwrap().highest, 1);
    fs::rename(world.file("backups"), world.file("older")).unwrap();
    fs::rename(world.file("newer"), world.file("backups")).unwrap();
    let (restored, given) = backups.restore_stream("notes".parse().unwrap(), None, Vec::new()).await.unwrap();
    assert_eq!((restored.entry.number, given.as_slice()), (two.number, &b"second"[..]));
    // An older one is restored on purpose only, by its number.
    let (restored, given) = backups.restore_stream("notes".parse().unwrap(), Some(1), Vec::new()).await.unwrap();
    assert_eq!((restored.entry.number, given.as_slice()), (1, &b"first"[..]));
    assert_eq!(code(backups.restore_stream("other".parse().unwrap(), Some(1), Vec::new()).await), "backup_unknown");
}

/// Two jobs of one machine, with a directory each and one memory.
#[tokio::test(flavor = "multi_thread")]
async fn who_remembers_at_once_forgets_nothing() {
    let world = Arc::new(World::new());
    let jobs = ["first", "second", "third"].map(|name| {
        let backups = world.backups_in(name).unwrap();
        let world = Arc::clone(&world);
        tokio::spawn(async move {
            for _ in 0..20 {
                world.stream(&backups, b"x").await;
                backups.catalogue().unwrap();
            }
            backups.catalogue().unwrap().revision
        })
    });
    let mut expected = Vec::new();
    for job in jobs {
        expected.push(job.await.unwrap());
    }
    let seen = fs::read_to_string(world.file("backups.seen")).unwrap();
    let mut seen: Vec<u64> = seen.lines().map(|line| line.split_once(' ').unwrap().1.parse().unwrap()).collect();
    seen.sort_unstable();
    expected.sort_unstable();
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalogue_is_believed_as_it_was_written_only() {
    let world = World::new();
    let backups = world.backups();
    world.stream(&backups, b"first").await;
    let path = backups.path().join("catalogue.pwc");
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        fs::write(&path, &damaged).unwrap();
        let expected = match at {
            0..4 => "catalogue_malformed",
            4 => "catalogue_newer_version",
            5..21 => "catalogue_wrong_deployment",
            // What says how it is to be read: the count, the kind, the length of the name, whether there is a stamp.
            53..57 | 65 | 66 | 120 => "catalogue_malformed",
            at if (whole.len() - 36..whole.len() - 32).contains(&at) => "unknown_root",
            _ => "catalogue_forged",
        };
        assert_eq!(code(backups.catalogue()), expected, "byte {at} of {}", whole.len());
    }
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(code(backups.catalogue()), "catalogue_malformed", "cut to {length}");
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(code(backups.catalogue()), "ok");
    // Of another deployment.
    let deployment = Arc::new(Deployment::generate(Vocabulary::portal()).unwrap());
    let keyring = Arc::new(Keyring::generate(&deployment, now()).unwrap());
    let other = Backups::open(backups.path(), deployment, keyring, Default::default());
    assert_eq!(code(other), "catalogue_wrong_deployment");
    // Where there are files, no new catalogue begins to count from one.
    fs::remove_file(&path).unwrap();
    assert_eq!(code(backups.catalogue()), "catalogue_missing");
    assert_eq!(code(world.backups_in("backups")), "catalogue_missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_keeps_the_newest_and_takes_the_rest_for_good() {
    let world = World::new();
    let keys = world.keys("keys.db", None).await.unwrap();
    keys.new_tenant(crate::world::tenant()).await.unwrap();
    let backups = world.backups();
    let at = |days: u64| now().saturating_add(Duration::from_secs(days * 86_400));
    for days in [0, 10, 30] {
        backups.back_up(portward_store::backup::Kind::Keys, &world.sqlite("keys.db"), at(days)).await.unwrap();
        backups.back_up_stream("notes".parse().unwrap(), Box::new(&b"x"[..]), at(days)).await.unwrap();
    }
    let numbers =
        |entries: &[portward_store::backup::Entry]| entries.iter().map(|entry| entry.number).collect::<Vec<_>>();
    assert_eq!(backups.prune(Retention::default(), at(34)).await.unwrap().removed, []);
    let pruned = backups.prune(Retention::default(), at(46)).await.unwrap();
    assert_eq!((numbers(&pruned.removed), numbers(&pruned.overdue)), (vec![1, 3], vec![]));
    assert_eq!(sealed_files(&backups).len(), 4);
    let pruned = backups.prune(Retention { streams: Some(MONTH), ..Retention::default() }, at(100)).await.unwrap();
    assert_eq!((numbers(&pruned.removed), numbers(&pruned.overdue)), (vec![2, 4], vec![5, 6]));
    assert_eq!(numbers(&backups.catalogue().unwrap().entries), [5, 6]);
    assert_eq!(sealed_files(&backups), ["keys-000000000005.pwb", "stream-000000000006.pwb"]);
    assert_eq!(world.stream(&backups, b"y").await.number, 7, "no number comes twice");
    // What a crash left is told of, and goes when that is said.
    fs::write(backups.path().join("keys-000000000001.pwb"), b"left").unwrap();
    assert_eq!(backups.remove_strays().await.unwrap(), ["keys-000000000001.pwb"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_at_once_get_numbers_of_their_own() {
    let world = Arc::new(World::new());
    let backups = world.backups();
    let made = (0..8).map(|_| {
        let (world, backups) = (Arc::clone(&world), backups.clone());
        tokio::spawn(async move { world.stream(&backups, b"x").await.number })
    });
    let mut numbers = Vec::new();
    for made in made.collect::<Vec<_>>() {
        numbers.push(made.await.unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
    for number in numbers {
        verify(&backups, number).await.unwrap();
    }
}
