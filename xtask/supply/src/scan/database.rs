//! A database of advisories that is there, is not empty, and is of a known and recent date.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use rustsec::{Collection, Database};
use time::Date;

use super::day::day;

pub(crate) struct Advisories {
    pub(crate) database: Database,
    date: Date,
    age: i64,
    count: usize,
    newest: String,
}

impl Advisories {
    /// Reads the files below `crates/`, all of which have to be sound, and the date at the beginning of the file `DATE`.
    pub(crate) fn open(folder: &Path, today: Date, max_age: i64) -> io::Result<Self> {
        let here = folder.display();
        let refuse = |why: String| io::Error::other(format!("no advisories were looked up: {why}"));
        let stamp = fs::read_to_string(folder.join("DATE"));
        let stamp = stamp.map_err(|error| refuse(format!("{here}: no file DATE says how old they are ({error})")))?;
        let date = day(stamp.split_whitespace().next().unwrap_or_default())?;
        let age = (today - date).whole_days();
        if age < 0 {
            return Err(refuse(format!("those in {here} are dated {date}, after {today}")));
        }
        if age > max_age {
            return Err(refuse(format!("those in {here} are of {date}, {age} days old; {max_age} are allowed")));
        }

        let database = Database::open(folder).map_err(|error| refuse(error.to_string()))?;
        let metadata = database.iter().map(|advisory| &advisory.metadata);
        let current = metadata.filter(|data| data.collection == Some(Collection::Crates) && data.withdrawn.is_none());
        let dates: Vec<&str> = current.map(|data| data.date.as_str()).collect();
        let Some(newest) = dates.iter().max().map(|date| (*date).to_owned()) else {
            return Err(refuse(format!("there are none in {here}")));
        };
        Ok(Self { date, age, count: dates.len(), newest, database })
    }
}

impl fmt::Display for Advisories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { date, age, count, newest, .. } = self;
        write!(f, "{count} advisories of {date}, {age} days old, the newest one of {newest}")
    }
}
