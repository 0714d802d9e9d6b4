#!/usr/bin/env python3
"""Checks Saoy's formats against their specifications, without any of Saoy's code.

    check_formats.py --example docs/format.md
    check_formats.py --seal-key BASE64 --log-vkey VKEY --origin ORIGIN record.json fields.json seal.cose receipt.tlog-proof
    check_formats.py --trust trust.json record.json fields.json seal.cose receipt.tlog-proof

The libraries are others': cwt (COSE, RFC 9052), cbor2 (RFC 8949), cryptography (Ed25519), rfc8785. Tree, note,
receipt and disclosures are recomputed here from RFC 6962, C2SP and RFC 9901. Prints one line a fact; exit 1 at the
first that does not hold. Each file is also changed by one bit, which must be noticed.
"""

import argparse
import base64
import datetime
import hashlib
import json
import re
import struct
import sys
import unicodedata
from pathlib import Path

import cbor2
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cwt import COSE, COSEKey

VIETNAM = datetime.timezone(datetime.timedelta(hours=7))
ACTS = {"digitisation": 1, "agency-copy": 2, "certification": 3}
EPOCH = datetime.date(1970, 1, 1)


class Wrong(Exception):
    pass


def need(holds, fact):
    if not holds:
        raise Wrong(fact)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text):
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(base64url(data) == text, "base64url has one form")
    return data


def from_base64(text):
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text, "base64 has one form")
    return data


def canonical_json(data):
    value = json.loads(data)
    need(rfc8785.dumps(value) == data, "the JSON is canonical (RFC 8785)")
    need(unicodedata.is_normalized("NFC", data.decode()), "the strings are NFC")
    return value


def check_record(data):
    record = canonical_json(data)
    need(record["version"] == 1 and record["_sd_alg"] == "sha-256", "version 1, sha-256")
    need(len(from_base64url(record["salt"])) == 32, "the salt is 32 bytes")
    need(record["_sd"] == sorted(set(record["_sd"])), "_sd is sorted, none twice")
    need(len(record["sources"]) == len(record["pages"]) > 0, "as many sources as pages")
    issued = datetime.datetime.strptime(record["issued_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    day = issued.astimezone(VIETNAM).date()
    need(record["date"] == day.isoformat(), "date is the day of issued_at in Vietnam")
    need(record["book"]["year"] == day.year, "the book is that year's")
    return record, (day - EPOCH).days


def check_fields(data, record):
    fields = {}
    for text in canonical_json(data):
        salt, name, field = canonical_json(from_base64url(text))
        need(len(from_base64url(salt)) == 16, "a disclosure's salt is 16 bytes")
        need(set(field) == {"value", "page", "box", "source", "confirmed"}, "a field's members")
        need(not fields or name > max(fields), "the names ascend")
        need(base64url(sha256(text.encode())) in record["_sd"], f"{name} is certified")
        fields[name] = field["value"]
    return fields


def parse_vkey(vkey):
    name, key_id, typed = vkey.split("+", 2)
    typed = from_base64(typed)
    need(typed[0] == 1 and len(typed) == 33, "the log's key is Ed25519")
    need(sha256(name.encode(), b"\n", typed)[:4].hex() == key_id, "the key's id is that of name and key")
    return name, bytes.fromhex(key_id), Ed25519PublicKey.from_public_bytes(typed[1:])


def check_note(note, vkey):
    name, key_id, key = parse_vkey(vkey)
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    verified = False
    need(lines.endswith("\n"), "the note ends in a newline")
    for line in lines[:-1].split("\n"):
        match = re.fullmatch("— ([^ +]+) ([A-Za-z0-9+/=]+)", line)
        need(match, "a signature line")
        blob = from_base64(match[2])
        if match[1] == name and blob[:4] == key_id:
            key.verify(blob[4:], text.encode())
            verified = True
    need(verified, "the log's key signed the checkpoint")
    return text


def root_from_proof(leaf, index, size, proof):
    """RFC 6962 section 2.1.1, from the definition of PATH: top-down over the tree's halves."""
    if size == 1:
        need(not proof, "the proof has no hash too many")
        return leaf
    need(proof, "the proof has no hash too few")
    left = 1 << ((size - 1).bit_length() - 1)
    if index < left:
        return sha256(b"\x01", root_from_proof(leaf, index, left, proof[:-1]), proof[-1])
    return sha256(b"\x01", proof[-1], root_from_proof(leaf, index - left, size - left, proof[:-1]))


def check_receipt(data, record_bytes, day, vkey, origin):
    head, checkpoint = data.decode().split("\n\n", 1)
    lines = head.split("\n")
    need(lines[0] == "c2sp.org/tlog-proof@v1", "the receipt's first line")
    need(lines[1].startswith("extra ") and lines[2].startswith("index "), "extra and index lines")
    entry = from_base64(lines[1][6:])
    need(len(entry) == 86, "an issue's entry has 86 bytes")
    version, kind, index, prev, entry_day, key_id, commitment = struct.unpack(">BBQ32sI8s32s", entry)
    need((version, kind) == (1, 1) and lines[2] == f"index {index}", "an issue, version 1, at the index")
    need((index == 0) == (prev == bytes(32)), "a predecessor from index 1 on")
    need(commitment == sha256(b"saoy/commit/v1", sha256(record_bytes)), "the entry commits to the record")
    need(entry_day == day, "the entry's day is the record's")
    text = check_note(checkpoint, vkey)
    found_origin, size, root, end = text.split("\n")
    need(end == "" and found_origin == origin and str(int(size)) == size, "a checkpoint of this log")
    need(index < int(size), "the entry lies in the tree")
    proof = [from_base64(line) for line in lines[3:]]
    need(root_from_proof(sha256(b"\x00", entry), index, int(size), proof) == from_base64(root), "the entry is in the tree")
    return index, key_id


def check_seal(cose, record, record_bytes, fields, index, day, key_id, public):
    need(sha256(b"saoy/seal-key/v1", public)[:8] == key_id, "the entry names the seal's key")
    key = COSEKey.new({1: 1, -1: 6, -2: public, 2: key_id, 3: -8, 4: [2]})
    payload = COSE.new().decode(cose, key, external_aad=b"saoy/seal/v1")
    tag = cbor2.loads(cose)
    protected, unprotected, again, _ = tag.value
    need(tag.tag == 18 and again == payload and not unprotected, "a tagged COSE_Sign1, nothing unprotected")
    need(protected == cbor2.dumps({1: -8, 4: key_id}, canonical=True), "the header is alg and kid")
    seal = cbor2.loads(payload)
    need(cbor2.dumps(tag, canonical=True) == cose, "the seal is deterministic CBOR")
    need(cbor2.dumps(seal, canonical=True) == payload, "its payload is deterministic CBOR")
    expected = {
        1: 1, 2: record["office"]["code"], 3: index, 4: sha256(record_bytes), 5: ACTS[record["act"]],
        6: f"{record['book']['number']}/{record['book']['year']}", 7: day, 8: len(record["pages"]),
    }
    if record["trial"]:
        expected[11] = True
    values, omitted = seal.pop(9, {}), seal.pop(10, [])
    need(seal == expected, "the seal's content is the record's and the entry's")
    need(len(values) + len(omitted) <= 4 and not set(values) & set(omitted), "at most four values")
    for name, value in values.items():
        need(name not in fields or fields[name] == value, f"the sealed {name} is the disclosed one")
    return "SC1:" + base64.b32encode(cose).rstrip(b"=").decode()


def check_all(record_bytes, fields_bytes, cose, receipt, public, vkey, origin):
    record, day = check_record(record_bytes)
    fields = check_fields(fields_bytes, record)
    index, key_id = check_receipt(receipt, record_bytes, day, vkey, origin)
    qr = check_seal(cose, record, record_bytes, fields, index, day, key_id, public)
    return record, fields, qr


def check_and_say(files, public, vkey, origin):
    record, fields, qr = check_all(*files, public, vkey, origin)
    say(f"record, {len(fields)} of {len(record['_sd'])} fields, receipt and seal hold")
    for place, name in enumerate(["record", "fields", "seal", "receipt"]):
        changed = list(files)
        data = bytearray(files[place])
        for at in range(0, len(data), max(1, len(data) // 40)):
            data[at] ^= 1
            changed[place] = bytes(data)
            try:
                check_all(*changed, public, vkey, origin)
            except Exception:  # noqa: BLE001: any refusal will do
                pass
            else:
                raise Wrong(f"a changed byte {at} of the {name} is noticed")
            data[at] ^= 1
    say("one changed bit in any of them is noticed")
    return qr


def say(fact):
    global facts
    facts += 1
    print(f"ok: {fact}")


def example(page):
    blocks = dict(re.findall(r"^```(?:hex|text) (\S+)\n(.*?)\n```$", page, re.M | re.S))
    raw = lambda name: bytes.fromhex(blocks[name].replace("\n", ""))
    text = lambda name: blocks[name].encode()
    receipt = text("receipt") + b"\n"
    qr = check_and_say(
        [text("record-json"), text("fields-json"), raw("seal-cose"), receipt],
        raw("seal-key"), blocks["log-vkey"], "999.saoy.invalid/log",
    )
    need(qr == blocks["qr-text"], "the QR text")
    need(qr[4:] == blocks["qr-text-url"].split("/#")[1], "the QR text with an address")
    need(sha256(text("record-json")) == raw("record-sha256"), "the record's hash")
    need(raw("record-sha256")[:16].hex() == blocks["copy-id"], "the copy's id")
    leaves = [sha256(b"\x00", raw(f"entry-{i}")) for i in range(5)]
    for i in range(5):
        need(leaves[i] == raw(f"leaf-{i}"), f"leaf {i}")
        need(raw(f"entry-{i}")[10:42] == (leaves[i - 1] if i else bytes(32)), f"prev of entry {i}")
    need(raw("entry-2")[54:] == struct.pack(">Q32sB", 1, leaves[1], 1), "entry 2 voids entry 1")
    for name in [name[6:] for name in blocks if name.startswith("array-")]:
        need(from_base64url(blocks[f"disclosure-{name}"]) == text(f"array-{name}"), f"the disclosure of {name}")
        need(base64url(sha256(text(f"disclosure-{name}"))) == blocks[f"digest-{name}"], f"the digest of {name}")
    need(cbor2.loads(raw("seal-to-be-signed")) == ["Signature1", raw("seal-protected"), b"saoy/seal/v1", raw("seal-payload")], "Sig_structure")

    def draws():
        for counter in range(1 << 32):
            yield sha256(b"\x2a" * 32, struct.pack(">Q", counter))

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    draw = draws()
    seal_key, log_key = (Ed25519PrivateKey.from_private_bytes(next(draw)) for _ in range(2))
    need(seal_key.public_key().public_bytes_raw() == raw("seal-key"), "the seal key comes from the seed")
    need(log_key.public_key().public_bytes_raw() == from_base64(blocks["log-vkey"].split("+", 2)[2])[1:], "so does the log key")
    need(from_base64url(json.loads(text("record-json"))["salt"]) == next(draw), "so does the salt")
    need(cbor2.loads(raw("seal-cose")).value[3] == seal_key.sign(raw("seal-to-be-signed")), "and the signature is made again")
    say("every value of the page's example is recomputed")


def from_trust(trust, record_bytes, receipt):
    code = json.loads(record_bytes)["office"]["code"]
    office = next((o for o in trust["offices"] if o["code"] == code), None)
    need(office, f"office {code} is in the trust list")
    index = int(re.search(rb"^index (\d+)$", receipt, re.M)[1])
    good = lambda key: key["from"] <= index and (key["until"] is None or index < key["until"])
    seal_key = next(filter(good, office["seal_keys"]), None)
    log_key = next(filter(good, office["log"]["keys"]), None)
    need(seal_key and log_key, f"there are keys for index {index}")
    return from_base64(seal_key["key"]), log_key["vkey"], office["log"]["origin"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--example", type=Path, metavar="PAGE")
    parser.add_argument("--trust", type=Path)
    parser.add_argument("--seal-key", type=from_base64)
    parser.add_argument("--log-vkey")
    parser.add_argument("--origin")
    parser.add_argument("files", nargs="*", type=Path, help="record.json fields.json seal.cose receipt.tlog-proof")
    options = parser.parse_args()
    if options.example:
        example(options.example.read_text(encoding="utf-8"))
    elif len(options.files) != 4:
        parser.error("four files are needed, or --example")
    if options.files:
        files = [path.read_bytes() for path in options.files]
        keys = (options.seal_key, options.log_vkey, options.origin)
        if options.trust:
            keys = from_trust(json.loads(options.trust.read_bytes()), files[0], files[3])
        elif None in keys:
            parser.error("--trust, or --seal-key, --log-vkey and --origin are needed")
        check_and_say(files, *keys)
    print(f"{facts} passed, 0 failed")


facts = 0
if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # noqa: BLE001: whatever it is, the files do not hold
        print(f"does not hold: {error or type(error).__name__}", file=sys.stderr)
        sys.exit(1)
