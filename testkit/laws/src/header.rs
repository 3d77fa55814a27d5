//! Headers and slots have one form, say how long they are, and are whole or refused. `spec/envelope.md` sections 3 and 4.

use portward::envelope::{Header, KekName, KekType, SLOTS_MAX, Slot};

pub(crate) fn header(data: &[u8]) {
    let Ok((header, length)) = Header::parse(data) else { return };
    let (head, body) = data.split_at(length);
    assert_eq!(written(&header), head, "two forms of one header");
    assert!(header.slots().len() <= SLOTS_MAX && length <= Header::LENGTH_MAX);
    // What is behind it is not looked at, and nothing of it can be missing.
    let read = Header::parse(&[head, &[0xAA][..]].concat()).unwrap();
    assert_eq!((&read.0, read.1), (&header, length));
    assert!(Header::parse(&head[..length - 1]).is_err());
    let again = match header.slots().to_vec() {
        slots if slots.is_empty() => Some(Header::detached(header.data_key())),
        slots => Header::embedded(header.data_key(), slots),
    };
    assert_eq!(again, Some(header));
    if let Some((_, rest)) = body.split_first() {
        assert!(Header::parse(rest).is_err() || rest[0] == 0xF5);
    }
}

fn written(header: &Header) -> Vec<u8> {
    let slots: Vec<u8> = header.slots().iter().flat_map(Slot::to_bytes).collect();
    let mut bytes = vec![0xF5, 1, 1, u8::from(!slots.is_empty())];
    bytes.extend(header.data_key());
    if !slots.is_empty() {
        bytes.extend(u16::try_from(slots.len() + 1).unwrap().to_be_bytes());
        bytes.push(u8::try_from(header.slots().len()).unwrap());
        bytes.extend(slots);
    }
    bytes
}

pub(crate) fn slot(data: &[u8]) {
    let Some(slot) = Slot::from_bytes(data) else { return };
    assert_eq!(slot.to_bytes(), data, "two forms of one slot");
    let kek = slot.kek();
    assert_eq!(Slot::new(kek.clone(), slot.wrapped()), Some(slot.clone()));
    // No known type hides behind an unknown one.
    let same = KekName::new(KekType::Other(kek.kind().wire()), kek.id(), kek.version());
    assert_eq!(same, *kek);
    assert!((1..=64).contains(&kek.id().len()) && (1..=6144).contains(&slot.wrapped().len()));
    assert!(Slot::from_bytes(&data[..data.len() - 1]).is_none());
    assert!(Slot::from_bytes(&[data, &[0]].concat()).is_none());
}
