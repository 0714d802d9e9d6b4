//! PNG's filters undone (ISO 15948 section 9), as PDF's predictors 10 to 15 use them. *Core.*
//!
//! In come filtered rows, out go the rows' bytes. Not its business: compression, and what a byte means.

/// Undoes the filters of `height` rows of `stride` bytes, each behind the byte that names its filter, in place; `pixel` is how many bytes back the
/// pixel to the left begins. None for another length or an unknown filter.
pub fn unfilter(mut data: Vec<u8>, stride: usize, pixel: usize, height: usize) -> Option<Vec<u8>> {
    if data.len() != (stride + 1) * height || stride == 0 {
        return None;
    }
    for y in 0..height {
        let filter = data[y * (stride + 1)];
        data.copy_within(y * (stride + 1) + 1..(y + 1) * (stride + 1), y * stride);
        let (done, rest) = data.split_at_mut(y * stride);
        let row = &mut rest[..stride];
        let above = (y > 0).then(|| &done[(y - 1) * stride..]);
        let up = |i: usize| above.map_or(0, |above| above[i]);
        match filter {
            0 => {}
            1 => (pixel..stride).for_each(|i| row[i] = row[i].wrapping_add(row[i - pixel])),
            2 => (0..stride).for_each(|i| row[i] = row[i].wrapping_add(up(i))),
            3 => {
                for i in 0..stride {
                    let left = if i < pixel { 0 } else { u16::from(row[i - pixel]) };
                    row[i] = row[i].wrapping_add(((left + u16::from(up(i))) / 2) as u8);
                }
            }
            4 => {
                for i in 0..stride {
                    let (left, corner) = if i < pixel { (0, 0) } else { (row[i - pixel], up(i - pixel)) };
                    row[i] = row[i].wrapping_add(paeth(left, up(i), corner));
                }
            }
            _ => return None,
        }
    }
    data.truncate(stride * height);
    Some(data)
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let estimate = i16::from(left) + i16::from(up) - i16::from(corner);
    let [a, b, c] = [left, up, corner].map(|value| (estimate - i16::from(value)).abs());
    if a <= b && a <= c {
        left
    } else if b <= c {
        up
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undoes_each_filter() {
        let rows = [
            vec![0, 1, 2, 3, 4],
            vec![1, 1, 1, 1, 1],
            vec![2, 1, 1, 1, 1],
            vec![3, 10, 10, 10, 10],
            vec![4, 5, 5, 5, 5],
        ];
        // By hand, one byte a pixel: none, left, up, average, Paeth.
        let plain = [[1, 2, 3, 4], [1, 2, 3, 4], [2, 3, 4, 5], [11, 17, 20, 22], [16, 22, 27, 32]];
        assert_eq!(unfilter(rows.concat(), 4, 1, 5), Some(plain.concat()));
    }

    #[test]
    fn refuses_what_is_no_filtered_row() {
        assert_eq!(unfilter(vec![5, 0, 0], 2, 1, 1), None);
        assert_eq!(unfilter(vec![0, 0], 2, 1, 1), None);
        assert_eq!(unfilter(vec![], 0, 1, 0), None);
    }
}
