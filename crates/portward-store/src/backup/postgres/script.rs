//! The SQL that `pg_restore` makes of an archive, read for its rows.

/// Lines between `COPY … FROM stdin;` and `\.`, in constant memory. Who reads is told of a table where its rows begin, then of each row.
pub(crate) struct Script<F> {
    line: Vec<u8>,
    is_cut: bool,
    table: Option<(String, String)>,
    said: F,
}

/// What is held of a line: more than the longest `COPY` with all its columns. Of rows that are longer, that they are there is enough.
const LINE_MAX: usize = 1 << 20;

impl<F: FnMut(&(String, String), Option<&[u8]>)> Script<F> {
    pub(crate) const fn new(said: F) -> Self {
        Self { line: Vec::new(), is_cut: false, table: None, said }
    }

    pub(crate) fn read(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (piece, ends) = piece.strip_suffix(b"\n").map_or((piece, false), |piece| (piece, true));
            let room = LINE_MAX.saturating_sub(self.line.len());
            self.is_cut |= piece.len() > room;
            self.line.extend_from_slice(piece.get(..room).unwrap_or(piece));
            if ends {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        match &self.table {
            Some(_) if self.line == b"\\." && !self.is_cut => self.table = None,
            Some(table) => (self.said)(table, Some(&self.line)),
            None if !self.is_cut => {
                self.table = copied(&self.line);
                self.table.iter().for_each(|table| (self.said)(table, None));
            }
            None => {}
        }
        self.line.clear();
        self.is_cut = false;
    }
}

/// Schema and table of `COPY schema.table (column, …) FROM stdin;`.
fn copied(line: &[u8]) -> Option<(String, String)> {
    let line = core::str::from_utf8(line).ok()?;
    let rest = line.strip_prefix("COPY ")?.strip_suffix(" FROM stdin;")?;
    let (schema, rest) = name(rest)?;
    let (table, _) = name(rest.strip_prefix('.')?)?;
    Some((schema, table))
}

/// A name, in quotation marks or not, and what follows it.
fn name(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(['.', ' ']).unwrap_or(text.len());
        let (name, rest) = text.split_at_checked(end)?;
        return Some((name.to_owned(), rest));
    };
    let (mut name, mut rest) = (String::new(), quoted);
    loop {
        let (before, after) = rest.split_once('"')?;
        name.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return Some((name, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_however_the_script_is_cut() {
        let script = b"SET x;\nCOPY public.plain (a, b) FROM stdin;\n1\t2\nCOPY public.other (a) FROM stdin;\n\\.\n\nCOPY \"My \"\"S\"\"\".\"T.1\" (a) FROM stdin;\n\\\\.\n\\.\nCOPY public.none  FROM stdin;\n\\.\n";
        for step in [1, 3, script.len()] {
            let mut rows = Vec::new();
            let mut read = Script::new(|table: &(String, String), row: Option<&[u8]>| {
                rows.extend(row.map(|row| (table.clone(), row.to_vec())));
            });
            script.chunks(step).for_each(|piece| read.read(piece));
            let plain = ("public".to_owned(), "plain".to_owned());
            let odd = ("My \"S\"".to_owned(), "T.1".to_owned());
            let expected = [
                (plain.clone(), b"1\t2".to_vec()),
                (plain, b"COPY public.other (a) FROM stdin;".to_vec()),
                (odd, b"\\\\.".to_vec()),
            ];
            assert_eq!(rows, expected);
        }
    }

    #[test]
    fn a_long_row_is_one_row() {
        let (mut rows, mut longest) = (0, 0);
        let mut read = Script::new(|_: &(String, String), row: Option<&[u8]>| {
            rows += usize::from(row.is_some());
            longest = row.map_or(0, <[u8]>::len);
        });
        read.read(b"COPY a.b (c) FROM stdin;\n");
        (0..40).for_each(|_| read.read(&[b'x'; 100_000]));
        read.read(b"\n\\.\nx\n");
        assert_eq!((rows, longest), (1, LINE_MAX));
    }
}
