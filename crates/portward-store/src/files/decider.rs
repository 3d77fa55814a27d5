use crate::events::Operation;
use crate::files::atomic::{Guard, OTHERS_READ};
use crate::files::{Directory, FileError, FilesError, Locked};

impl Directory {
    /// The store that decides what is revoked, in the place of the view of this directory, as it was called when it took over.
    ///
    /// # Errors
    /// [`FilesError::File`].
    pub fn deciding_store(&self) -> Result<Option<String>, FilesError> {
        if !self.has(STORE) {
            return Ok(None);
        }
        let bytes = self.read(STORE, 4096, Guard::Believed)?;
        let text =
            core::str::from_utf8(&bytes).map_err(|_| FilesError::File(self.file(STORE), FileError::Malformed))?;
        Ok(Some(text.trim_ascii_end().to_owned()))
    }

    /// The view of this directory says nothing any more once a store decides.
    ///
    /// # Errors
    /// [`FilesError::StoreDecides`], [`FilesError::File`].
    pub fn refuse_decided(&self) -> Result<(), FilesError> {
        match self.deciding_store()? {
            Some(store) => Err(FilesError::StoreDecides(self.file(STORE), store)),
            None => Ok(()),
        }
    }
}

impl Locked<'_> {
    /// From now on this store decides what is revoked, and the view of the directory is refused: a program that was not told of the store would find
    /// valid what the store revoked. `store` is how it is called, without what may be secret. If it is gone for good, the file is removed by hand.
    /// Told is another store than the one that decided.
    ///
    /// # Errors
    /// [`FilesError::File`], [`FilesError::Sink`].
    pub fn let_decide(&self, store: &str) -> Result<(), FilesError> {
        if self.directory().deciding_store()?.as_deref() != Some(store) {
            self.tell_with(Operation::StoreDecides, store)?;
        }
        self.replace(STORE, format!("{store}\n").as_bytes(), OTHERS_READ)
    }
}

const STORE: &str = "store";
