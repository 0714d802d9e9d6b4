//! What the office's own registry says about its copies.

use super::Office;
use crate::error::Failure;
use crate::registry::Entry;
use crate::registry::status::StatusRow;
use crate::store::StoreError;
use crate::verify::status::{Silence, Since};
use crate::verify::{Status, StatusAnswer, StatusSource, Text};

impl Office {
    /// The entry of a copy that is known by its id alone (32 lower-case hexadecimal digits), and what the registry says about it;
    /// `None` for an id that the office does not know, or not any more.
    ///
    /// # Errors
    /// The store's; `status-unknown` where the entry cannot be read.
    pub fn status_by_id(&self, copy_id: &str) -> Result<Option<(u64, StatusAnswer)>, Failure> {
        self.refuse_forgotten()?;
        let Some(index) = self.store.index_of_copy(copy_id)? else { return Ok(None) };
        let answer = self.status(&self.config.office.code, index).map_err(|_| {
            Failure::new(
                "status-unknown",
                format!("entry {index} cannot be read"),
                "run `saoy registry check`",
            )
        })?;
        Ok(Some((index, answer)))
    }
}

impl StatusSource for Office {
    /// Of what the database has now, which another process may have written since this one opened it.
    fn status(&self, office: &str, index: u64) -> Result<StatusAnswer, Silence> {
        if office != self.config.office.code {
            return Err(Silence::OtherOffice);
        }
        if self.behind.is_some() {
            return Err(Silence::Unable(Text::new(
                "không hỏi được sổ đăng ký của cơ quan: cơ sở dữ liệu thiếu phần cơ quan đã ký, có thể là bản khôi phục",
                "the office's registry cannot be asked: its database is behind what the office has signed, perhaps a restored backup",
            )));
        }
        let unreadable = |_| {
            Silence::Unable(Text::new(
                "không đọc được sổ đăng ký của cơ quan",
                "the office's registry cannot be read",
            ))
        };
        let before = self.clock.now();
        let log = self.store.log();
        let Some((logged, row)) = log.entry_and_state(index).map_err(unreadable)? else {
            return Err(Silence::NoEntry { size: log.size().map_err(unreadable)? });
        };
        let entry = Entry::parse(&logged.entry).map_err(|_| StoreError::Corrupt { what: "an entry".into() });
        let number = |row: &StatusRow| {
            let line = self.store.register_row(row.replacement).ok()?;
            line.map(|line| line.book.to_string())
        };
        Ok(StatusAnswer {
            entry: Some(entry.map_err(unreadable)?),
            status: Status::of(row.as_ref()),
            since: row.as_ref().map(Since::of),
            replacement: row.as_ref().filter(|row| matches!(row.kind, 4 | 5)).and_then(number),
            // Never before what it tells: what ended had ended when it was read, what is in force was so when the question was put.
            as_of: if row.is_some() { self.clock.now() } else { before },
            until: None,
        })
    }
}
