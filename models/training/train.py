"""Trains the network of a `*.traineddata` file further, on lines of print whose text is known.

    train.py MODEL OUT --latin ENG --lines FOLDER [--check FILE…] [--minutes M]

MODEL is the file to start from (Debian's tesseract-ocr-vie: tessdata_fast's), OUT the same file with other weights: layers, outputs,
dictionary and all else stay, so that whatever reads MODEL reads OUT. FOLDER holds what `cargo run --example lines` writes, as *.lines; more may
be put there while it runs. ENG is `eng.traineddata`, for its words alone. FILEs are lines to count wrong characters on, unseen in training.

Half of what it sees are those lines, half are lines that it sets itself: words of the model's own dictionary, numbers and names put
together by chance, in the faces of the split `tune`. Without them the network would learn the wording of our papers by heart.

Needs torch, numpy and Pillow. The network: convolution 3 × 3, tanh, greatest of 3 × 3, a recurrent layer down each column, one to the
right, one to the left, one to the right, softmax (Tesseract 5, `lstm/`); loss: CTC (Graves et al. 2006); optimiser: Adam; weights are
rounded to 8 bits in every step (straight-through), as they will be when it reads.
"""

import argparse
import math
import multiprocessing
import os
import random
import struct
import time
import unicodedata

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from torch import nn

LSTM, DAWG, UNICHARSET, RECODER = 17, 19, 21, 22


class Reader:
    """Little-endian numbers, one after the other, and where each was."""

    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def take(self, n):
        self.at += n
        return self.data[self.at - n : self.at]

    def number(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize(form)))[0]

    def string(self):
        return self.take(self.number("I")).decode()


class Weights:
    """A matrix of 8 bits in the file: where it stands, what it says."""

    def __init__(self, reader):
        mode = reader.number("B")
        assert mode & 1 and mode & 128, "not a model of 8 bits"
        self.rows, self.columns = reader.number("i"), reader.number("i")
        reader.number("B")
        self.at = reader.at
        values = np.frombuffer(reader.take(self.rows * self.columns), np.int8).reshape(self.rows, self.columns)
        count = reader.number("i")
        self.scales_at = reader.at
        scales = np.frombuffer(reader.take(8 * count), "<f8")[: self.rows]
        self.values = values * scales[:, None]

    def store(self, data, values):
        """Each row with its own scale, as `WeightMatrix::ConvertToInt` rounds it."""
        most = np.abs(values).max(1)
        scales = np.where(most > 0, most / 127, 1.0)
        data[self.at : self.at + self.rows * self.columns] = (
            np.clip(np.round(values / scales[:, None]), -127, 127).astype(np.int8).tobytes()
        )
        data[self.scales_at : self.scales_at + 8 * self.rows] = scales.astype("<f8").tobytes()


class Model:
    """What of the file is needed: weights in the order of the layers, the text of each output."""

    def __init__(self, path):
        self.data = bytearray(open(path, "rb").read())
        entries = struct.unpack_from("<I", self.data)[0]
        self.offsets = list(struct.unpack_from(f"<{entries}q", self.data, 4)) + [len(self.data)]
        reader = Reader(self.data, self.offsets[LSTM])
        self.layers = []
        self.read_network(reader)
        reader.string()
        for _ in range(3):
            reader.number("i")
        self.blank = reader.number("i")
        text = self.entry(UNICHARSET).decode().split("\n")
        unichars = [line.split(" ")[0] for line in text[1 : 1 + int(text[0])]]
        unichars[0] = " "
        self.unichars = unichars
        reader = Reader(self.entry(RECODER))
        self.codes = {}
        for unichar in range(reader.number("i")):
            reader.number("B")
            assert reader.number("i") == 1
            code = reader.number("i")
            if unichar not in (1, 2) and len(unichars[unichar]) == 1:
                self.codes.setdefault(unichars[unichar], code)

    def entry(self, number):
        start = self.offsets[number]
        end = next(o for o in self.offsets[number + 1 :] if o > start)
        return bytes(self.data[start:end])

    def read_network(self, reader):
        reader.number("B")
        kind = reader.string()
        reader.take(2)
        flags = reader.number("i")
        reader.take(12)
        reader.string()
        if kind == "Input":
            reader.take(20)
        elif kind in ("Series", "RTLReversed", "XYTranspose"):
            for _ in range(reader.number("I")):
                self.read_network(reader)
            if flags & 64:
                reader.take(4 * reader.number("i"))
        elif kind in ("Convolve", "Maxpool"):
            reader.take(8)
        elif kind in ("Tanh", "Softmax"):
            self.layers.append((kind, [Weights(reader)]))
        elif kind in ("LSTM", "SummLSTM"):
            reader.number("i")
            self.layers.append((kind, [Weights(reader) for _ in range(4)]))
        else:
            raise SystemExit(f"a layer of the kind {kind}")

    def words(self):
        """The words of the dictionary (`dict/dawg.cpp`)."""
        reader = Reader(self.entry(DAWG))
        reader.number("H")
        size, count = reader.number("I"), reader.number("i")
        edges = np.frombuffer(reader.take(8 * count), "<u8").tolist()
        bits = size.bit_length()
        words, todo = [], [(0, "")]
        while todo:
            at, word = todo.pop()
            edge = edges[at]
            longer = word + self.unichars[edge & ((1 << bits) - 1)]
            flags, after = edge >> bits, edge >> (bits + 3)
            if not flags & 1:
                todo.append((at + 1, word))
            if flags & 4:
                words.append(longer)
            if after:
                todo.append((after, longer))
        return words


class Network(nn.Module):
    """The layers in floating point. In: lines × height × width, −1 to 1. Out: log-probabilities, place × line × output."""

    def __init__(self, model):
        super().__init__()
        kinds = [kind for kind, _ in model.layers]
        assert kinds == ["Tanh", "SummLSTM", "LSTM", "LSTM", "LSTM", "Softmax"], kinds
        dense = lambda w: torch.tensor(w.values, dtype=torch.float32)
        first = dense(model.layers[0][1][0])
        self.kernel = nn.Parameter(first[:, :-1].reshape(-1, 3, 3).transpose(1, 2)[:, None].contiguous())
        self.kernel_bias = nn.Parameter(first[:, -1].clone())
        self.lstms = nn.ModuleList()
        for _, gates in model.layers[1:5]:
            values = [dense(g) for g in gates]
            values = torch.cat([values[1], values[2], values[0], values[3]])
            states = gates[0].rows
            lstm = nn.LSTM(gates[0].columns - 1 - states, states)
            with torch.no_grad():
                lstm.weight_ih_l0.copy_(values[:, : -1 - states])
                lstm.weight_hh_l0.copy_(values[:, -1 - states : -1])
                lstm.bias_ih_l0.copy_(values[:, -1])
                lstm.bias_hh_l0.zero_()
            lstm.bias_hh_l0.requires_grad = False
            self.lstms.append(lstm)
        last = dense(model.layers[5][1][0])
        self.last = nn.Parameter(last.clone())

    def forward(self, lines, widths):
        x = torch.tanh(F.conv2d(lines[:, None], self.kernel, self.kernel_bias, padding=1))
        x = F.max_pool2d(x, 3)
        count, depth, height, width = x.shape
        places = torch.clamp(widths // 3, min=1)
        x = fake(x).permute(2, 0, 3, 1).reshape(height, count * width, depth)
        x = self.lstms[0](x)[1][0][0].reshape(count, width, -1).transpose(0, 1)
        x = fake(self.lstms[1](fake(x))[0])
        turn = (places[None, :] - 1 - torch.arange(width)[:, None]) % width
        turned = lambda t: t.gather(0, turn[:, :, None].expand(-1, -1, t.shape[2]))
        x = fake(turned(self.lstms[2](turned(x))[0]))
        x = fake(self.lstms[3](x)[0])
        return F.log_softmax(F.linear(x, self.last[:, :-1], self.last[:, -1]), -1), places

    def matrices(self):
        """As the file has them."""
        first = self.kernel[:, 0].transpose(1, 2).reshape(self.kernel.shape[0], -1)
        yield [torch.cat([first, self.kernel_bias[:, None]], 1)]
        for lstm in self.lstms:
            whole = torch.cat([lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0[:, None]], 1)
            i, f, g, o = whole.chunk(4)
            yield [g, i, f, o]
        yield [self.last]

    def rounded(self):
        """The weights in 8 bits, as parameters by name; gradients pass straight through."""

        def round_rows(*parts):
            most = torch.stack([p.detach().abs().flatten(1).amax(1) for p in parts]).amax(0)
            scale = torch.clamp(most / 127, min=1e-12)
            for p in parts:
                s = scale.reshape(-1, *[1] * (p.dim() - 1))
                yield p + (torch.round(p / s) * s - p).detach()

        found = {}
        kernel, bias = round_rows(self.kernel, self.kernel_bias[:, None])
        found["kernel"], found["kernel_bias"] = kernel, bias[:, 0]
        for n, lstm in enumerate(self.lstms):
            a, b, c = round_rows(lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0[:, None])
            found[f"lstms.{n}.weight_ih_l0"], found[f"lstms.{n}.weight_hh_l0"] = a, b
            found[f"lstms.{n}.bias_ih_l0"] = c[:, 0]
        (found["last"],) = round_rows(self.last)
        return found


def fake(x):
    """Activations as they are kept: −127 to 127 for −1 to 1."""
    return x + (torch.round(x * 127) / 127 - x).detach()


def load(paths, codes):
    """Lines as (grey, outputs)."""
    lines = []
    for path in paths:
        data = open(path, "rb").read()
        at = 0
        while at < len(data):
            (n,) = struct.unpack_from("<H", data, at)
            text = unicodedata.normalize("NFC", data[at + 2 : at + 2 + n].decode())
            at += 2 + n
            (width,) = struct.unpack_from("<H", data, at)
            image = np.frombuffer(data, np.uint8, 36 * width, at + 2).reshape(36, width)
            at += 2 + 36 * width
            if all(c in codes for c in text) and 18 <= width <= 2400 and width // 3 > len(text) * 1.2:
                lines.append((image, [codes[c] for c in text]))
    return lines


# Lines set here.

FACES = """liberation2/LiberationSerif-Regular liberation2/LiberationSerif-Bold liberation2/LiberationSerif-Italic
liberation2/LiberationSerif-BoldItalic liberation2/LiberationSans-Regular liberation2/LiberationSans-Bold liberation2/LiberationSans-Italic
liberation2/LiberationMono-Regular liberation2/LiberationMono-Bold dejavu/DejaVuSerif dejavu/DejaVuSerif-Bold dejavu/DejaVuSerif-Italic
dejavu/DejaVuSerifCondensed dejavu/DejaVuSerifCondensed-Bold dejavu/DejaVuSans dejavu/DejaVuSans-Bold dejavu/DejaVuSans-Oblique
dejavu/DejaVuSansCondensed dejavu/DejaVuSansCondensed-Bold dejavu/DejaVuSansMono linux-libertine/LinLibertine_R linux-libertine/LinLibertine_RB
linux-libertine/LinLibertine_RI linux-libertine/LinBiolinum_R linux-libertine/LinBiolinum_RB linux-libertine/LinBiolinum_RI
tex-gyre/texgyrepagella-regular tex-gyre/texgyrepagella-bold tex-gyre/texgyrepagella-italic tex-gyre/texgyreschola-regular
tex-gyre/texgyreschola-bold tex-gyre/texgyreschola-italic tex-gyre/texgyrebonum-regular tex-gyre/texgyrebonum-bold
tex-gyre/texgyrebonum-italic tex-gyre/texgyreheros-regular tex-gyre/texgyreheros-bold tex-gyre/texgyreheros-italic
tex-gyre/texgyreheroscn-regular tex-gyre/texgyreheroscn-bold tex-gyre/texgyreadventor-regular tex-gyre/texgyreadventor-bold
tex-gyre/texgyrecursor-regular tex-gyre/texgyrecursor-bold crosextra/Carlito-Regular crosextra/Carlito-Bold crosextra/Carlito-Italic
freefont/FreeSans freefont/FreeSansBold freefont/FreeSansOblique andika/Andika-Regular andika/Andika-Bold andika/Andika-Italic
vollkorn/Vollkorn-Regular vollkorn/Vollkorn-Bold vollkorn/Vollkorn-Italic inter/Inter-Regular inter/Inter-Bold inter/Inter-Italic
cantarell/Cantarell-Regular cantarell/Cantarell-Bold junicode/JunicodeTwoBeta-Regular junicode/JunicodeTwoBeta-Bold
junicode/JunicodeTwoBeta-Italic ebgaramond/EBGaramond12-Regular ebgaramond/EBGaramond12-Italic doulos/DoulosSIL-Regular quicksand/Quicksand-Regular
open-sans/OpenSans-Regular open-sans/OpenSans-Bold open-sans/OpenSans-Italic""".split()
FOLDERS = ["/usr/share/fonts/truetype/", "/usr/share/fonts/opentype/", "/usr/share/texmf/fonts/opentype/public/"]
SIGNED = "ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ"


def has_vietnamese(path):
    from fontTools.ttLib import TTFont

    letters = TTFont(path, fontNumber=0, lazy=True).getBestCmap()
    return all(ord(c) in letters and ord(c.upper()) in letters for c in SIGNED)


def faces():
    paths = [
        folder + name + ending
        for name in FACES
        for folder in FOLDERS
        for ending in (".ttf", ".otf")
        if os.path.exists(folder + name + ending)
    ]
    return [path for path in paths if has_vietnamese(path)]


FAMILY = "Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đinh Đoàn Trịnh Mai Lâm Hà Cao Chu Tạ Tô Lương Quách Thạch Giàng Vàng Hờ Ksor Rơ Siu".split()


class Sentences:
    """Texts by chance: words of the dictionaries, names, numbers, dates, in the cases that papers have."""

    def __init__(self, model, latin):
        codes = model.codes
        self.latin = [w for w in latin.words() if w.isalpha() and w.isascii() and 1 < len(w) < 14]
        self.words = [w for w in model.words() if all(c in codes for c in w) and len(w) > 1 and w[0].isalpha()]
        self.short = [w for w in self.words if len(w) <= 6 and w.islower() and any(unicodedata.normalize("NFD", c) != c or c == "đ" for c in w)]
        self.short += [w for w in self.words if len(w) <= 5 and w.islower() and w.isalpha()][:4000]

    def word(self):
        return random.choice(self.short if random.random() < 0.8 else self.words)

    def number(self):
        digits = lambda n: "".join(random.choice("0123456789") for _ in range(n))
        return random.choice(
            [
                lambda: digits(random.randint(1, 4)),
                lambda: digits(12),
                lambda: digits(random.randint(5, 10)),
                lambda: f"{random.randint(1, 31):02}/{random.randint(1, 12):02}/{random.randint(1930, 2026)}",
                lambda: f"{random.randint(1, 31):02}-{random.randint(1, 12):02}-{random.randint(1930, 2026)}",
                lambda: f"{digits(random.randint(1, 3))}/{random.choice(['QĐ', 'TLKS', 'KS', 'BC', 'TB', 'GXN', 'UBND'])}-{random.choice(['UBND', 'BS', 'STP', 'VP', 'HĐND'])}",
                lambda: f"{digits(random.randint(1, 3))}.{digits(3)}.{digits(3)}",
                lambda: f"{digits(random.randint(1, 3))},{digits(1)}",
                lambda: random.choice("ABCDEGHKLMNPSTVX") + random.choice(["", " ", "-"]) + digits(6),
                lambda: f"{digits(2)}{random.choice('ABCDEFGHK')}-{digits(3)}.{digits(2)}",
                lambda: f"({digits(random.randint(1, 2))})",
                lambda: "".join(random.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(random.randint(1, 6))) + digits(random.randint(3, 10)),
                lambda: f"{random.choice(self.latin).lower()}{digits(random.randint(0, 3))}@{random.choice(self.latin).lower()}.{random.choice(['vn', 'com', 'gov.vn', 'org'])}",
                lambda: f"{random.choice(['I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'IX', 'X'])}",
                lambda: f"0{digits(3)} {digits(3)} {digits(3)}",
            ]
        )()

    def text(self):
        kind = random.random()
        if kind < 0.2:
            words = [random.choice(FAMILY)] + [self.word().capitalize() for _ in range(random.randint(1, 3))]
            text = " ".join(words)
            return text.upper() if random.random() < 0.45 else text
        if kind < 0.28:
            words = [random.choice(self.latin) for _ in range(random.randint(1, 6))]
            text = " ".join(words)
            return text.upper() if random.random() < 0.3 else text.title() if random.random() < 0.5 else text
        if kind < 0.42:
            label = " ".join(self.word() for _ in range(random.randint(1, 4))).capitalize()
            return f"{label}{random.choice([':', ': ', ' :', '.'])} {self.number()}".replace("  ", " ")
        count = random.choice([1, 2, 3, 4, 5, 6, 8, 10, 12])
        words = []
        for _ in range(count):
            roll = random.random()
            word = self.number() if roll < 0.1 else self.word()
            if 0.1 < roll < 0.3:
                word = word.capitalize()
            elif 0.3 < roll < 0.34:
                word = word.upper()
            if random.random() < 0.12:
                word += random.choice([",", ".", ";", ":", ","])
            elif random.random() < 0.02:
                word = f"({word})"
            elif random.random() < 0.02:
                word = f"“{word}”" if random.random() < 0.5 else f'"{word}"'
            words.append(word)
        text = " ".join(words)
        roll = random.random()
        return text.upper() if roll < 0.22 else text.title() if roll < 0.3 else text[0].upper() + text[1:]


def set_line(text, fonts):
    """A line of print as the network gets it, or nothing where the face cannot set it."""
    size = random.choice([26, 30, 34, 38, 42, 48])
    font = fonts[random.randrange(len(fonts))]
    font = ImageFont.truetype(font, size)
    spacing = random.random() < 0.1
    if spacing:
        advance = random.uniform(0.5, 4)
        width = sum(font.getlength(c) + advance for c in text)
    else:
        width = font.getlength(text)
    image = Image.new("L", (int(width) + 3 * size, size * 3), 255)
    draw = ImageDraw.Draw(image)
    x, y = size, size
    if spacing:
        for c in text:
            draw.text((x, y), c, fill=0, font=font)
            x += font.getlength(c) + advance
    else:
        draw.text((x, y), text, fill=0, font=font)
    box = image.point(lambda v: 255 - v).getbbox()
    if box is None:
        return None
    x0, y0, x1, y1 = box
    ascent, descent = font.getmetrics()
    baseline = y + ascent
    y1 = max(y1, int(baseline + (baseline - y0) * 0.28))
    margin = lambda: random.randint(2, 7) * size // 40
    box = (max(0, x0 - margin()), max(0, y0 - margin()), x1 + margin(), y1 + margin())
    roll = random.random()
    if roll < 0.15:
        # A dotted leader under or after the words.
        step, size_of_dot = random.randint(5, 10), random.choice([1, 2])
        for dot in range(x0, x1, step):
            draw.ellipse((dot, baseline, dot + size_of_dot, baseline + size_of_dot), fill=random.randint(0, 120))
    elif roll < 0.2:
        draw.line((x0, baseline + 4, x1, baseline + 4), fill=60, width=random.choice([1, 2]))
    if random.random() < 0.3:
        image = image.rotate(random.uniform(-0.7, 0.7), Image.BICUBIC, fillcolor=255)
    image = image.crop(box)
    if random.random() < 0.25:
        # Fat or starved ink.
        other = image.filter(random.choice([ImageFilter.MinFilter, ImageFilter.MaxFilter])(3))
        image = Image.blend(image, other, random.uniform(0.2, 0.6))
    shrink = random.choice([1, 1, 0.8, 0.65, 0.55])
    if shrink < 1:
        image = image.resize((max(1, int(image.width * shrink)), max(1, int(image.height * shrink))), Image.BILINEAR)
    if random.random() < 0.5:
        image = image.filter(ImageFilter.GaussianBlur(random.uniform(0.2, 1.0)))
    grey = np.asarray(image, np.float32)
    ink, paper = random.uniform(0, 110), random.uniform(190, 255)
    grey = ink + grey / 255 * (paper - ink)
    if random.random() < 0.2:
        # Waves of a ground, or a seal's flat red that was not taken away whole.
        xs = np.arange(grey.shape[1])[None, :]
        ys = np.arange(grey.shape[0])[:, None]
        wave = np.sin(xs / random.uniform(3, 25) + ys / random.uniform(2, 20) + random.random() * 6)
        grey = grey - np.maximum(0, wave - random.uniform(0, 0.9)) * random.uniform(5, 50)
    grey = grey + np.random.normal(0, random.choice([0, 2, 5, 10, 16]), grey.shape)
    if random.random() < 0.15:
        spots = np.random.random(grey.shape) < random.choice([0.001, 0.004])
        grey[spots] = ink
    grey = np.clip(grey, 0, 255).astype(np.uint8)
    if random.random() < 0.1:
        grey = np.where(grey > (ink + paper) / 2, 255, 0).astype(np.uint8)
    width = grey.shape[1] * 36 // grey.shape[0]
    if not 18 <= width <= 2400:
        return None
    return stretched(np.asarray(Image.fromarray(grey).resize((width, 36), Image.LANCZOS)))


def nothing():
    """A line without print: leaders, rulings, strokes of a pen, waves, dirt."""
    width, height = random.randint(60, 900), random.randint(24, 60)
    image = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(image)
    kind = random.random()
    if kind < 0.4:
        y, step = random.randint(height // 3, height - 4), random.randint(4, 12)
        size = random.choice([1, 2, 3])
        for x in range(2, width, step):
            draw.ellipse((x, y, x + size, y + size), fill=random.randint(0, 90))
    elif kind < 0.55:
        y = random.randint(4, height - 4)
        draw.line((0, y, width, y + random.randint(-2, 2)), fill=30, width=random.randint(1, 3))
    elif kind < 0.75:
        at = [random.randint(0, width), random.randint(0, height)]
        for _ in range(random.randint(2, 9)):
            to = [min(width, max(0, at[0] + random.randint(-90, 120))), random.randint(0, height)]
            draw.line((*at, *to), fill=random.randint(0, 120), width=random.randint(1, 5))
            at = to
    grey = np.asarray(image.filter(ImageFilter.GaussianBlur(random.uniform(0.2, 1.2))), np.float32)
    if kind > 0.6:
        xs, ys = np.arange(width)[None, :], np.arange(height)[:, None]
        wave = np.sin(xs / random.uniform(3, 25) + ys / random.uniform(2, 20) + random.random() * 6)
        grey = grey - np.maximum(0, wave) * random.uniform(5, 80)
    grey = np.clip(grey + np.random.normal(0, random.uniform(0, 14), grey.shape), 0, 255).astype(np.uint8)
    return stretched(np.asarray(Image.fromarray(grey).resize((max(18, width * 36 // height), 36), Image.LANCZOS)))


def stretched(grey):
    """`LineReader::activations`."""
    row = grey[18].astype(int)
    before, here, after = row[:-2], row[1:-1], row[2:]
    minima = np.sort(here[((here < before) & (here <= after)) | ((here <= before) & (here < after))])
    maxima = np.sort(here[((here > before) & (here >= after)) | ((here >= before) & (here > after))])
    black = float(minima[len(minima) // 4]) if len(minima) else 0.0
    white = float(maxima[len(maxima) * 3 // 4]) if len(maxima) else 255.0
    contrast = (white - black) / 2 if white > black else 1.0
    return np.round(np.clip((grey - black) / contrast - 1, -1, 1) * 127 + 128).astype(np.uint8)


def varied(image):
    """A line of a paper, a little otherwise: wider or narrower, higher or lower, lighter or darker, noisier."""
    grey = Image.fromarray(image)
    if random.random() < 0.6:
        width = max(18, int(grey.width * random.uniform(0.88, 1.14)))
        above, below = random.uniform(-2.5, 2), random.uniform(-2, 2.5)
        grey = grey.transform((width, 36), Image.EXTENT, (0, -above, grey.width, 36 + below), Image.BILINEAR, fillcolor=255)
    values = np.asarray(grey, np.float32)
    if random.random() < 0.4:
        values = (values - 128) * random.uniform(0.8, 1.25) + 128 + random.uniform(-15, 15)
    if random.random() < 0.3:
        values = values + np.random.normal(0, random.uniform(2, 14), values.shape)
    return np.clip(values, 1, 255).astype(np.uint8)


def batch_of(lines):
    widths = [image.shape[1] for image, _ in lines]
    pixels = np.full((len(lines), 36, -(-max(widths) // 3) * 3), 128, np.uint8)
    for n, (image, _) in enumerate(lines):
        pixels[n, :, : image.shape[1]] = image
    pixels = (torch.from_numpy(pixels).float() - 128) / 127
    labels = torch.tensor([code for _, label in lines for code in label], dtype=torch.long)
    lengths = torch.tensor([len(label) for _, label in lines])
    return pixels, torch.tensor(widths), labels, lengths


def edits(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        corner, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (x != y))
    return row[-1]


@torch.no_grad()
def check(network, lines, blank):
    """Wrong characters of a hundred, greedily decoded, without a dictionary."""
    wrong = letters = 0
    weights = network.rounded()
    order = sorted(range(len(lines)), key=lambda n: lines[n][0].shape[1])
    for start in range(0, len(order), 32):
        some = [lines[n] for n in order[start : start + 32]]
        pixels, widths, _, _ = batch_of(some)
        out, places = torch.func.functional_call(network, weights, (pixels, widths))
        best = out.argmax(-1).T.tolist()
        for (_, label), codes, n in zip(some, best, places.tolist()):
            codes = codes[:n]
            read = [c for c, before in zip(codes, [blank] + codes) if c != before and c != blank]
            wrong += edits(read, label)
            letters += len(label)
    return 100 * wrong / max(1, letters)


def lines_in(folder):
    return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".lines"))


def produce(queue, arguments, model):
    """Batches of lines of like length, half of them of papers, half set here."""
    random.seed(arguments.seed + 1)
    np.random.seed(arguments.seed + 1)
    sentences, fonts, paths = Sentences(model, Model(arguments.latin)), faces(), []
    print(f"{len(sentences.short)} short words, {len(sentences.words)} words, {len(fonts)} faces", flush=True)
    while True:
        if lines_in(arguments.lines) != paths:
            paths = lines_in(arguments.lines)
            lines = load(paths, model.codes)
            print(f"{len(lines)} lines of papers", flush=True)
        pool = []
        while len(pool) < 16 * arguments.batch:
            roll = random.random()
            if roll < 0.5:
                image, label = lines[random.randrange(len(lines))]
                image = varied(image)
            elif roll < 0.53:
                image, label = nothing(), []
            else:
                text = unicodedata.normalize("NFC", sentences.text()).strip()
                image = set_line(text, fonts) if text and all(c in model.codes for c in text) else None
                label = [model.codes.get(c) for c in text]
            if image is not None and image.shape[1] // 3 > len(label) * 1.2:
                pool.append((image, label))
        pool.sort(key=lambda line: line[0].shape[1])
        pool = [pool[n : n + arguments.batch] for n in range(0, len(pool), arguments.batch)]
        random.shuffle(pool)
        queue.put(pool)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("out")
    parser.add_argument("--lines", required=True)
    parser.add_argument("--latin", required=True)
    parser.add_argument("--check", nargs="*", default=[])
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--rate", type=float, default=6e-4)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    np.random.seed(arguments.seed)
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    model = Model(arguments.model)
    network = Network(model)
    checks = [(path, load([path], model.codes)) for path in arguments.check]
    for path, lines in checks:
        print(f"before: {path}: {len(lines)} lines, CER {check(network, lines, model.blank):.3f} %", flush=True)
    trained = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.Adam(trained, lr=arguments.rate, betas=(0.9, 0.99))
    mean = {name: p.detach().clone() for name, p in network.named_parameters()}
    ctc = nn.CTCLoss(blank=model.blank, zero_infinity=True)
    began, step, losses, seen = time.time(), 0, [], 0
    limit = arguments.minutes * 60
    told = saved = began
    pool, queue = [], multiprocessing.Queue(4)
    multiprocessing.Process(target=produce, args=(queue, arguments, model), daemon=True).start()
    while (spent := time.time() - began) < limit:
        if not pool:
            pool = queue.get()
        pixels, widths, labels, lengths = batch_of(pool.pop())
        rate = arguments.rate * min(1, (step + 1) / 200) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * spent / limit)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        out, places = torch.func.functional_call(network, network.rounded(), (pixels, widths))
        loss = ctc(out, labels, places, lengths)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(trained, 2.0)
        optimiser.step()
        step += 1
        seen += len(widths)
        losses.append(loss.item())
        with torch.no_grad():
            keep = min(0.998, step / (step + 20))
            for name, p in network.named_parameters():
                mean[name].lerp_(p, 1 - keep)
        if time.time() - told > 60:
            told = time.time()
            print(f"{spent / 60:.1f} min, {step} steps, {seen} lines, loss {sum(losses) / len(losses):.4f}", flush=True)
            losses = []
        if time.time() - saved > 600:
            saved = time.time()
            save(model, network, mean, arguments.out + ".part")
            for path, some in checks:
                print(f"  {path}: CER {check(network, some, model.blank):.3f} %", flush=True)
    save(model, network, mean, arguments.out)
    for path, some in checks:
        print(f"after: {path}: CER {check(network, some, model.blank):.3f} %", flush=True)


def save(model, network, mean, out):
    """The mean of the last steps' weights, which is steadier than the last; the network goes on with its own."""
    own = {name: p.detach().clone() for name, p in network.named_parameters()}
    with torch.no_grad():
        for name, p in network.named_parameters():
            p.copy_(mean[name])
        for (_, weights), matrices in zip(model.layers, network.matrices()):
            for w, m in zip(weights, matrices):
                w.store(model.data, m.numpy().astype(np.float64))
        for name, p in network.named_parameters():
            p.copy_(own[name])
    with open(out, "wb") as file:
        file.write(model.data)


if __name__ == "__main__":
    main()
