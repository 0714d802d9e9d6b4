//! A language's model as Tesseract keeps it: `*.traineddata` → layers and the text of each output.
//!
//! Source of the format: Tesseract 5's `ccutil/tessdatamanager.cpp`, `lstm/lstmrecognizer.cpp`, `lstm/network.cpp`,
//! `lstm/weightmatrix.cpp`, `ccutil/unicharcompress.h` and `ccutil/unicharset.cpp` (Apache-2.0), read for their formats.
//! Only what the `tessdata_fast` models have is accepted: 8-bit weights, one chain of layers, one output a character.

use crate::ModelError;

/// Entries of the container (`tessdatamanager.h`, `TessdataType`).
const LSTM: usize = 17;
const LSTM_WORD_DAWG: usize = 19;
const LSTM_UNICHARSET: usize = 21;
const LSTM_RECODER: usize = 22;
const MOST_ENTRIES: u32 = 24;

/// Layers as they follow each other, and what each output of the last one says.
pub(crate) struct Model {
    /// Pixels of a line's height that the layers take.
    pub(crate) height: usize,
    pub(crate) layers: Vec<Layer>,
    /// The text of each output; nothing for outputs that say nothing, such as CTC's blank.
    pub(crate) texts: Vec<Option<String>>,
    /// CTC's blank.
    pub(crate) blank: usize,
    /// The words of the model's dictionary; none where it has none.
    pub(crate) words: Vec<String>,
}

/// One step of the network.
pub(crate) enum Layer {
    /// Each place with its neighbours: `(2 half_x + 1) (2 half_y + 1)` times deeper.
    Convolve { half_x: usize, half_y: usize },
    /// The greatest of each `x` × `y` places.
    MaxPool { x: usize, y: usize },
    /// Every place by itself, through `tanh`.
    Tanh(Weights),
    /// Every place by itself, without a bend: what a softmax takes.
    Softmax(Weights),
    /// A recurrent layer; its gates are cell input, input, forget, output.
    Lstm { gates: [Weights; 4], way: Way },
}

/// Which way a recurrent layer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From left to right.
    Right,
    /// From right to left.
    Left,
    /// Down each column, of which only the last state is kept.
    DownToOne,
}

/// A matrix in 8 bits: `outputs` rows of `inputs` weights and a bias, each row with a scale.
#[derive(Clone)]
pub(crate) struct Weights {
    pub(crate) outputs: usize,
    pub(crate) inputs: usize,
    /// Row after row, the bias last in each.
    pub(crate) values: Vec<i8>,
    /// What a row's sum is multiplied with when inputs are −127 to 127 for −1 to 1.
    pub(crate) scales: Vec<f32>,
}

impl Model {
    /// With its words where they are asked for.
    pub(crate) fn parse(file: &[u8], with_words: bool) -> Result<Self, ModelError> {
        let component = |number: usize| container_entry(file, number);
        let mut reader = Reader(component(LSTM)?);
        let mut height = 0;
        let mut layers = Vec::new();
        read_network(&mut reader, &mut height, &mut layers, 0)?;
        let _spec = reader.string()?;
        let _training_flags = reader.i32()?;
        let _training_iteration = reader.i32()?;
        let _sample_iteration = reader.i32()?;
        let blank = reader.count()?;
        let unichars = read_unicharset(component(LSTM_UNICHARSET)?)?;
        let texts = read_recoder(component(LSTM_RECODER)?, &unichars)?;
        let words = match component(LSTM_WORD_DAWG) {
            Ok(bytes) if with_words => read_dawg(bytes, &unichars)?,
            _ => Vec::new(),
        };
        let model = Self { height, layers, texts, blank, words };
        model.check()?;
        Ok(model)
    }

    /// The layers fit each other and the outputs have texts.
    fn check(&self) -> Result<(), ModelError> {
        let unsupported = |what: &str| Err(ModelError::Unsupported(what.to_owned()));
        if !(8..=128).contains(&self.height) {
            return unsupported("a height of lines other than 8 to 128 pixels");
        }
        let (mut depth, mut height) = (1, self.height);
        for (i, layer) in self.layers.iter().enumerate() {
            let inputs = match layer {
                Layer::Convolve { half_x, half_y } => {
                    depth *= (2 * half_x + 1) * (2 * half_y + 1);
                    continue;
                }
                Layer::MaxPool { x, y } => {
                    if *x == 0 || *y == 0 || height < *y {
                        return unsupported("a pooling of nothing");
                    }
                    height /= y;
                    continue;
                }
                Layer::Tanh(weights) => weights.inputs,
                Layer::Softmax(weights) => {
                    if i + 1 != self.layers.len() || height != 1 {
                        return unsupported("a softmax before the end");
                    }
                    weights.inputs
                }
                Layer::Lstm { gates, way } => {
                    let states = gates[0].outputs;
                    if gates.iter().any(|g| (g.outputs, g.inputs) != (states, depth + states)) {
                        return unsupported("gates of different sizes");
                    }
                    match way {
                        Way::DownToOne => height = 1,
                        _ if height != 1 => return unsupported("recurrence in two dimensions"),
                        _ => {}
                    }
                    depth
                }
            };
            if inputs != depth {
                return unsupported("layers that do not fit each other");
            }
            depth = layer.outputs().unwrap_or(depth);
        }
        match self.layers.last() {
            Some(Layer::Softmax(weights)) if self.blank < weights.outputs => Ok(()),
            _ => unsupported("a network that does not end in a softmax with a blank"),
        }
    }
}

impl Layer {
    fn outputs(&self) -> Option<usize> {
        match self {
            Self::Convolve { .. } | Self::MaxPool { .. } => None,
            Self::Tanh(weights) | Self::Softmax(weights) => Some(weights.outputs),
            Self::Lstm { gates, .. } => Some(gates[0].outputs),
        }
    }
}

fn container_entry(file: &[u8], number: usize) -> Result<&[u8], ModelError> {
    let mut reader = Reader(file);
    let entries = reader.u32()?;
    if entries > MOST_ENTRIES || entries as usize <= number {
        return Err(ModelError::NotTrainedData);
    }
    let offsets: Vec<i64> = (0..entries).map(|_| reader.i64()).collect::<Result<_, _>>()?;
    let Ok(start) = usize::try_from(offsets[number]) else {
        return Err(ModelError::Unsupported("a model without a neural network".to_owned()));
    };
    let end = offsets[number + 1..].iter().find_map(|o| usize::try_from(*o).ok()).unwrap_or(file.len());
    file.get(start..end).ok_or(ModelError::NotTrainedData)
}

/// A layer and those in it (`Network::CreateFromFile`).
fn read_network(
    reader: &mut Reader<'_>,
    height: &mut usize,
    layers: &mut Vec<Layer>,
    nesting: u32,
) -> Result<(), ModelError> {
    if nesting > 8 {
        return Err(ModelError::NotTrainedData);
    }
    if reader.u8()? != 0 {
        return Err(ModelError::Unsupported("layers that are numbered, not named".to_owned()));
    }
    let kind = reader.string()?;
    let _training = reader.u8()?;
    let _needs_backprop = reader.u8()?;
    let flags = reader.i32()?;
    let inputs = reader.count()?;
    let _outputs = reader.count()?;
    let _weights = reader.i32()?;
    let _name = reader.string()?;
    match kind.as_str() {
        "Input" => {
            let _batch = reader.i32()?;
            *height = reader.count()?;
            let width = reader.count()?;
            let depth = reader.count()?;
            let _loss = reader.i32()?;
            if width != 0 || depth != 1 {
                return Err(ModelError::Unsupported("input other than grey lines".to_owned()));
            }
        }
        "Series" => read_stack(reader, flags, height, layers, nesting)?,
        "RTLReversed" => {
            let before = layers.len();
            read_stack(reader, flags, height, layers, nesting)?;
            turn(&mut layers[before..], Way::Right, Way::Left)?;
        }
        "XYTranspose" => {
            let before = layers.len();
            read_stack(reader, flags, height, layers, nesting)?;
            turn(&mut layers[before..], Way::DownToOne, Way::DownToOne)?;
        }
        "Convolve" => {
            let (half_x, half_y) = (reader.count()?, reader.count()?);
            if half_x > 8 || half_y > 8 {
                return Err(ModelError::Unsupported("a neighbourhood so wide".to_owned()));
            }
            layers.push(Layer::Convolve { half_x, half_y });
        }
        "Maxpool" => layers.push(Layer::MaxPool { x: reader.count()?, y: reader.count()? }),
        "Tanh" => layers.push(Layer::Tanh(read_weights(reader)?)),
        "Softmax" => layers.push(Layer::Softmax(read_weights(reader)?)),
        "LSTM" | "SummLSTM" => {
            let width = reader.count()?;
            let gates =
                [read_weights(reader)?, read_weights(reader)?, read_weights(reader)?, read_weights(reader)?];
            if width != inputs + gates[0].outputs {
                return Err(ModelError::Unsupported("recurrence in two dimensions".to_owned()));
            }
            let way = if kind == "LSTM" { Way::Right } else { Way::DownToOne };
            layers.push(Layer::Lstm { gates, way });
        }
        other => return Err(ModelError::Unsupported(format!("a layer of the kind {other:?}"))),
    }
    Ok(())
}

/// `NF_LAYER_SPECIFIC_LR`.
const LEARNING_RATES: i32 = 64;

fn read_stack(
    reader: &mut Reader<'_>,
    flags: i32,
    height: &mut usize,
    layers: &mut Vec<Layer>,
    nesting: u32,
) -> Result<(), ModelError> {
    for _ in 0..reader.u32()? {
        read_network(reader, height, layers, nesting + 1)?;
    }
    if flags & LEARNING_RATES != 0 {
        let rates = reader.count()?;
        reader.take(rates.saturating_mul(4))?;
    }
    Ok(())
}

/// What stands in a reversing or transposing layer is one recurrent layer.
fn turn(layers: &mut [Layer], from: Way, to: Way) -> Result<(), ModelError> {
    match layers {
        [Layer::Lstm { way, .. }] if *way == from => {
            *way = to;
            Ok(())
        }
        _ => Err(ModelError::Unsupported("a turned layer that is not a recurrent one".to_owned())),
    }
}

/// `WeightMatrix::DeSerialize`.
fn read_weights(reader: &mut Reader<'_>) -> Result<Weights, ModelError> {
    const INT8: u8 = 1;
    const DOUBLE: u8 = 128;
    let mode = reader.u8()?;
    if mode & INT8 == 0 || mode & DOUBLE == 0 {
        return Err(ModelError::Unsupported(
            "weights that are not of 8 bits (take tessdata_fast)".to_owned(),
        ));
    }
    let (outputs, columns) = (reader.count()?, reader.count()?);
    let _empty = reader.u8()?;
    let values = reader.take(outputs.saturating_mul(columns))?.iter().map(|b| *b as i8).collect();
    let count = reader.count()?;
    if outputs == 0 || columns < 2 || count < outputs {
        return Err(ModelError::NotTrainedData);
    }
    let mut scales = Vec::with_capacity(outputs);
    for _ in 0..count {
        scales.push((reader.f64()? / 127.0) as f32);
    }
    scales.truncate(outputs);
    Ok(Weights { outputs, inputs: columns - 1, values, scales })
}

/// One character a line, first in it; the first is the space.
fn read_unicharset(bytes: &[u8]) -> Result<Vec<String>, ModelError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ModelError::NotTrainedData)?;
    let mut lines = text.lines();
    let count: usize = lines.next().and_then(|l| l.trim().parse().ok()).ok_or(ModelError::NotTrainedData)?;
    let unichars: Vec<String> = lines
        .take(count)
        .map(|line| match line.split(' ').next() {
            Some("NULL") | None => " ".to_owned(),
            Some(unichar) => unichar.to_owned(),
        })
        .collect();
    if unichars.len() != count { Err(ModelError::NotTrainedData) } else { Ok(unichars) }
}

/// Characters that stand for no character (`SpecialUnicharCodes`): "Joined" and "Broken".
const SPECIAL: std::ops::Range<usize> = 1..3;

/// The text of each output (`UnicharCompress`).
fn read_recoder(bytes: &[u8], unichars: &[String]) -> Result<Vec<Option<String>>, ModelError> {
    let mut reader = Reader(bytes);
    let count = reader.count()?;
    let mut texts: Vec<Option<String>> = Vec::new();
    for id in 0..count {
        let _self_normalized = reader.u8()?;
        if reader.count()? != 1 {
            return Err(ModelError::Unsupported("characters of several outputs".to_owned()));
        }
        let code = reader.count()?;
        if code > 1 << 16 {
            return Err(ModelError::NotTrainedData);
        }
        if texts.len() <= code {
            texts.resize(code + 1, None);
        }
        if !SPECIAL.contains(&id)
            && let Some(unichar) = unichars.get(id)
        {
            texts[code] = Some(unichar.clone());
        }
    }
    Ok(texts)
}

/// The words of a directed acyclic graph of words (`dict/dawg.cpp`, `SquishedDawg`).
fn read_dawg(bytes: &[u8], unichars: &[String]) -> Result<Vec<String>, ModelError> {
    const MAGIC: u16 = 42;
    const LAST_OF_NODE: u64 = 1;
    const END_OF_WORD: u64 = 4;
    const FLAG_BITS: u32 = 3;
    /// More, and longer ones, are not a dictionary.
    const MOST_WORDS: usize = 1 << 20;
    const LONGEST: usize = 64;

    let mut reader = Reader(bytes);
    let magic = u16::from_le_bytes(reader.array()?);
    let unicharset_size = reader.u32()?;
    let count = reader.count()?;
    let letter_bits = u32::BITS - unicharset_size.leading_zeros();
    if magic != MAGIC || unicharset_size == 0 || letter_bits > 24 {
        return Err(ModelError::NotTrainedData);
    }
    let edges = reader.take(count.saturating_mul(8))?.chunks_exact(8);
    let edges: Vec<u64> = edges.map(|e| u64::from_le_bytes(e.try_into().expect("8 bytes"))).collect();
    let mut words = Vec::new();
    // Edges still to follow, each with the word before it.
    let mut open = vec![(0_usize, String::new())];
    while let Some((at, word)) = open.pop() {
        let edge = *edges.get(at).ok_or(ModelError::NotTrainedData)?;
        let letter = (edge & ((1 << letter_bits) - 1)) as usize;
        let flags = edge >> letter_bits;
        let next = (edge >> (letter_bits + FLAG_BITS)) as usize;
        let longer = format!("{word}{}", unichars.get(letter).ok_or(ModelError::NotTrainedData)?);
        if flags & LAST_OF_NODE == 0 {
            open.push((at + 1, word));
        }
        if flags & END_OF_WORD != 0 {
            words.push(longer.clone());
        }
        if next != 0 {
            if longer.len() > LONGEST || words.len() > MOST_WORDS {
                return Err(ModelError::NotTrainedData);
            }
            open.push((next, longer));
        }
    }
    Ok(words)
}

/// Little-endian numbers, one after the other.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ModelError> {
        let (head, rest) = self.0.split_at_checked(count).ok_or(ModelError::NotTrainedData)?;
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ModelError> {
        Ok(self.take(N)?.try_into().expect("N bytes were taken"))
    }

    fn u8(&mut self) -> Result<u8, ModelError> {
        Ok(self.array::<1>()?[0])
    }

    fn u32(&mut self) -> Result<u32, ModelError> {
        self.array().map(u32::from_le_bytes)
    }

    fn i32(&mut self) -> Result<i32, ModelError> {
        self.array().map(i32::from_le_bytes)
    }

    fn i64(&mut self) -> Result<i64, ModelError> {
        self.array().map(i64::from_le_bytes)
    }

    fn f64(&mut self) -> Result<f64, ModelError> {
        self.array().map(f64::from_le_bytes)
    }

    /// A number that is not negative.
    fn count(&mut self) -> Result<usize, ModelError> {
        usize::try_from(self.i32()?).map_err(|_| ModelError::NotTrainedData)
    }

    /// Its length first.
    fn string(&mut self) -> Result<String, ModelError> {
        let length = self.u32()? as usize;
        Ok(String::from_utf8_lossy(self.take(length)?).into_owned())
    }
}
