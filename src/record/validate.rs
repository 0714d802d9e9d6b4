//! What must be true of a record besides its shape. `docs/format.md`, section 1, has the same list in words.

use data_encoding::BASE64URL_NOPAD;

use super::{
    Act, Digest, MAX_INTEGER, PageDigest, Record, RecordError, Role, SD_ALG, VERSION, day_from_text,
    day_to_date, parse_timestamp, vietnam_day,
};

/// The longest name, title or symbol, in bytes.
const MAX_TEXT: usize = 512;

impl Record {
    /// Whether the members agree with each other and with the format.
    ///
    /// # Errors
    /// [`RecordError::Version`] and [`RecordError::Member`], the first in the order of the members.
    pub fn validate(&self) -> Result<(), RecordError> {
        if self.version != VERSION {
            return Err(RecordError::Version { found: Some(self.version) });
        }
        self.validate_people()?;
        self.validate_times()?;
        self.validate_pages()?;
        if let Some(form) = &self.form {
            let word = |word: &str| {
                !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            };
            ensure(
                form.len() <= 64 && form.split('-').all(word),
                "form",
                "is not lower-case words joined by -",
            )?;
        }
        ensure(self.copies > 0, "copies", "is 0")?;
        ensure(decodes_to(&self.salt, 32), "salt", "is not 32 bytes in base64url without padding")?;
        for (i, digest) in self.sd.iter().enumerate() {
            if !decodes_to(digest, 32) {
                return Err(member(format!("_sd[{i}]"), "is not 32 bytes in base64url without padding"));
            }
        }
        ensure(self.sd.is_sorted_by(|a, b| a < b), "_sd", "is not sorted, or holds a digest twice")?;
        ensure(self.sd_alg == SD_ALG, "_sd_alg", "is not sha-256")
    }

    fn validate_people(&self) -> Result<(), RecordError> {
        check_office_code(&self.office.code)?;
        text(&self.office.name, "office.name")?;
        if let Some(officer) = &self.officer {
            text(&officer.name, "officer.name")?;
            text(&officer.title, "officer.title")?;
        }
        // A trial is a copy of an office that has no officer's certificate: his signature, and only his, is missing.
        let roles: Vec<Role> = self.signers.iter().map(|signer| signer.role).collect();
        let expected: Vec<Role> =
            self.act.signers().iter().copied().filter(|role| !self.trial || *role != Role::Officer).collect();
        ensure(roles == expected && !roles.is_empty(), "signers", "are not those that the act asks for")?;
        ensure(
            self.trial || self.officer.is_some() || !self.act.has_officer(),
            "officer",
            "is missing though the act is a person's",
        )?;
        ensure(
            !(self.trial && self.act == Act::AgencyCopy),
            "trial",
            "is true though the act needs no officer's certificate",
        )?;
        if let [first, second] = self.signers.as_slice() {
            ensure(first.certificate != second.certificate, "signers", "have the same certificate")?;
        }
        text(&self.book.symbol, "book.symbol")?;
        ensure((1..=MAX_INTEGER).contains(&self.book.number), "book.number", "is 0 or beyond 2^53 - 1")
    }

    fn validate_times(&self) -> Result<(), RecordError> {
        let day = day_from_text(&self.date).ok_or_else(|| member("date", "is not a day as YYYY-MM-DD"))?;
        let read = |text: &str, name: &str| {
            parse_timestamp(text).ok_or_else(|| member(name, "is not a time as YYYY-MM-DDThh:mm:ssZ"))
        };
        let converted = read(&self.converted_at, "converted_at")?;
        let compared = read(&self.compared_at, "compared_at")?;
        let issued = read(&self.issued_at, "issued_at")?;
        ensure(converted <= issued, "converted_at", "is after issued_at")?;
        ensure(compared <= issued, "compared_at", "is after issued_at")?;
        ensure(vietnam_day(issued) == day, "date", "is not the day of issued_at in Vietnam")?;
        let year = day_to_date(day).map(|date| date.year());
        ensure(year == Some(i32::from(self.book.year)), "book.year", "is not the year of date")
    }

    fn validate_pages(&self) -> Result<(), RecordError> {
        ensure(!self.pages.is_empty(), "pages", "is empty")?;
        ensure(self.sources.len() == self.pages.len(), "sources", "are not as many as pages")?;
        for (i, source) in self.sources.iter().enumerate() {
            if source.page == 0 {
                return Err(member(format!("sources[{i}].page"), "is 0, pages count from 1"));
            }
        }
        for (i, page) in self.pages.iter().enumerate() {
            check_page(page).map_err(|(name, problem)| member(format!("pages[{i}].{name}"), problem))?;
        }
        Ok(())
    }
}

/// An office's code, `H99.01`: 1 to 32 ASCII letters and digits, in groups joined by `.` or `-`, so that it can stand
/// in a log's origin.
///
/// # Errors
/// [`RecordError::Member`] for anything else.
pub fn check_office_code(code: &str) -> Result<(), RecordError> {
    let group = |group: &str| !group.is_empty() && group.bytes().all(|b| b.is_ascii_alphanumeric());
    ensure(
        code.len() <= 32 && code.split(['.', '-']).all(group),
        "office.code",
        "is not 1 to 32 letters and digits in groups joined by . or -",
    )
}

fn check_page(page: &PageDigest) -> Result<(), (&'static str, &'static str)> {
    let filter = page.filter.as_str();
    let ensure = |holds: bool, name, problem| if holds { Ok(()) } else { Err((name, problem)) };
    ensure(
        matches!(filter, "DCTDecode" | "JPXDecode" | "JBIG2Decode" | "CCITTFaxDecode" | "FlateDecode"),
        "filter",
        "is not one that a copy may have",
    )?;
    let jpx = filter == "JPXDecode";
    ensure(
        color_space(&page.color_space) || jpx && page.color_space.is_empty(),
        "color_space",
        "is not one that a copy may have",
    )?;
    ensure(page.width > 0, "width", "is 0")?;
    ensure(page.height > 0, "height", "is 0")?;
    ensure(
        matches!(page.bits, 1 | 2 | 4 | 8 | 16) || jpx && page.bits == 0,
        "bits",
        "is not 1, 2, 4, 8 or 16",
    )?;
    if let Some(decode) = &page.decode {
        ensure(!decode.is_empty() && decode.len().is_multiple_of(2), "decode", "is not a list of pairs")?;
    }
    if let Some(parms) = &page.decode_parms {
        let name = |name: &String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric());
        let value = |value: &String| {
            !value.is_empty() && value.len() <= MAX_TEXT && value.bytes().all(|b| b.is_ascii_graphic())
        };
        ensure(
            !parms.is_empty() && parms.iter().all(|(k, v)| name(k) && value(v)),
            "decode_parms",
            "are not names with PDF text",
        )?;
    }
    ensure(page.globals.is_none() || filter == "JBIG2Decode", "globals", "belong to JBIG2Decode only")
}

fn color_space(text: &str) -> bool {
    let base = |text: &str| match text {
        "DeviceGray" | "DeviceRGB" => true,
        _ => text
            .strip_prefix("ICCBased:")
            .and_then(|rest| rest.split_once(':'))
            .is_some_and(|(n, profile)| matches!(n, "1" | "3" | "4") && Digest::from_hex(profile).is_some()),
    };
    let Some(rest) = text.strip_prefix("Indexed:") else { return base(text) };
    let mut parts = rest.rsplitn(3, ':');
    let (Some(table), Some(highest), Some(under)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let highest_is_written_right = highest.parse::<u8>().is_ok_and(|n| n.to_string() == highest);
    Digest::from_hex(table).is_some() && highest_is_written_right && base(under)
}

fn decodes_to(text: &str, length: usize) -> bool {
    BASE64URL_NOPAD.decode(text.as_bytes()).is_ok_and(|bytes| bytes.len() == length)
}

fn text(value: &str, name: &str) -> Result<(), RecordError> {
    let written = !value.is_empty() && value.trim() == value && !value.contains(char::is_control);
    ensure(
        written && value.len() <= MAX_TEXT,
        name,
        "is empty, too long, or has control characters or outer spaces",
    )
}

fn ensure(holds: bool, name: &str, problem: &'static str) -> Result<(), RecordError> {
    if holds { Ok(()) } else { Err(member(name, problem)) }
}

fn member(name: impl Into<String>, problem: &'static str) -> RecordError {
    RecordError::Member { member: name.into(), problem }
}
