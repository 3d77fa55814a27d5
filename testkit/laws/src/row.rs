//! A row is believed as it was written and no other way: its encoding takes apart what stands beside each other. `spec/store.md` section 1.

use arbitrary::{Result, Unstructured};
use portward::{Row, RowError, RowValue};

use crate::edit::place;
use crate::sign;
use crate::world::{OLD_ROOT, ROOT, WORLD};

type Fields = Vec<(String, Held)>;

#[derive(Clone, PartialEq, Debug)]
enum Held {
    Absent,
    Number(u64),
    Text(String),
    Bytes(Vec<u8>),
}

pub(crate) fn holds(data: &[u8]) {
    let _ = run(&mut Unstructured::new(data));
}

fn run(input: &mut Unstructured<'_>) -> Result<()> {
    let row = (text(input)?, (0..input.int_in_range(0..=4)?).map(|_| field(input)).collect::<Result<Fields>>()?);
    let mac = with_row(&row, |row| WORLD.keyring.mac_row(row)).unwrap();
    let key = sign::derive(WORLD.root(ROOT).unwrap(), "portward/v1/row", &[]);
    assert_eq!((mac.root.to_bytes(), mac.mac), (ROOT, sign::hmac(&key, &[&encoded(&row)])), "{row:?}");
    assert_eq!(with_row(&row, |row| WORLD.keyring.check_row(row, &mac)), Ok(()));
    let mut other = row.clone();
    for _ in 0..input.int_in_range(1..=3)? {
        change(input, &mut other)?;
    }
    let expected = if other == row { Ok(()) } else { Err(RowError::Forged) };
    assert_eq!(with_row(&other, |row| WORLD.keyring.check_row(row, &mac)), expected, "{other:?} is taken for {row:?}");
    for (root, error) in [(OLD_ROOT, RowError::Forged), ([9; 4], RowError::UnknownRoot)] {
        let mac = portward::RowMac { root: portward::RootId::from_bytes(root), ..mac };
        assert_eq!(with_row(&row, |row| WORLD.keyring.check_row(row, &mac)), Err(error));
    }
    Ok(())
}

fn encoded((table, fields): &(String, Fields)) -> Vec<u8> {
    let lp = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat();
    let field = |(name, held): &(String, Held)| {
        let value = match held {
            Held::Absent => vec![0x00],
            Held::Number(number) => [vec![0x01], lp(&number.to_be_bytes())].concat(),
            Held::Text(text) => [vec![0x02], lp(text.as_bytes())].concat(),
            Held::Bytes(bytes) => [vec![0x03], lp(bytes)].concat(),
        };
        [lp(name.as_bytes()), value].concat()
    };
    let count = (fields.len() as u16).to_be_bytes();
    [lp(table.as_bytes()), count.to_vec(), fields.iter().flat_map(field).collect()].concat()
}

fn with_row<T>((table, fields): &(String, Fields), then: impl FnOnce(&Row<'_>) -> T) -> T {
    let value = |held| match held {
        &Held::Absent => RowValue::Absent,
        &Held::Number(number) => RowValue::Number(number),
        Held::Text(text) => RowValue::Text(text),
        Held::Bytes(bytes) => RowValue::Bytes(bytes),
    };
    let fields: Vec<_> = fields.iter().map(|(name, held)| (name.as_str(), value(held))).collect();
    then(&Row { table, fields: &fields })
}

/// A few characters of few kinds, so that one ends as the next begins.
fn text(input: &mut Unstructured<'_>) -> Result<String> {
    (0..input.int_in_range(0..=3)?).map(|_| Ok(char::from(*input.choose(b"ab\0\x01\x02\x03")?))).collect()
}

fn field(input: &mut Unstructured<'_>) -> Result<(String, Held)> {
    Ok((text(input)?, held(input)?))
}

fn held(input: &mut Unstructured<'_>) -> Result<Held> {
    Ok(match input.int_in_range(0..=3)? {
        0 => Held::Absent,
        1 => Held::Number(if input.arbitrary()? { input.arbitrary()? } else { input.int_in_range(0..=3)? }),
        2 => Held::Text(text(input)?),
        _ => Held::Bytes(text(input)?.into_bytes()),
    })
}

fn change(input: &mut Unstructured<'_>, (table, fields): &mut (String, Fields)) -> Result<()> {
    if fields.is_empty() {
        fields.push(field(input)?);
        return Ok(());
    }
    let (at, to) = (place(input, fields.len() - 1)?, place(input, fields.len() - 1)?);
    match input.int_in_range(0..=7)? {
        0 => fields.swap(at, to),
        1 => _ = fields.remove(at),
        2 => fields.insert(at, field(input)?),
        3 => *table = text(input)?,
        4 => fields[at].1 = held(input)?,
        5 => {
            // What ends the name begins the value.
            if let (Some(last), Held::Text(text)) = (fields[at].0.pop(), fields[at].1.clone()) {
                fields[at].1 = Held::Text(format!("{last}{text}"));
            }
        }
        6 => {
            fields[at].1 = match fields[at].1.clone() {
                Held::Absent => Held::Text(String::new()),
                Held::Text(text) => Held::Bytes(text.into_bytes()),
                Held::Number(number) => Held::Bytes(number.to_be_bytes().to_vec()),
                Held::Bytes(_) => Held::Absent,
            }
        }
        _ => {
            let name = std::mem::take(&mut fields[to].0);
            fields[at].0.push_str(&name);
        }
    }
    Ok(())
}
