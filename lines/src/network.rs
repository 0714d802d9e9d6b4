//! The layers at work: lines of grey → the probabilities of each character at each place.
//!
//! All arithmetic that counts is in 8 bits, as in Tesseract: activations from −127 to 127 for −1 to 1, kept with 128 added
//! so that they are unsigned, as `rten-gemm` takes them. Lines go through the recurrent layers side by side: one
//! multiplication of matrices a place for all of them, where Tesseract has one of a vector for each.

use rten_gemm::{BiasVector, GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_simd::ops::{BitOps, FloatOps, NumOps, ToFloat};
use rten_simd::{Isa, SimdOp, SimdUnaryOp};
use rten_tensor::NdTensorView;
use rten_vecmath::{Sigmoid, Tanh};

use crate::model::{Layer, Model, Way, Weights};

/// An activation of nothing.
const ZERO: u8 = 128;
/// Outputs are rounded up to so many, the widest vector of floats.
const LANES: usize = 16;
/// The cell's state is held within this (`kStateClip`).
const MOST_STATE: f32 = 100.0;
/// Places that are worked on at once where they do not depend on each other.
const BLOCK: usize = 512;

thread_local! {
    /// Chooses the fastest kernel that this processor has. It cannot be shared, but it is small.
    static GEMM: GemmExecutor<u8, i8, i32> = GemmExecutor::new();
}

/// A network made ready for this machine.
pub(crate) struct Network {
    pub(crate) height: usize,
    /// Columns of the image for each place of the output.
    pub(crate) reduction: usize,
    steps: Vec<Step>,
}

enum Step {
    Convolve {
        half_x: usize,
        half_y: usize,
    },
    MaxPool {
        x: usize,
        y: usize,
    },
    Tanh(Matrix),
    /// A dense layer with `tanh` whose greatest is taken at once: `tanh` rises, so the greatest is as well taken before it.
    TanhOfMost {
        matrix: Matrix,
        x: usize,
        y: usize,
    },
    Softmax(Matrix),
    Lstm {
        matrix: Matrix,
        way: Way,
    },
}

/// Weights side by side; with `gates` of them, each rounded up to whole vectors.
struct Matrix {
    inputs: usize,
    /// Of one gate, as the model has them.
    outputs: usize,
    /// Of all gates, rounded up.
    columns: usize,
    packed: PackedBMatrix<i8>,
    bias: Vec<i32>,
    no_bias: Vec<i32>,
    scales: Vec<f32>,
    /// This machine's 8-bit multiplication overflows its 16-bit sums when both factors are large.
    halve: bool,
}

/// A line between two layers: `height` × `width` places, row after row, each with `depth` activations.
#[derive(Clone, Default)]
pub(crate) struct Activations {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) depth: usize,
    pub(crate) values: Vec<u8>,
}

/// What the network says of one line: at each of `places`, the natural logarithm of each output's probability.
pub(crate) struct Outputs {
    pub(crate) places: usize,
    pub(crate) codes: usize,
    pub(crate) log_probabilities: Vec<f32>,
}

impl Outputs {
    /// Gives each output's probability to the one that says the same, as `(output, same)`.
    pub(crate) fn merge(&mut self, aliases: &[(usize, usize)]) {
        for place in self.log_probabilities.chunks_exact_mut(self.codes) {
            for (output, same) in
                aliases.iter().filter(|(output, same)| *output < self.codes && *same < self.codes)
            {
                place[*same] = log_add(place[*same], place[*output]);
                place[*output] = f32::NEG_INFINITY;
            }
        }
    }
}

/// `ln(e^a + e^b)`.
pub(crate) fn log_add(a: f32, b: f32) -> f32 {
    let (more, less) = if a > b { (a, b) } else { (b, a) };
    if less == f32::NEG_INFINITY || more - less > 15.0 { more } else { more + (less - more).exp().ln_1p() }
}

impl Network {
    pub(crate) fn new(model: &Model) -> Self {
        let mut steps = Vec::new();
        let mut reduction = 1;
        let mut layers = model.layers.iter().peekable();
        while let Some(layer) = layers.next() {
            steps.push(match layer {
                Layer::Convolve { half_x, half_y } => Step::Convolve { half_x: *half_x, half_y: *half_y },
                Layer::MaxPool { x, y } => {
                    reduction *= x;
                    Step::MaxPool { x: *x, y: *y }
                }
                Layer::Tanh(weights) => {
                    let matrix = Matrix::new(std::slice::from_ref(weights));
                    if let Some(Layer::MaxPool { x, y }) = layers.peek() {
                        layers.next();
                        reduction *= x;
                        Step::TanhOfMost { matrix, x: *x, y: *y }
                    } else {
                        Step::Tanh(matrix)
                    }
                }
                Layer::Softmax(weights) => Step::Softmax(Matrix::new(std::slice::from_ref(weights))),
                Layer::Lstm { gates, way } => Step::Lstm { matrix: Matrix::new(gates), way: *way },
            });
        }
        Self { height: model.height, reduction, steps }
    }

    /// All `lines` at once, each of the network's height.
    pub(crate) fn run(&self, mut lines: Vec<Activations>) -> Vec<Outputs> {
        for step in &self.steps {
            match step {
                Step::Convolve { half_x, half_y } => each(&mut lines, |l| convolve(l, *half_x, *half_y)),
                Step::MaxPool { x, y } => each(&mut lines, |l| max_pool(l, *x, *y)),
                Step::Tanh(matrix) => each(&mut lines, |l| self.dense(matrix, l)),
                Step::TanhOfMost { matrix, x, y } => {
                    each(&mut lines, |l| self.dense_of_most(matrix, l, *x, *y))
                }
                Step::Lstm { matrix, way: Way::DownToOne } => each(&mut lines, |l| self.down(matrix, l)),
                Step::Lstm { matrix, way } => self.along(matrix, &mut lines, *way == Way::Left),
                Step::Softmax(matrix) => return lines.iter().map(|l| self.softmax(matrix, l)).collect(),
            }
        }
        Vec::new()
    }

    fn dense(&self, matrix: &Matrix, line: &Activations) -> Activations {
        let mut values = Vec::with_capacity(line.height * line.width * matrix.outputs);
        let mut sums = Vec::new();
        let mut bent = vec![0; matrix.columns];
        for block in line.values.chunks(BLOCK * line.depth) {
            matrix.multiply(block, &mut sums);
            for row in sums.chunks_exact(matrix.columns) {
                Bend { sums: row, scales: &matrix.scales, out: &mut bent }.dispatch();
                values.extend(bent[..matrix.outputs].iter().map(|v| *v as u8));
            }
        }
        Activations { depth: matrix.outputs, values, ..*line }
    }

    /// As [`Self::dense`] and then the greatest of `px` × `py` places.
    fn dense_of_most(&self, matrix: &Matrix, line: &Activations, px: usize, py: usize) -> Activations {
        let (height, width) = (line.height / py, line.width / px);
        let columns = matrix.columns;
        let mut values = Vec::with_capacity(height * width * matrix.outputs);
        let mut sums = Vec::new();
        let mut most = vec![0; width * columns];
        let mut bent = vec![0; width * columns];
        let scales: Vec<f32> = matrix.scales.iter().copied().cycle().take(width * columns).collect();
        for y in 0..height {
            most.fill(i32::MIN);
            for row in y * py..(y + 1) * py {
                let row = &line.values[row * line.width * line.depth..][..line.width * line.depth];
                matrix.multiply(row, &mut sums);
                for (x, most) in most.chunks_exact_mut(columns).enumerate() {
                    for sums in sums[x * px * columns..][..px * columns].chunks_exact(columns) {
                        most.iter_mut().zip(sums).for_each(|(m, s)| *m = (*m).max(*s));
                    }
                }
            }
            Bend { sums: &most, scales: &scales, out: &mut bent }.dispatch();
            for place in bent.chunks_exact(columns) {
                values.extend(place[..matrix.outputs].iter().map(|v| *v as u8));
            }
        }
        Activations { height, width, depth: matrix.outputs, values }
    }

    /// A recurrent layer down each column; the last state stands for the column.
    fn down(&self, matrix: &Matrix, line: &Activations) -> Activations {
        let mut values = vec![0; line.width * matrix.outputs];
        let mut cells = Cells::default();
        for start in (0..line.width).step_by(BLOCK) {
            let count = BLOCK.min(line.width - start);
            cells.begin(matrix, count);
            for y in 0..line.height {
                let row = &line.values[(y * line.width + start) * line.depth..][..count * line.depth];
                let inputs = row.chunks_exact(line.depth);
                cells.step(matrix, inputs);
            }
            for (n, out) in
                values[start * matrix.outputs..].chunks_exact_mut(matrix.outputs).take(count).enumerate()
            {
                out.copy_from_slice(cells.output(matrix, n));
            }
        }
        Activations { height: 1, width: line.width, depth: matrix.outputs, values }
    }

    /// A recurrent layer along all lines, from the left or, with `leftwards`, from the right.
    fn along(&self, matrix: &Matrix, lines: &mut [Activations], leftwards: bool) {
        // The longest first: those that end leave the others side by side.
        let mut order: Vec<usize> = (0..lines.len()).collect();
        order.sort_by_key(|i| std::cmp::Reverse(lines[*i].width));
        let longest = order.first().map_or(0, |i| lines[*i].width);
        let mut results: Vec<Vec<u8>> = lines.iter().map(|l| vec![0; l.width * matrix.outputs]).collect();
        let mut cells = Cells::default();
        cells.begin(matrix, lines.len());
        let mut going = lines.len();
        for step in 0..longest {
            while going > 0 && lines[order[going - 1]].width <= step {
                going -= 1;
            }
            let place = |line: &Activations| if leftwards { line.width - 1 - step } else { step };
            cells.shrink(going);
            let inputs = order[..going].iter().map(|i| {
                let line = &lines[*i];
                &line.values[place(line) * line.depth..][..line.depth]
            });
            cells.step(matrix, inputs);
            for (n, i) in order[..going].iter().enumerate() {
                let at = place(&lines[*i]) * matrix.outputs;
                results[*i][at..at + matrix.outputs].copy_from_slice(cells.output(matrix, n));
            }
        }
        for (line, values) in lines.iter_mut().zip(results) {
            *line = Activations { depth: matrix.outputs, values, ..*line };
        }
    }

    fn softmax(&self, matrix: &Matrix, line: &Activations) -> Outputs {
        let codes = matrix.outputs;
        let mut log_probabilities = Vec::with_capacity(line.width * codes);
        let mut sums = Vec::new();
        for block in line.values.chunks(BLOCK * line.depth) {
            matrix.multiply(block, &mut sums);
            for row in sums.chunks_exact(matrix.columns) {
                let start = log_probabilities.len();
                log_probabilities
                    .extend(row[..codes].iter().zip(&matrix.scales).map(|(s, scale)| *s as f32 * scale));
                let place = &mut log_probabilities[start..];
                let most = place.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                // What is less likely by e⁻¹⁵ adds nothing to the sum.
                let sum: f32 = place.iter().map(|v| v - most).filter(|v| *v > -15.0).map(f32::exp).sum();
                let norm = most + sum.ln();
                place.iter_mut().for_each(|v| *v -= norm);
            }
        }
        Outputs { places: line.width, codes, log_probabilities }
    }
}

fn each(lines: &mut [Activations], work: impl Fn(&Activations) -> Activations) {
    for line in lines {
        *line = work(line);
    }
}

/// Each place gets its neighbours' activations, column after column; beyond the edge there is nothing.
fn convolve(line: &Activations, half_x: usize, half_y: usize) -> Activations {
    let (height, width, depth) = (line.height, line.width, line.depth);
    let deep = (2 * half_x + 1) * (2 * half_y + 1) * depth;
    // With a margin of nothing around it no place needs asking where it is.
    let stride = (width + 2 * half_x) * depth;
    let mut padded = vec![ZERO; (height + 2 * half_y) * stride];
    for y in 0..height {
        padded[(y + half_y) * stride + half_x * depth..][..width * depth]
            .copy_from_slice(&line.values[y * width * depth..][..width * depth]);
    }
    let mut values = vec![ZERO; height * width * deep];
    let mut places = values.chunks_exact_mut(deep);
    for y in 0..height {
        for (x, place) in places.by_ref().take(width).enumerate() {
            let mut parts = place.chunks_exact_mut(depth);
            for dx in 0..=2 * half_x {
                for dy in 0..=2 * half_y {
                    let from = (y + dy) * stride + (x + dx) * depth;
                    if let Some(part) = parts.next() {
                        part.copy_from_slice(&padded[from..from + depth]);
                    }
                }
            }
        }
    }
    Activations { depth: deep, values, ..*line }
}

fn max_pool(line: &Activations, px: usize, py: usize) -> Activations {
    let (height, width, depth) = (line.height / py, line.width / px, line.depth);
    let mut values = vec![0; height * width * depth];
    for (n, most) in values.chunks_exact_mut(depth).enumerate() {
        let (x, y) = (n % width * px, n / width * py);
        for row in y..y + py {
            for place in line.values[(row * line.width + x) * depth..][..px * depth].chunks_exact(depth) {
                most.iter_mut().zip(place).for_each(|(m, v)| *m = (*m).max(*v));
            }
        }
    }
    Activations { height, width, depth, values }
}

/// The cells of a recurrent layer for several sequences at once.
#[derive(Default)]
struct Cells {
    count: usize,
    /// A row a sequence: its input, then its last output.
    rows: Vec<u8>,
    states: Vec<f32>,
    sums: Vec<i32>,
    outputs: Vec<i32>,
}

impl Cells {
    fn begin(&mut self, matrix: &Matrix, count: usize) {
        self.count = count;
        self.rows.clear();
        self.rows.resize(count * matrix.inputs, ZERO);
        self.states.clear();
        self.states.resize(count * matrix.columns / 4, 0.0);
        self.outputs.clear();
        self.outputs.resize(matrix.columns / 4, 0);
    }

    /// The last sequences have ended.
    fn shrink(&mut self, count: usize) {
        self.count = count;
    }

    fn step<'a>(&mut self, matrix: &Matrix, inputs: impl Iterator<Item = &'a [u8]>) {
        for (row, input) in self.rows.chunks_exact_mut(matrix.inputs).zip(inputs) {
            row[..input.len()].copy_from_slice(input);
        }
        matrix.multiply(&self.rows[..self.count * matrix.inputs], &mut self.sums);
        let width = matrix.columns / 4;
        let sums = self.sums.chunks_exact(matrix.columns);
        let rows = self.rows.chunks_exact_mut(matrix.inputs);
        for ((sums, state), row) in sums.zip(self.states.chunks_exact_mut(width)).zip(rows) {
            Gates { sums, scales: &matrix.scales, state, out: &mut self.outputs }.dispatch();
            let recurrent = &mut row[matrix.inputs - matrix.outputs..];
            recurrent.iter_mut().zip(&self.outputs).for_each(|(r, o)| *r = *o as u8);
        }
    }

    fn output(&self, matrix: &Matrix, n: usize) -> &[u8] {
        &self.rows[(n + 1) * matrix.inputs - matrix.outputs..(n + 1) * matrix.inputs]
    }
}

impl Matrix {
    fn new(gates: &[Weights]) -> Self {
        let (inputs, outputs) = (gates[0].inputs, gates[0].outputs);
        let wide = outputs.next_multiple_of(LANES);
        let columns = wide * gates.len();
        let mut bias = vec![0; columns];
        let mut scales = vec![0.0; columns];
        // `rten-gemm` takes inputs × outputs.
        let mut values = vec![0; inputs * columns];
        for (g, gate) in gates.iter().enumerate() {
            for (o, row) in gate.values.chunks_exact(inputs + 1).enumerate() {
                let column = g * wide + o;
                scales[column] = gate.scales[o];
                // The bias' input is 1; and what was added to each activation is taken off again.
                let sum: i32 = row[..inputs].iter().map(|w| i32::from(*w)).sum();
                bias[column] = i32::from(row[inputs]) * 127 - sum * i32::from(ZERO);
                for (i, weight) in row[..inputs].iter().enumerate() {
                    values[i * columns + column] = *weight;
                }
            }
        }
        let matrix = NdTensorView::from_data([inputs, columns], values.as_slice());
        let (packed, halve) = GEMM.with(|gemm| (gemm.prepack_b(matrix), gemm.may_saturate()));
        Self { inputs, outputs, columns, packed, bias, no_bias: vec![0; columns], scales, halve }
    }

    /// `rows` of inputs, one after the other, → as many rows of sums.
    fn multiply(&self, rows: &[u8], sums: &mut Vec<i32>) {
        let count = rows.len() / self.inputs;
        sums.resize(count * self.columns, 0);
        let mut add = |rows: &[u8], beta: i32, bias: &[i32]| {
            let options = GemmOptions { beta, bias: Some(BiasVector::Row(bias)), ..GemmOptions::default() };
            let rows = NdTensorView::from_data([count, self.inputs], rows);
            GEMM.with(|gemm| {
                gemm.gemm(sums, GemmInputA::Unpacked(rows), GemmInputB::Packed(&self.packed), options)
            })
            .expect("sizes fit, and every thread has the same kernel");
        };
        if self.halve {
            // Two halves of at most 128: their products with −127 to 127 fit two to 16 bits.
            let lower: Vec<u8> = rows.iter().map(|v| v / 2).collect();
            let upper: Vec<u8> = rows.iter().map(|v| v - v / 2).collect();
            add(&lower, 0, &self.bias);
            add(&upper, 1, &self.no_bias);
        } else {
            add(rows, 0, &self.bias);
        }
    }
}

/// Sums → `tanh`, as activations.
struct Bend<'a> {
    sums: &'a [i32],
    scales: &'a [f32],
    out: &'a mut [i32],
}

impl SimdOp for Bend<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let (ints, floats) = (isa.i32(), isa.f32());
        let tanh = Tanh::default();
        let lanes = floats.len();
        let vectors = self
            .sums
            .chunks_exact(lanes)
            .zip(self.scales.chunks_exact(lanes))
            .zip(self.out.chunks_exact_mut(lanes));
        for ((sums, scales), out) in vectors {
            let x = floats.mul(ints.to_float(ints.load(sums)), floats.load(scales));
            ints.store(activation(isa, tanh.eval(isa, x)), out);
        }
    }
}

/// One step of a row of cells: the sums of their four gates → their new states and outputs.
struct Gates<'a> {
    sums: &'a [i32],
    scales: &'a [f32],
    state: &'a mut [f32],
    out: &'a mut [i32],
}

impl SimdOp for Gates<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let (ints, floats) = (isa.i32(), isa.f32());
        let (tanh, sigmoid) = (Tanh::default(), Sigmoid::default());
        let lanes = floats.len();
        let width = self.state.len();
        let (least, most) = (floats.splat(-MOST_STATE), floats.splat(MOST_STATE));
        for at in (0..width).step_by(lanes) {
            let cell_input = tanh.eval(isa, gate(isa, self.sums, self.scales, at));
            let input = sigmoid.eval(isa, gate(isa, self.sums, self.scales, width + at));
            let forget = sigmoid.eval(isa, gate(isa, self.sums, self.scales, 2 * width + at));
            let output = sigmoid.eval(isa, gate(isa, self.sums, self.scales, 3 * width + at));
            let kept = floats.mul(floats.load(&self.state[at..at + lanes]), forget);
            let state = floats.clamp(floats.mul_add(cell_input, input, kept), least, most);
            floats.store(state, &mut self.state[at..at + lanes]);
            let value = floats.mul(tanh.eval(isa, state), output);
            ints.store(activation(isa, value), &mut self.out[at..at + lanes]);
        }
    }
}

/// What goes into the bend of a gate.
#[inline(always)]
fn gate<I: Isa>(isa: I, sums: &[i32], scales: &[f32], at: usize) -> I::F32 {
    let (ints, floats) = (isa.i32(), isa.f32());
    floats.mul(ints.to_float(ints.load(&sums[at..])), floats.load(&scales[at..]))
}

/// −1 to 1 → 1 to 255.
#[inline(always)]
fn activation<I: Isa>(isa: I, value: I::F32) -> I::I32 {
    let floats = isa.f32();
    let scaled = floats.mul_add(value, floats.splat(127.0), floats.splat(f32::from(ZERO)));
    floats.to_int_round(scaled)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn weights(inputs: usize, outputs: usize, values: &[i8]) -> Weights {
        let values = values.iter().copied().cycle().take(outputs * (inputs + 1)).collect();
        Weights { outputs, inputs, values, scales: vec![1e-4; outputs] }
    }

    proptest! {
        /// The sums are those of whole numbers, whatever the processor's own arithmetic overflows at.
        #[test]
        fn products_are_exact(
            inputs in 1_usize..70,
            outputs in 1_usize..40,
            values in prop::collection::vec(any::<i8>().prop_map(|v| v.max(-127)), 1..200),
            rows in prop::collection::vec(any::<u8>(), 70..400),
        ) {
            let weights = weights(inputs, outputs, &values);
            let rows = &rows[..rows.len() / inputs * inputs];
            let mut matrix = Matrix::new(std::slice::from_ref(&weights));
            for halve in [matrix.halve, true] {
                matrix.halve = halve;
                let mut sums = Vec::new();
                matrix.multiply(rows, &mut sums);
                for (row, sums) in rows.chunks_exact(inputs).zip(sums.chunks_exact(matrix.columns)) {
                    for (o, weights) in weights.values.chunks_exact(inputs + 1).enumerate() {
                        let products = row.iter().zip(weights).map(|(v, w)| (i32::from(*v) - 128) * i32::from(*w));
                        let expected = products.sum::<i32>() + 127 * i32::from(weights[inputs]);
                        prop_assert_eq!(sums[o], expected);
                    }
                }
            }
        }

        /// Lines do not know of each other.
        #[test]
        fn a_line_alone_and_among_others_is_the_same(
            values in prop::collection::vec(any::<i8>().prop_map(|v| v.max(-127)), 50..300),
            pixels in prop::collection::vec(any::<u8>().prop_map(|v| v.max(1)), 600..900),
            widths in prop::collection::vec(1_usize..30, 2..6),
        ) {
            let gates = |inputs: usize, outputs: usize| [(); 4].map(|()| weights(inputs + outputs, outputs, &values));
            let model = Model {
                height: 2,
                layers: vec![
                    Layer::Lstm { gates: gates(1, 5), way: Way::DownToOne },
                    Layer::Lstm { gates: gates(5, 7), way: Way::Right },
                    Layer::Lstm { gates: gates(7, 4), way: Way::Left },
                    Layer::Softmax(weights(4, 3, &values)),
                ],
                texts: Vec::new(),
                blank: 0,
                words: Vec::new(),
            };
            let network = Network::new(&model);
            let line = |width: &usize| Activations {
                height: 2,
                width: *width,
                depth: 1,
                values: pixels.iter().copied().cycle().skip(*width).take(2 * width).collect(),
            };
            let together = network.run(widths.iter().map(line).collect());
            for (width, outputs) in widths.iter().zip(together) {
                let alone = network.run(vec![line(width)]).remove(0);
                prop_assert_eq!(alone.log_probabilities, outputs.log_probabilities);
            }
        }
    }

    #[test]
    fn the_greatest_is_the_same_before_and_after_the_bend() {
        let values: Vec<i8> = (0..200).map(|i| (i * 37 % 251) as u8 as i8).collect();
        let matrix = Matrix::new(&[weights(9, 6, &values)]);
        let line = Activations {
            height: 6,
            width: 11,
            depth: 9,
            values: (0..6 * 11 * 9).map(|i| (i * 53 % 255 + 1) as u8).collect(),
        };
        let network = Network { height: 6, reduction: 3, steps: Vec::new() };
        let at_once = network.dense_of_most(&matrix, &line, 3, 2);
        let one_by_one = max_pool(&network.dense(&matrix, &line), 3, 2);
        assert_eq!((at_once.height, at_once.width), (3, 3));
        assert_eq!(at_once.values, one_by_one.values);
    }
}
