//! Decoding of the small streams that a verifier must look into.

use std::borrow::Cow;

use flate2::{Decompress, FlushDecompress, Status};

use super::error::{PdfError, Problem};
use super::file::Indirect;

/// The stream's bytes with FlateDecode undone, at most `limit` of them; other filters and predictors are refused.
pub(crate) fn decoded<'a>(object: &Indirect<'a>, limit: usize) -> Result<Cow<'a, [u8]>, PdfError> {
    let fail = |why| PdfError::at(object.start, Problem::Stream(why));
    let (Some(data), Some(dictionary)) = (object.stream, object.value.as_dictionary()) else {
        return Err(fail("not a stream"));
    };
    if dictionary.get("DecodeParms").is_some() {
        return Err(fail("decode parameters"));
    }
    match dictionary.get("Filter") {
        None if data.len() <= limit => Ok(Cow::Borrowed(data)),
        None => Err(fail("longer than the limit")),
        Some(filter) if filter.as_name() == Some("FlateDecode") => {
            inflate(data, limit).map(Cow::Owned).map_err(fail)
        }
        Some(_) => Err(fail("another filter than FlateDecode")),
    }
}

/// zlib (RFC 1950), the whole of `data` and nothing after it.
fn inflate(data: &[u8], limit: usize) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::with_capacity((data.len() * 4).min(limit).max(64));
    let mut zlib = Decompress::new(true);
    loop {
        let read = usize::try_from(zlib.total_in()).map_err(|_| "too long")?;
        let before = out.len();
        let status = zlib
            .decompress_vec(&data[read..], &mut out, FlushDecompress::None)
            .map_err(|_| "broken compressed data")?;
        if out.len() > limit {
            return Err("longer than the limit");
        }
        let consumed = zlib.total_in();
        match status {
            Status::StreamEnd if consumed == data.len() as u64 => return Ok(out),
            Status::StreamEnd => return Err("bytes after the compressed data"),
            _ if out.len() == out.capacity() => out.reserve(out.capacity().max(4096)),
            _ if out.len() == before && consumed == read as u64 => return Err("compressed data ends early"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).expect("the test's own input");
        encoder.finish().expect("the test's own input")
    }

    #[test]
    fn undoes_flate_within_the_limit() {
        for size in [0, 1, 1000, 1_000_000] {
            let bytes = vec![7; size];
            assert_eq!(inflate(&deflate(&bytes), size).as_deref(), Ok(bytes.as_slice()));
        }
        assert_eq!(inflate(&deflate(&vec![0; 1 << 24]), 1 << 20), Err("longer than the limit"));
    }

    #[test]
    fn refuses_trailing_missing_and_changed_bytes() {
        let good = deflate(b"some bytes that are compressed, some bytes that are compressed");
        let mut long = good.clone();
        long.push(0);
        assert_eq!(inflate(&long, 1000), Err("bytes after the compressed data"));
        assert!(inflate(&good[..good.len() - 1], 1000).is_err());
        let mut changed = good.clone();
        *changed.last_mut().expect("the test's own input") ^= 1;
        assert!(inflate(&changed, 1000).is_err());
        assert!(inflate(b"", 1000).is_err());
    }
}
