//! The objects of a PDF, read by the `pdf` crate, one caller at a time.

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::ZlibDecoder;
use pdf::file::{NoLog, ObjectCache, Storage, StreamCache, SyncCache};
use pdf::object::{ParseOptions, Resolve};
use pdf::primitive::{Dictionary, PdfStream, Primitive};

use super::super::ScanError;
use super::super::limits::{Limits, guarded};
use super::super::tiff::{accumulate, lzw};
use crate::predictor::unfilter;

/// An opened PDF.
pub(super) struct Objects {
    // The crate finds a loop between objects by the chain of the one resolver that asked; two threads asking at once could
    // wait for each other.
    storage: Mutex<Storage<Arc<[u8]>, ObjectCache, StreamCache, NoLog>>,
    trailer: Dictionary,
}

/// One entry of `/Filter` with its parameters.
pub(super) struct StreamFilter {
    pub(super) name: String,
    pub(super) parameters: Dictionary,
}

impl Objects {
    /// Reads the cross-reference tables. None where the crate cannot.
    pub(super) fn read(bytes: &Arc<[u8]>) -> Option<Self> {
        guarded(|| {
            let options = ParseOptions::tolerant();
            let mut storage =
                Storage::with_cache(Arc::clone(bytes), options, SyncCache::new(), SyncCache::new(), NoLog)
                    .ok()?;
            let trailer = storage.load_storage_and_trailer().ok()?;
            Some(Self { storage: Mutex::new(storage), trailer })
        })?
    }

    pub(super) fn encrypted(&self) -> bool {
        self.trailer.get("Encrypt").is_some()
    }

    pub(super) fn root(&self) -> Option<Dictionary> {
        match self.get(&self.trailer, "Root") {
            Primitive::Dictionary(root) => Some(root),
            _ => None,
        }
    }

    /// The object behind references; null where there is none or it cannot be read.
    pub(super) fn resolve(&self, primitive: &Primitive) -> Primitive {
        const LONGEST_CHAIN: usize = 8;
        let mut found = primitive.clone();
        for _ in 0..LONGEST_CHAIN {
            let Primitive::Reference(reference) = found else { return found };
            // A panic while another thread held the lock left the storage as it was: reading changes only caches.
            let storage = self.storage.lock().unwrap_or_else(PoisonError::into_inner);
            found =
                guarded(|| storage.resolver().resolve(reference).ok()).flatten().unwrap_or(Primitive::Null);
        }
        Primitive::Null
    }

    /// An entry of a dictionary, resolved; null where there is none.
    pub(super) fn get(&self, dictionary: &Dictionary, key: &str) -> Primitive {
        dictionary.get(key).map_or(Primitive::Null, |value| self.resolve(value))
    }

    pub(super) fn number(&self, dictionary: &Dictionary, key: &str) -> Option<f64> {
        number(&self.get(dictionary, key))
    }

    pub(super) fn name(&self, dictionary: &Dictionary, key: &str) -> Option<String> {
        match self.get(dictionary, key) {
            Primitive::Name(name) => Some(name.as_str().to_owned()),
            _ => None,
        }
    }

    pub(super) fn dictionary(&self, dictionary: &Dictionary, key: &str) -> Option<Dictionary> {
        match self.get(dictionary, key) {
            Primitive::Dictionary(found) => Some(found),
            _ => None,
        }
    }

    pub(super) fn bool(&self, dictionary: &Dictionary, key: &str) -> Option<bool> {
        match self.get(dictionary, key) {
            Primitive::Boolean(value) => Some(value),
            _ => None,
        }
    }

    /// Numbers of an array, each resolved.
    pub(super) fn numbers(&self, dictionary: &Dictionary, key: &str) -> Option<Vec<f64>> {
        match self.get(dictionary, key) {
            Primitive::Array(items) => items.iter().map(|item| number(&self.resolve(item))).collect(),
            _ => None,
        }
    }

    /// A rectangle with its corners in order; none where it is empty.
    pub(super) fn rectangle(&self, dictionary: &Dictionary, key: &str) -> Option<[f64; 4]> {
        let [x0, y0, x1, y1] = *self.numbers(dictionary, key)?.as_slice() else { return None };
        let ordered = [x0.min(x1), y0.min(y1), x0.max(x1), y0.max(y1)];
        (ordered[2] - ordered[0] > 1.0 && ordered[3] - ordered[1] > 1.0).then_some(ordered)
    }

    /// The stream as it lies in the file.
    pub(super) fn raw(&self, stream: &PdfStream) -> Option<Arc<[u8]>> {
        let storage = self.storage.lock().unwrap_or_else(PoisonError::into_inner);
        guarded(|| stream.raw_data(&storage.resolver()).ok())?
    }

    /// The filters in the order in which they are undone. None where they cannot be read.
    pub(super) fn filters(&self, dictionary: &Dictionary) -> Option<Vec<StreamFilter>> {
        let one_or_many = |key| match self.get(dictionary, key) {
            Primitive::Null => Vec::new(),
            Primitive::Array(items) => items.iter().map(|item| self.resolve(item)).collect(),
            single => vec![single],
        };
        let mut parameters = one_or_many("DecodeParms").into_iter();
        one_or_many("Filter")
            .into_iter()
            .map(|filter| {
                let Primitive::Name(name) = filter else { return None };
                let parameters = match parameters.next() {
                    Some(Primitive::Dictionary(parameters)) => parameters,
                    _ => Dictionary::new(),
                };
                Some(StreamFilter { name: name.as_str().to_owned(), parameters })
            })
            .collect()
    }

    /// The stream with all filters undone; none where one of them is an image's or the data is broken.
    pub(super) fn decoded(&self, stream: &PdfStream, limits: &Limits) -> Result<Option<Vec<u8>>, ScanError> {
        let (Some(raw), Some(filters)) = (self.raw(stream), self.filters(&stream.info)) else {
            return Ok(None);
        };
        self.undo(raw.to_vec(), &filters, limits)
    }

    /// Undoes these filters in turn.
    pub(super) fn undo(
        &self,
        mut data: Vec<u8>,
        filters: &[StreamFilter],
        limits: &Limits,
    ) -> Result<Option<Vec<u8>>, ScanError> {
        for StreamFilter { name, parameters } in filters {
            let Some(undone) = undo_one(&data, name, parameters, limits, self)? else { return Ok(None) };
            data = undone;
        }
        Ok(Some(data))
    }
}

fn undo_one(
    data: &[u8],
    name: &str,
    parameters: &Dictionary,
    limits: &Limits,
    objects: &Objects,
) -> Result<Option<Vec<u8>>, ScanError> {
    let expanded = match name {
        "FlateDecode" | "Fl" => limits.read_all(ZlibDecoder::new(data))?,
        "LZWDecode" | "LZW" => {
            let early = objects.number(parameters, "EarlyChange") != Some(0.0);
            let limit = usize::try_from(limits.max_decoded).unwrap_or(usize::MAX);
            match lzw(data, early, limit.saturating_add(1)) {
                Some(out) if out.len() > limit => return Err(ScanError::Bomb { limit: limits.max_decoded }),
                out => out,
            }
        }
        "ASCII85Decode" | "A85" => return Ok(guarded(|| pdf::enc::decode_85(data).ok()).flatten()),
        "ASCIIHexDecode" | "AHx" => return Ok(guarded(|| pdf::enc::decode_hex(data).ok()).flatten()),
        "RunLengthDecode" | "RL" => {
            // Two bytes become 128 at most.
            if data.len() as u64 * 64 > limits.max_decoded {
                return Err(ScanError::Bomb { limit: limits.max_decoded });
            }
            return Ok(guarded(|| pdf::enc::run_length_decode(data).ok()).flatten());
        }
        _ => return Ok(None),
    };
    let value = |key, or: f64| objects.number(parameters, key).unwrap_or(or).clamp(0.0, 1e9) as usize;
    let (colors, bits, columns) =
        (value("Colors", 1.0), value("BitsPerComponent", 8.0), value("Columns", 1.0));
    let Some(mut out) = expanded else { return Ok(None) };
    let stride = (colors * bits * columns).div_ceil(8);
    Ok(match value("Predictor", 1.0) {
        0 | 1 => Some(out),
        2 if matches!(bits, 8 | 16) && stride > 0 && out.len().is_multiple_of(stride) => {
            accumulate(&mut out, stride, colors, bits as u8);
            Some(out)
        }
        10..=15 if stride > 0 => {
            let rows = out.len() / (stride + 1);
            out.truncate(rows * (stride + 1));
            unfilter(out, stride, (colors * bits).div_ceil(8), rows)
        }
        _ => None,
    })
}

pub(super) fn number(primitive: &Primitive) -> Option<f64> {
    match primitive {
        Primitive::Integer(value) => Some(f64::from(*value)),
        Primitive::Number(value) => Some(f64::from(*value)),
        _ => None,
    }
}

/// Bytes that a zlib stream expands to, counted up to `limit` + 1 without keeping them.
pub(super) fn inflated_length(data: &[u8], limit: u64) -> u64 {
    // Broken data has given what it gives by then.
    let mut decoder = ZlibDecoder::new(data);
    let mut buffer = vec![0; 64 << 10];
    let mut length = 0;
    while length <= limit {
        match decoder.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(read) => length += read as u64,
        }
    }
    length
}
