// The npm package from Node: good and forged copies, seals, page images that are those of the copy.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { before, test } from "node:test";
import { inflateSync } from "node:zlib";

const fixtures = process.env.SAOY_FIXTURES;
const { SaoyError, Verifier } = await import(`${process.env.SAOY_NPM}/index.js`);
const wasm = readFileSync(`${process.env.SAOY_NPM}/saoy.wasm`);
const file = (name) => readFileSync(`${fixtures}/${name}`);
const copies = () => readdirSync(`${fixtures}/copies`).filter((name) => name.endsWith(".pdf"));

let verifier;
before(async () => {
  verifier = await Verifier.load(wasm);
  const { offices, sequence } = verifier.trust(file("a/trust.json"));
  assert.deepEqual(offices, [{ code: "H99.01", name: "Ủy ban nhân dân phường Bến Mẫu" }]);
  assert.equal(sequence, 1);
});

test("imports nothing: no network, clock or storage", async () => {
  assert.deepEqual(WebAssembly.Module.imports(await WebAssembly.compile(wasm)), []);
});

test("a good copy is authentic, and in force where the status is known", async () => {
  const alone = verifier.verify(file("copies/good.certified.pdf"));
  assert.equal(alone.verdict, "authentic-status-unknown");
  assert.equal(alone.copy.office, "H99.01");
  assert.match(alone.summary.vi, /^XÁC THỰC/);
  const asked = await Verifier.load(wasm);
  asked.trust(file("a/trust.json"));
  asked.status(file("log/status"));
  assert.equal(asked.verify(file("copies/good.certified.pdf")).verdict, "valid");
  const revoked = asked.verify(file("copies/revoked.certified.pdf"));
  assert.deepEqual([revoked.verdict, revoked.status], ["invalid", { state: "revoked" }]);
  // The day is handed in: in two years the list is too old.
  const late = asked.verify(file("copies/good.certified.pdf"), new Date(Date.now() + 2 * 365 * 86400e3));
  assert.notEqual(late.verdict, "valid");
});

test("every forgery is refused", () => {
  const forged = readdirSync(`${fixtures}/forged`);
  assert.ok(forged.length > 100, `${forged.length} forgeries`);
  for (const name of forged) {
    let verdict;
    try {
      verdict = verifier.verify(file(`forged/${name}`)).verdict;
    } catch (error) {
      assert.ok(error instanceof SaoyError, `${name}: ${error}`);
      verdict = error.code;
    }
    assert.ok(["invalid", "not-a-copy", "unknown-issuer"].includes(verdict), `${name}: ${verdict}`);
  }
});

test("what the command line says of each copy, WebAssembly says too", () => {
  for (const name of copies()) {
    const arguments_ = ["verify", "--trust", `${fixtures}/a/trust.json`, "--allow-status-unknown", "--json", `${fixtures}/copies/${name}`];
    let told;
    try {
      told = execFileSync(process.env.SAOY, arguments_, { stdio: ["ignore", "pipe", "ignore"] });
    } catch (error) {
      told = error.stdout;
    }
    // The two were asked one after the other: the moment of checking, which is that of many facts, too, is another.
    const timeless = (report) => JSON.parse(JSON.stringify(report).replaceAll(report.checked_at, "now"));
    const { file: _, ...expected } = timeless(JSON.parse(told));
    assert.deepEqual(timeless(verifier.verify(file(`copies/${name}`))), expected, name);
  }
});

test("an office that is not listed is unknown, another file is no copy", () => {
  assert.equal(verifier.verify(file("copies/stranger.certified.pdf")).verdict, "unknown-issuer");
  const code = (run) => {
    try {
      run();
    } catch (error) {
      return error.code;
    }
    return "none";
  };
  assert.equal(code(() => verifier.verify(file("good.jpg"))), "not-a-copy");
  assert.equal(code(() => verifier.verifySeal("SC1:AAAA")), "bad-seal");
  assert.equal(code(() => verifier.trust("{}")), "bad-trust-list");
});

test("a signed list must be the root's and never older", async () => {
  const pinned = await Verifier.load(wasm);
  const refused = (list) => assert.throws(() => pinned.trust(list), SaoyError);
  refused(file("list-2"));
  assert.equal(pinned.root(file("root").toString()), "danh-sach.example.vn");
  const { sequence, signed_by, offices } = pinned.trust(file("list-2"));
  assert.deepEqual([sequence, signed_by, offices.length], [2, "danh-sach.example.vn", 1]);
  refused(file("list-1"));
  const changed = file("list-3").toString().replace("Bến Mẫu", "Bến Mậu");
  assert.notEqual(changed, file("list-3").toString());
  refused(changed);
  // What was refused changed nothing.
  assert.equal(pinned.verify(file("copies/stranger.certified.pdf")).verdict, "unknown-issuer");
  assert.equal(pinned.trust(file("list-3")).offices.length, 2);
  assert.equal(pinned.verify(file("copies/stranger.certified.pdf")).verdict, "authentic-status-unknown");
  refused(file("list-2"));
  assert.equal(pinned.trust(file("a/trust.json")).signed_by, null);
  refused(file("list-2"));
});

test("a print's seal is read and told as what it is", () => {
  const text = file("seal.txt").toString().trim();
  const report = verifier.verifySeal(text);
  assert.equal(report.verdict, "sealed");
  assert.match(report.summary.en, /a print is not the certified copy/);
  assert.ok(Object.keys(report.seal.values).length > 0);
  const changed = `${text.slice(0, -3)}${text.at(-3) === "A" ? "B" : "A"}${text.slice(-2)}`;
  assert.equal(verifier.verifySeal(changed).verdict, "invalid");
  const { titles: _, ...picture } = { titles: null, width: 0, height: 0, data: new Uint8Array() };
  assert.deepEqual(verifier.codes(picture), []);
});

test("page images are those of the copy, pixel by pixel", () => {
  let compared = 0;
  for (const name of copies()) {
    const { copy } = verifier.verify(file(`copies/${name}`));
    const prefix = `${fixtures}/images-${name}`;
    execFileSync("pdfimages", [`${fixtures}/copies/${name}`, prefix]);
    const images = readdirSync(fixtures).filter((one) => one.startsWith(`images-${name}-`)).sort();
    for (let index = 0; index < copy.pages; index += 1) {
      const page = verifier.page(index);
      if (page.type === "image/jpeg") {
        assert.deepEqual([...page.bytes.slice(0, 2), ...page.bytes.slice(-2)], [0xff, 0xd8, 0xff, 0xd9], name);
        continue;
      }
      const ours = png(page.bytes);
      const theirs = pnm(file(images[index]));
      assert.deepEqual([ours.width, ours.height], [theirs.width, theirs.height], name);
      assert.ok(ours.rgb.equals(theirs.rgb), `${name}: page ${index + 1} differs`);
      compared += 1;
    }
  }
  assert.ok(compared >= 4, `${compared} images compared`);
});

/** A PNG file of ours (8 bits, grey or RGB, rows without filter) → RGB. */
function png(bytes) {
  const data = Buffer.from(bytes);
  const [width, height] = [data.readUInt32BE(16), data.readUInt32BE(20)];
  const channels = data[25] === 2 ? 3 : 1;
  const parts = [];
  for (let at = 8; at < data.length; at += 12 + data.readUInt32BE(at)) {
    if (data.toString("latin1", at + 4, at + 8) === "IDAT") parts.push(data.subarray(at + 8, at + 8 + data.readUInt32BE(at)));
  }
  const rows = inflateSync(Buffer.concat(parts));
  const rgb = Buffer.alloc(3 * width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < 3 * width; x += 1) {
      rgb[3 * width * y + x] = rows[(channels * width + 1) * y + 1 + (channels === 3 ? x : Math.floor(x / 3))];
    }
  }
  return { width, height, rgb };
}

/** Poppler's PBM, PGM or PPM → RGB. */
function pnm(data) {
  const header = /^(P[456])\s+(\d+)\s+(\d+)\s+(?:255\s)?/.exec(data.toString("latin1", 0, 64));
  const [kind, width, height] = [header[1], Number(header[2]), Number(header[3])];
  const pixels = data.subarray(header[0].length);
  if (kind === "P6") return { width, height, rgb: pixels };
  const rgb = Buffer.alloc(3 * width * height);
  const stride = Math.ceil(width / 8);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const black = kind === "P4" && (pixels[stride * y + (x >> 3)] >> (7 - (x & 7))) & 1;
      rgb.fill(kind === "P4" ? (black ? 0 : 255) : pixels[width * y + x], 3 * (width * y + x), 3 * (width * y + x) + 3);
    }
  }
  return { width, height, rgb };
}
