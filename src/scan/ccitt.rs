//! CCITT Group 3 and 4 (ITU-T T.4, T.6) → packed 1-bit rows.

use hayro_ccitt::{DecodeSettings, Decoder, DecoderContext, EncodingMode};

use super::CcittParams;
use super::limits::guarded;

/// The rows of a CCITT image as PDF defines them: `ceil(columns / 8)` bytes a row, 0 is black unless `BlackIs1`. Missing
/// rows at the end are white. `None` where the data is broken or stops early without saying so.
pub(super) fn decode(data: &[u8], params: &CcittParams, width: u32, height: u32) -> Option<Vec<u8>> {
    let settings = DecodeSettings {
        columns: width,
        rows: height,
        end_of_block: params.end_of_block,
        end_of_line: params.end_of_line,
        rows_are_byte_aligned: params.encoded_byte_align,
        encoding: match params.k {
            i32::MIN..0 => EncodingMode::Group4,
            0 => EncodingMode::Group3_1D,
            1.. => EncodingMode::Group3_2D,
        },
        strict: false,
    };
    let stride = (width as usize).div_ceil(8);
    let length = stride.checked_mul(height as usize)?;
    let mut rows = Rows { width, stride, left: height, out: Vec::with_capacity(length) };
    let complete =
        guarded(|| hayro_ccitt::decode(data, &mut rows, &mut DecoderContext::new(settings)))?.is_ok();
    // A few scanners end without the last rows' codes; more missing is a scan cut off.
    if !complete && rows.left > height / 100 {
        return None;
    }
    rows.out.resize(length, 0);
    if !params.black_is_1 {
        rows.out.iter_mut().for_each(|byte| *byte = !*byte);
    }
    Some(rows.out)
}

/// Collects rows with black as 1.
struct Rows {
    width: u32,
    stride: usize,
    left: u32,
    out: Vec<u8>,
}

impl Decoder for Rows {
    fn push_row(&mut self, changes: &[u32]) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        let start = self.out.len();
        self.out.resize(start + self.stride, 0);
        let row = &mut self.out[start..];
        for run in changes.chunks(2) {
            let from = run[0].min(self.width);
            let to = run.get(1).copied().unwrap_or(self.width).min(self.width);
            fill(row, from as usize, to as usize);
        }
    }
}

/// Sets the bits `from..to` of a row, most significant first.
fn fill(row: &mut [u8], from: usize, to: usize) {
    if from >= to {
        return;
    }
    let (first, last) = (from / 8, (to - 1) / 8);
    let head = 0xff_u8 >> (from % 8);
    let tail = 0xff_u8 << (7 - (to - 1) % 8);
    if first == last {
        row[first] |= head & tail;
    } else {
        row[first] |= head;
        row[first + 1..last].fill(0xff);
        row[last] |= tail;
    }
}
