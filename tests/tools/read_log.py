#!/usr/bin/env python3
"""Reads a log in C2SP's tlog-tiles layout, written from the specifications alone; knows nothing of Saoy's code.

    read_log.py --vkey VKEY [--entries] PLACE        PLACE: a folder, or an http address

Every tile, bundle and proof is recomputed from the entries by the definitions of RFC 6962 section 2.1: MTH recursively, PATH
and PROOF too. With --entries the entries are read as docs/format.md (section 3) says, and the status list as section 4 does.
Exit 1 with the first thing that is wrong. Standard library and `cryptography`.
"""

import argparse
import base64
import hashlib
import re
import struct
import sys
import urllib.error
import urllib.request
import zlib
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Wrong(Exception):
    pass


def need(holds, what):
    if not holds:
        raise Wrong(what)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def b64(text):
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text, "canonical base64")
    return data


def decimal(text):
    need(re.fullmatch("0|[1-9][0-9]*", text), f"a decimal number: {text!r}")
    return int(text)


# ---- signed-note, tlog-checkpoint ----

def note_text(data, vkeys):
    note = data.decode()
    need(not re.search("[\x00-\x09\x0b-\x1f]", note), "no control characters in a note")
    cut = note.rindex("\n\n")
    text, lines = note[: cut + 1], note[cut + 2:]
    need(lines.endswith("\n"), "a note ends in a newline")
    known = {}
    for vkey in vkeys:
        name, key_id, typed = vkey.split("+", 2)
        typed = b64(typed)
        need(typed[0] == 1 and sha256(name.encode(), b"\n", typed)[:4].hex() == key_id, "an Ed25519 vkey")
        known[name, key_id] = Ed25519PublicKey.from_public_bytes(typed[1:])
    by = 0
    for line in lines[:-1].split("\n"):
        match = re.fullmatch("— ([^ +]+) ([A-Za-z0-9+/=]+)", line)
        need(match, "a signature line")
        blob = b64(match[2])
        key = known.get((match[1], blob[:4].hex()))
        if key:
            key.verify(blob[4:], text.encode())
            by += 1
    need(by, "a signature by a known key")
    return text


def checkpoint(data, vkeys):
    origin, size, root, *rest = note_text(data, vkeys).split("\n")
    need(rest[-1:] == [""] and origin == vkeys[0].split("+")[0], "a checkpoint of this log")
    return origin, decimal(size), b64(root)


# ---- RFC 6962, section 2.1 ----

class Tree:
    def __init__(self, leaves):
        self.leaves = leaves
        self.mth = lru_cache(maxsize=None)(self._mth)

    def _mth(self, start, end):
        count = end - start
        if count == 0:
            return sha256()
        if count == 1:
            return self.leaves[start]
        k = 1 << (count - 1).bit_length() - 1
        return sha256(b"\x01", self.mth(start, start + k), self.mth(start + k, end))


def root_from_path(leaf, index, size, path):
    if size == 1:
        need(not path, "a proof has no hash too many")
        return leaf
    need(path, "a proof has no hash too few")
    k = 1 << (size - 1).bit_length() - 1
    if index < k:
        return sha256(b"\x01", root_from_path(leaf, index, k, path[:-1]), path[-1])
    return sha256(b"\x01", path[-1], root_from_path(leaf, index - k, size - k, path[:-1]))


# ---- tlog-tiles ----

def number(n):
    groups = [f"{n % 1000:03}"]
    while n := n // 1000:
        groups.append(f"x{n % 1000:03}")
    return "/".join(reversed(groups))


def tiles(size):
    """(path without the partial suffix, level or None for entries, n, width) of every tile of a log."""
    for level in range(8):
        hashes = size >> 8 * level
        for n in range((hashes + 255) // 256):
            width = min(256, hashes - 256 * n)
            if level == 0:
                yield f"tile/entries/{number(n)}", None, n, width
            yield f"tile/{level}/{number(n)}", level, n, width


class Reader:
    def __init__(self, place):
        self.place, self.http = place.rstrip("/"), place.startswith("http")

    def get(self, path):
        if not self.http:
            file = Path(self.place, path)
            return file.read_bytes() if file.is_file() else None
        try:
            with urllib.request.urlopen(f"{self.place}/{path}", timeout=30) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            need(error.code == 404, f"{path}: {error.code}")
            return None

    def tile(self, path, width):
        data = self.get(path if width == 256 else f"{path}.p/{width}")
        need(data is not None, f"{path} of width {width} is there")
        return data


def bundle(data, width):
    entries, rest = [], data
    while rest:
        (length,) = struct.unpack(">H", rest[:2])
        need(len(rest) >= 2 + length, "a bundle is not cut off")
        entries.append(rest[2: 2 + length])
        rest = rest[2 + length:]
    need(len(entries) == width, "a bundle has as many entries as its path says")
    return entries


def read(reader, vkeys):
    origin, size, root = checkpoint(reader.get("checkpoint") or b"", vkeys)
    found = {}
    entries = []
    for path, level, n, width in tiles(size):
        data = reader.tile(path, width)
        if level is None:
            entries += bundle(data, width)
        else:
            need(len(data) == 32 * width, f"{path} has {width} hashes")
            found[level, n] = data
    need(len(entries) == size, "all entries are there")
    tree = Tree([sha256(b"\x00", entry) for entry in entries])
    need(tree.mth(0, size) == root, "the entries give the checkpoint's root")
    for (level, n), data in found.items():
        span = 256 ** level
        for i in range(len(data) // 32):
            at = (256 * n + i) * span
            need(data[32 * i: 32 * i + 32] == tree.mth(at, at + span), f"hash {i} of tile {level}/{n}")

    # Inclusion proofs out of the tiles alone.
    def node(height, index):
        level, below = divmod(height, 8)
        n, i = divmod(index << below, 256)
        data = found[level, n]
        hashes = [data[32 * j: 32 * j + 32] for j in range(i, i + (1 << below))]
        while len(hashes) > 1:
            hashes = [sha256(b"\x01", a, b) for a, b in zip(hashes[::2], hashes[1::2])]
        return hashes[0]

    def subtree(start, count):
        if count & (count - 1) == 0:
            return node(count.bit_length() - 1, start // count)
        k = 1 << (count - 1).bit_length() - 1
        return sha256(b"\x01", subtree(start, k), subtree(start + k, count - k))

    def path(index, start, count):
        if count == 1:
            return []
        k = 1 << (count - 1).bit_length() - 1
        if index < k:
            return path(index, start, k) + [subtree(start + k, count - k)]
        return path(index - k, start + k, count - k) + [subtree(start, k)]

    for index in sorted({0, 1, 255, 256, size // 3, size // 2, size - 2, size - 1} & set(range(size))):
        proof = path(index, 0, size)
        need(root_from_path(tree.leaves[index], index, size, proof) == root, f"entry {index} is proven")
    return origin, size, entries, tree


# ---- Saoy's entries and status list (docs/format.md, sections 3 and 4) ----

LENGTHS = {1: 86, 2: 95, 3: 95, 4: 134, 5: 134, 6: 86, 7: 87}


def list_hash(size, states):
    return sha256(b"saoy/status/v1", struct.pack(">Q", size), b"".join(row for _, row in sorted(states.items())))


def read_entries(entries, tree):
    prev, last_day, states, lists, kinds = bytes(32), 0, {}, {}, []
    for at, entry in enumerate(entries):
        version, kind, index, before, day, _ = struct.unpack(">BBQ32sI8s", entry[:54])
        need(version == 1 and len(entry) == LENGTHS.get(kind), f"entry {at} has a known type and its length")
        need(index == at and before == prev and day >= last_day, f"entry {at} follows the one before it")
        if kind in (2, 3, 4, 5):
            target, leaf = struct.unpack(">Q32s", entry[54:94])
            need(target < at and kinds[target] == 1 and tree.leaves[target] == leaf, f"entry {at} has a target")
            old = states.get(target)
            need(old is None or (old[20] in (4, 5) and kind == 3), f"entry {at} may end its target")
            cause, replacement = (entry[94], 0) if kind < 4 else (0, struct.unpack(">Q", entry[94:102])[0])
            states[target] = struct.pack(">QQIBBQ", target, at, day, kind, cause, replacement)
        if kind == 6:
            need(entry[54:] == list_hash(at, states), f"entry {at} has the hash of the status list")
            lists[at] = entry[54:], dict(states)
        kinds.append(kind)
        prev, last_day = tree.leaves[at], day
    return states, lists


def read_status(data, vkeys, origin, lists, tree):
    lines = note_text(data, vkeys).split("\n")
    need(len(lines) == 8 and lines[0] == "saoy/status/v1" and lines[1] == origin and lines[7] == "", "a status list")
    size, root, made, until, rows = decimal(lines[2]), b64(lines[3]), decimal(lines[4]), decimal(lines[5]), zlib.decompress(b64(lines[6]))
    need(made <= until and root == tree.mth(0, size), "the list is over this tree")
    states = {struct.unpack(">Q", rows[i: i + 8])[0]: rows[i: i + 30] for i in range(0, len(rows), 30)}
    need(size in lists and lists[size] == (list_hash(size, states), states), "the list is the one that the entries give")
    return size, len(states)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vkey", action="append", required=True)
    parser.add_argument("--entries", action="store_true")
    parser.add_argument("place")
    options = parser.parse_args()
    reader = Reader(options.place)
    origin, size, entries, tree = read(reader, options.vkey)
    said = f"{origin}: {size} entries, every tile and proof recomputed"
    if options.entries:
        states, lists = read_entries(entries, tree)
        status = reader.get("status")
        need(bool(lists) == (status is not None), "a status list is there if an entry names one")
        covered = read_status(status, options.vkey, origin, lists, tree) if status else None
        said += f"; {len(states)} not in force; status list {covered}"
    print(said)


if __name__ == "__main__":
    sys.setrecursionlimit(10_000)
    try:
        main()
    except Exception as error:  # noqa: BLE001: whatever it is, the log does not hold
        print(f"does not hold: {error or type(error).__name__}", file=sys.stderr)
        sys.exit(1)
