// The page in a real Chromium, served on loopback: what people drop, scan and open; nothing leaves; accessible; offline.
//
// Every connection that the browser opens beyond the page's own server must go through a proxy that records and refuses it: what the proxy
// heard is what left, whoever asked (page, worker, service worker).

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { chromium } from "playwright-core";

const { SAOY_FIXTURES: fixtures, SAOY_PAGE: site, SAOY_SCREENSHOTS: screenshots } = process.env;
const copy = (name) => join(fixtures, "copies", `${name}.certified.pdf`);
const PHONE = { width: 390, height: 844 };
const DESK = { width: 1280, height: 900 };
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".wasm": "application/wasm", ".json": "application/json" };

let server;
let address;
let down = false;
const asked = [];
let proxy;
const left = [];
const requests = [];
/** Chromium's own services, which it asks whatever page is open: updates, the account, how forms are filled. They are no page's doing. */
const CHROMIUMS_OWN = /^(https?:\/\/)?(update|content-autofill|optimizationguide-pa|safebrowsing|clients2?|accounts|www)\.(googleapis|google)\.com\b/;
let profile;
let browser;

before(async () => {
  server = createServer((request, response) => {
    if (down) return request.socket.destroy();
    asked.push(request.url);
    const name = request.url === "/" ? "index.html" : request.url.slice(1);
    if (!readdirSync(site).includes(name)) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream", "cache-control": "no-store" });
    response.end(readFileSync(join(site, name)));
  });
  address = `http://127.0.0.1:${await listening(server)}/`;
  proxy = createServer((request, response) => {
    left.push(request.url);
    response.writeHead(502).end();
  });
  proxy.on("connect", (request, socket) => {
    left.push(request.url);
    socket.end("HTTP/1.1 502 Refused\r\n\r\n");
  });
  const through = `http://127.0.0.1:${await listening(proxy)}`;
  profile = mkdtempSync(join(tmpdir(), "saoy-chromium-"));
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: "/usr/bin/chromium",
    headless: true,
    viewport: DESK,
    proxy: { server: through, bypass: "127.0.0.1" },
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
      "--disable-domain-reliability", "--disable-client-side-phishing-detection", "--no-pings",
      "--autofill-server-url=http://127.0.0.1:9/",
      "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
    ],
  });
  // Pages, their workers, and the service worker.
  browser.on("request", (request) => requests.push(request.url()));
});

after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
  proxy?.close();
  rmSync(profile, { recursive: true, force: true });
});

function listening(one) {
  return new Promise((resolve) => one.listen(0, "127.0.0.1", () => resolve(one.address().port)));
}

/** A page that is ready, and what went wrong on it. */
async function open({ viewport = DESK, hash = "", language = "vi" } = {}) {
  const page = await browser.newPage();
  page.problems = [];
  page.on("console", (message) => message.type() === "error" && page.problems.push(message.text()));
  page.on("pageerror", (error) => page.problems.push(String(error)));
  await page.setViewportSize(viewport);
  await page.goto(address + hash);
  await page.waitForSelector("html[data-ready]");
  await page.click(`[data-language=${language}]`);
  return page;
}

async function choose(page, ...files) {
  const before = await page.locator(".card").count();
  await page.setInputFiles("#files", files);
  await page.waitForFunction((count) => document.querySelectorAll(".card").length === count, before + files.length);
  return page.locator(".card").first();
}

async function shoot(page, name) {
  if (screenshots) await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
}

/** Whether all of it stands in the window. */
const inView = (one) => one.evaluate((it) => {
  const { top, bottom, left, right } = it.getBoundingClientRect();
  return top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth;
});

/** Files as a person drops them. */
async function drop(page, files) {
  const given = files.map(({ path, ...file }) => ({ type: "application/pdf", bytes: path ? readFileSync(path).toString("base64") : "", ...file }));
  const transfer = await page.evaluateHandle((given) => {
    const transfer = new DataTransfer();
    for (const { name, type, bytes } of given) transfer.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type }));
    return transfer;
  }, given);
  const before = await page.locator(".card").count();
  await page.dispatchEvent("#intake", "dragover", { dataTransfer: transfer });
  await page.dispatchEvent("#intake", "drop", { dataTransfer: transfer });
  await page.waitForFunction((count) => document.querySelectorAll(".card").length === count, before + files.length);
}

/** What the page asks its worker, by task, from now on. */
async function count(page) {
  await page.evaluate(() => {
    window.asked = {};
    const real = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (message, ...rest) {
      window.asked[message.task] = (window.asked[message.task] ?? 0) + 1;
      return real.call(this, message, ...rest);
    };
  });
  return () => page.evaluate(() => window.asked);
}

const verdict = (card) => card.getAttribute("data-verdict");

test("a good copy: verdict, fields, office, number, and the page beside them", async () => {
  const page = await open();
  const card = await choose(page, copy("good"));
  assert.equal(await verdict(card), "valid");
  assert.match(await card.locator("h3").innerText(), /HỢP LỆ/);
  const said = await card.innerText();
  for (const words of ["Ủy ban nhân dân phường Bến Mẫu (H99.01)", "Số chứng thực", "Chứng thực bản sao từ bản chính", "Giấy khai sinh", "Trần Thị Mẫu"]) {
    assert.ok(said.includes(words), `${words} is not in ${said}`);
  }
  const canvas = card.locator(".paper canvas");
  await page.waitForFunction(() => document.querySelector(".card .paper canvas").width > 1000);
  // What is drawn is a scanned page, not an empty one.
  const inks = await canvas.evaluate((one) => {
    const { data } = one.getContext("2d").getImageData(0, 0, one.width, one.height);
    let dark = 0;
    for (let at = 0; at < data.length; at += 4) dark += data[at] < 110 ? 1 : 0;
    return dark / (data.length / 4);
  });
  assert.ok(inks > 0.005 && inks < 0.5, `${inks} of the page is dark`);
  // A field shows where it stands, inside the page.
  const field = card.locator(".fields button").first();
  await field.click();
  assert.equal(await field.getAttribute("aria-pressed"), "true");
  const [spot, paper] = [await card.locator(".spot").boundingBox(), await canvas.boundingBox()];
  assert.ok(spot.width > 5 && spot.height > 5 && spot.x >= paper.x - 4 && spot.y >= paper.y - 4);
  assert.ok(spot.x + spot.width <= paper.x + paper.width + 4 && spot.y + spot.height <= paper.y + paper.height + 4);
  // Nothing is painted over its letters, and it stays in view beside the fields.
  const over = await card.locator(".spot").evaluate((one) => {
    const { backgroundColor, borderTopWidth, outlineOffset } = getComputedStyle(one);
    return { backgroundColor, borderTopWidth, outside: parseFloat(outlineOffset) > 0 };
  });
  assert.deepEqual(over, { backgroundColor: "rgba(0, 0, 0, 0)", borderTopWidth: "0px", outside: true });
  await card.locator(".fields button").last().click();
  assert.ok(await inView(card.locator(".spot")), "the place is in view beside the last field");
  assert.deepEqual(page.problems, []);
  await page.close();
});

test("forged, revoked, of an unknown office, and no copy at all", async () => {
  const page = await open({ language: "en" });
  const forged = readdirSync(join(fixtures, "forged"));
  const some = ["page-image", "shadow", "swapped", "evil-annotation", "incremental", "seal"].map((family) => forged.find((name) => name.includes(family))).filter(Boolean);
  assert.ok(some.length >= 3, forged.join(" "));
  for (const name of some) {
    const card = await choose(page, join(fixtures, "forged", name));
    assert.equal(await verdict(card), "invalid", name);
    assert.match(await card.locator("h3").innerText(), /INVALID/);
    assert.ok((await card.locator(".group[open] li[data-state=failed]").count()) > 0, `${name}: a failed fact is shown`);
    assert.ok(!(await card.locator(".fields").first().isVisible().catch(() => false)), "what a forgery claims is not shown as found");
  }
  const revoked = await choose(page, copy("revoked"));
  assert.equal(await verdict(revoked), "invalid");
  assert.match(await revoked.locator("h3").innerText(), /revoked/);
  const stranger = await choose(page, copy("stranger"));
  assert.equal(await verdict(stranger), "unknown-issuer");
  const none = await choose(page, join(fixtures, "none.pdf"));
  assert.equal(await verdict(none), "nothing");
  assert.match(await none.locator("h3").innerText(), /NOT A SAOY COPY/);
  assert.deepEqual(page.problems, []);
  await page.close();
});

test("many files at once, by dropping them: each verified once, folded, its page drawn when it is opened", async () => {
  const page = await open();
  const asked = await count(page);
  const names = ["good", "stranger", "khai-sinh-08-den-trang", "khai-sinh-12-sach", "van-ban-04-bao-cao-hai-trang", "revoked"];
  const files = names.map((name) => ({ name: `${name}.pdf`, path: copy(name) }));
  await drop(page, [...files, { name: "again.pdf", path: copy("good") }, { name: "none.pdf", path: join(fixtures, "none.pdf") }]);
  const verdicts = await page.locator(".card").evaluateAll((cards) => cards.map((card) => card.dataset.verdict));
  assert.deepEqual(verdicts, ["invalid", "unknown-issuer", "nothing", "valid", "valid", "valid", "valid", "valid"], "what is wrong stands first");
  assert.deepEqual(await asked(), { verify: 8 });
  assert.equal(await page.locator(".card .inside:visible").count(), 0, "all are folded");
  // One line on all of them, what is wrong first and a way to it.
  const tally = page.locator("#tally");
  assert.match(await tally.innerText(), /Đã kiểm tra 8 mục/);
  const counts = await tally.locator(".counts li").allInnerTexts();
  assert.deepEqual(counts, ["1 không hợp lệ", "1 không rõ nơi cấp", "1 không phải bản sao của Saoy", "5 hợp lệ"]);
  assert.deepEqual(await tally.locator(".jump").allInnerTexts(), ["revoked.pdf — không hợp lệ", "stranger.pdf — không rõ nơi cấp", "none.pdf — không phải bản sao của Saoy"]);
  await tally.getByRole("button", { name: "stranger.pdf" }).click();
  const stranger = page.locator(".card", { hasText: "stranger.pdf" });
  assert.ok(await stranger.evaluate((one) => one === document.activeElement && !one.querySelector(".inside").hidden), "the card is reached, and open");
  assert.deepEqual(await asked(), { verify: 8 }, "what an unknown office claims is not drawn");

  // Two pages: the second can be turned to. Opened by the keyboard.
  const two = page.locator(".card", { hasText: "van-ban-04" });
  await two.locator(".toggle").focus();
  await page.keyboard.press("Enter");
  await two.getByText("Trang 1 / 2").waitFor();
  await two.getByRole("button", { name: "Trang sau" }).click();
  await two.getByText("Trang 2 / 2").waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".paper:not(.blank)").length === 1);
  assert.deepEqual(await asked(), { verify: 8, page: 2 });

  // A click anywhere on a folded card's head.
  for (const card of await page.locator('.card[data-verdict="valid"]').all()) {
    if (await card.evaluate((one) => one.classList.contains("folded"))) await card.locator(".head").click({ position: { x: 8, y: 8 } });
  }
  await page.waitForFunction(() => document.querySelectorAll(".paper:not(.blank)").length === 5);
  assert.deepEqual(await asked(), { verify: 8, page: 6 }, "a page is asked for once, when its card is opened");

  // Nothing is asked for or drawn again for another language, a card that goes, or one that comes.
  await page.evaluate(() => document.querySelectorAll(".paper canvas").forEach((canvas) => (canvas.mine = true)));
  const kept = await page.locator(".card").evaluateAll((cards) => cards.map((card) => (card.mine = card.querySelector(".file").textContent)));
  await page.click("[data-language=en]");
  assert.match(await two.innerText(), /Page 2 of 2/);
  assert.match(await tally.innerText(), /8 results:\n+1 invalid/);
  await page.locator(".card", { hasText: "again.pdf" }).locator(".close").click();
  assert.equal(await page.locator("#tally .total").innerText(), "7 results:");
  await drop(page, [{ name: "one-more.pdf", path: copy("khai-sinh-11-den-trang") }]);
  await page.waitForFunction(() => document.querySelectorAll(".paper:not(.blank)").length === 5);
  assert.deepEqual(await asked(), { verify: 9, page: 7 });
  assert.deepEqual(await page.locator(".card").evaluateAll((cards) => cards.map((card) => card.mine)), [undefined, ...kept.filter((name) => name !== "again.pdf")]);
  assert.equal(await page.locator(".paper canvas").evaluateAll((all) => all.filter((canvas) => canvas.mine && canvas.width > 300).length), 4);
  assert.equal(await page.locator(".card").first().evaluate((one) => one.classList.contains("folded")), false, "what is given alone stands open");
  assert.deepEqual(page.problems, []);
  await page.close();
});

test("on a phone a field's place is shown, large, where one clicks", async () => {
  const page = await open({ viewport: PHONE });
  const card = await choose(page, copy("khai-sinh-12-sach"));
  const field = card.locator(".fields button", { hasText: "Nơi sinh" });
  await field.scrollIntoViewIfNeeded();
  const before = await page.evaluate(() => scrollY);
  await field.click();
  const crop = card.locator(".crop canvas");
  await crop.waitFor();
  assert.ok(Math.abs((await page.evaluate(() => scrollY)) - before) < 5, "the page stays where it is");
  assert.equal(await crop.getAttribute("aria-label"), "Chỗ của mục Nơi sinh trên trang");
  // The same ink as on the page at that place, and as dark.
  const darkest = await crop.evaluate((one) => {
    const { data } = one.getContext("2d").getImageData(0, 0, one.width, one.height);
    return data.reduce((least, value, at) => (at % 4 === 0 ? Math.min(least, value) : least), 255);
  });
  assert.ok(darkest < 90, `the darkest pixel is ${darkest}`);
  const [shown, page_] = [await crop.boundingBox(), await card.locator(".paper canvas").boundingBox()];
  const scale = async (one) => one.evaluate((it) => it.getBoundingClientRect().width / it.width);
  assert.ok(shown.width > 250 && (await scale(crop)) > 1.2 * (await scale(card.locator(".paper canvas"))), `${shown.width} of ${page_.width}`);
  await card.getByRole("button", { name: "Xem trên cả trang" }).click();
  await page.waitForFunction(() => {
    const { top, bottom } = document.querySelector(".spot").getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  });
  await field.click();
  assert.equal(await card.locator(".crop, .spot:visible").count(), 0, "clicked again, it goes");
  await page.close();
});

test("every field and coded value of every form has words in both languages", async () => {
  const folder = join(import.meta.dirname, "../../models/forms");
  const forms = readdirSync(folder).filter((name) => name.endsWith(".toml")).map((file) => {
    const [, ...fields] = readFileSync(join(folder, file), "utf8").split(/^\[\[field\]\]$/m);
    return { form: file.replace(".toml", ""), fields: fields.map((field) => ({
      name: /^name = "(.+)"$/m.exec(field)[1],
      title: /^title = "(.+)"$/m.exec(field)?.[1],
      codes: [...(/^choose = \[$(.*?)^\]$/ms.exec(field)?.[1] ?? "").matchAll(/value = "([a-z_]+)"/g)].map(([, code]) => code),
    })) };
  });
  assert.ok(forms.length > 10 && forms.flatMap(({ fields }) => fields.flatMap(({ codes }) => codes)).length > 10);
  const page = await open();
  const missing = await page.evaluate(async (forms) => {
    const { FIELDS, FORMS, VALUES, fieldLabel } = await import("./labels.js");
    const missing = forms.filter(({ form }) => !FORMS[form]).map(({ form }) => form);
    for (const { form, fields } of forms) {
      for (const { name, title, codes } of fields) {
        if (!title || !FIELDS[name]) missing.push(`${form}/${name}`);
        missing.push(...codes.filter((code) => !VALUES[name]?.[code]?.vi || !VALUES[name][code].en).map((code) => `${form}/${name}: ${code}`));
      }
      const labels = fields.map(({ name }) => fieldLabel(name, form, "en", {}));
      missing.push(...labels.filter((label, at) => labels.indexOf(label) !== at).map((label) => `${form}: ${label} twice`));
    }
    return missing;
  }, forms);
  assert.deepEqual(missing, []);
  await page.close();
});

test("values in words, dates as the language writes them", async () => {
  const page = await open();
  const card = await choose(page, copy("good"));
  const values = async () => Object.fromEntries(await card.locator(".fields li").evaluateAll((rows) => rows.map((row) => [...row.querySelectorAll(".name, .value")].map((one) => one.textContent.trim()))));
  const vietnamese = await values();
  assert.equal(vietnamese["Loại bản"], "Bản chính");
  assert.equal(vietnamese["Ngày, tháng, năm sinh"], "21/10/2025");
  await page.click("[data-language=en]");
  const english = await values();
  assert.equal(english["Kind of paper"], "Original");
  assert.equal(english["Date of birth"], "21 October 2025");
  assert.match(await card.innerText(), /Birth certificate/);
  assert.equal(Object.keys(english).length, Object.keys(vietnamese).length);
  const truths = await page.evaluate(async () => {
    const { valueLabel } = await import("./labels.js");
    return [valueLabel("has_seal", "true", "vi"), valueLabel("has_signature", false, "en"), valueLabel("subject", "true", "vi")];
  });
  assert.deepEqual(truths, ["Có", "No", undefined]);
  await page.close();
});

test("what cannot be checked is called what it is, and says what to do", async () => {
  const page = await open();
  const said = async (one) => (await one.locator(".head").innerText()).replace(/\s+/g, " ");
  // A TIFF, whether or not the system knows the kind.
  for (const type of ["image/tiff", ""]) {
    await drop(page, [{ name: "scan.tif", type, path: join(import.meta.dirname, "../../samples/van-ban-04-bao-cao-hai-trang.tif") }]);
    assert.match(await said(page.locator(".card").first()), /Không kiểm tra được tệp này.*TIFF.*JPEG hoặc PNG.*scan\.tif/);
  }
  assert.equal(await page.locator(".advice:empty").count(), 0);
  await page.fill("#link", "https://xacminh.example.vn/");
  await page.click("#link-form button");
  await page.waitForFunction(() => document.querySelectorAll(".card").length === 3);
  const link = await said(page.locator(".card").first());
  assert.match(link, /Không kiểm tra được liên kết này.*Dán lại cả liên kết.*Liên kết đã dán/);
  assert.doesNotMatch(link, /tệp/);
  // A PDF may be the scan of a print, in pictures that are not read here; another kind of file is not.
  assert.match(await said(await choose(page, join(fixtures, "none.pdf"))), /KHÔNG PHẢI BẢN SAO CỦA SAOY Không có gì để kiểm tra.*là bản quét của một bản in.*JBIG2, JPEG 2000.*JPEG hoặc PNG/);
  await drop(page, [{ name: "words.txt", type: "text/plain" }]);
  assert.doesNotMatch(await said(page.locator(".card").first()), /bản quét của một bản in/);
  // A picture under the name of a PDF is a picture, and the other way about.
  await drop(page, [{ name: "print.pdf", type: "application/pdf", path: join(fixtures, "print.png") }]);
  assert.equal(await verdict(page.locator(".card").first()), "sealed");
  await drop(page, [{ name: "good.jpg", type: "image/jpeg", path: copy("good") }]);
  assert.equal(await verdict(page.locator(".card").first()), "valid");
  assert.deepEqual(page.problems, []);
  await page.close();
});

test("a PDF that others signed: what it covers and whether it is intact, and no more", async () => {
  const page = await open({ language: "en" });
  const card = await choose(page, join(fixtures, "foreign.pdf"));
  assert.equal(await verdict(card), "nothing");
  const said = (await card.innerText()).replace(/\s+/g, " ");
  assert.match(said, /NOT A SAOY COPY.*Somebody else signed this PDF/i);
  assert.match(said, /Signature in a file that is no copy.*it holds over bytes.*Nobody 999.*whose that is was not checked.*does not cover the \d+ bytes/);
  assert.equal(await card.locator("li[data-state=passed]").count(), 0);
  await page.click("[data-language=vi]");
  assert.match((await card.innerText()).replace(/\s+/g, " "), /do nơi khác ký số.*chưa kiểm tra là của ai/);
  assert.deepEqual(page.problems, []);
  await page.close();
});

test("a print that was scanned into a PDF is read by its code", async () => {
  const page = await open({ language: "en" });
  const card = await choose(page, join(fixtures, "scan.pdf"));
  assert.equal(await verdict(card), "sealed");
  assert.match(await card.innerText(), /paper was not checked/);
  assert.deepEqual(page.problems, []);
  await page.close();
});

test("a picture that takes long shows that it is at work", async () => {
  const page = await open({ language: "en" });
  await page.evaluate(() => {
    window.sentences = [];
    const place = document.getElementById("progress");
    new MutationObserver(() => window.sentences.push([place.textContent, place.classList.contains("busy"), getComputedStyle(place, "::before").animationName])).observe(place, { childList: true, attributes: true, subtree: true });
  });
  await choose(page, join(fixtures, "good.jpg"));
  await page.waitForFunction(() => !document.getElementById("progress").classList.contains("busy"));
  const sentences = await page.evaluate(() => window.sentences);
  for (const attempt of [1, 5]) {
    assert.ok(sentences.some(([words, busy, moves]) => words === `Looking for a QR code in good.jpg… (attempt ${attempt} of 5)` && busy && moves === "turn"), JSON.stringify(sentences));
  }
  assert.match(await page.locator("#progress").innerText(), /Checked: 1/);
  await page.close();
});

test("the print: its code in a picture, as a link, and opened from the link itself", async () => {
  const link = readFileSync(join(fixtures, "seal.txt"), "utf8").trim();
  const page = await open({ language: "en" });
  const card = await choose(page, join(fixtures, "print.png"));
  assert.equal(await verdict(card), "sealed");
  const said = await card.innerText();
  assert.match(said, /paper was not checked/);
  assert.match(said, /a print is not the certified copy/i);
  assert.match(said, /The paper/);
  assert.equal(await verdict(await choose(page, join(fixtures, "good.jpg"))), "nothing", "a picture without a code");
  await page.fill("#link", link);
  await page.click("#link-form button");
  await page.waitForFunction(() => document.querySelectorAll(".card").length === 3);
  assert.equal(await verdict(page.locator(".card").first()), "sealed");
  await page.close();

  const opened = await open({ hash: link.slice(link.indexOf("#")), language: "vi" });
  await opened.waitForSelector(".card");
  assert.equal(await verdict(opened.locator(".card").first()), "sealed");
  assert.match(await opened.locator(".card h3").innerText(), /DẤU ĐÚNG/);
  assert.equal(new URL(opened.url()).hash, "", "the seal stays neither in the address nor in the history");
  const asForged = link.slice(link.indexOf("#")).replace(/.(?=.{9}$)/, (letter) => (letter === "A" ? "B" : "A"));
  await opened.evaluate((hash) => (location.hash = hash), asForged);
  await opened.waitForFunction(() => document.querySelectorAll(".card").length === 2);
  assert.equal(await verdict(opened.locator(".card").first()), "invalid");
  assert.ok(asked.every((url) => !url.includes(link.slice(-40))), "no seal reached the server");
  await opened.close();
});

test("the camera is read and can be stopped", async () => {
  const page = await open();
  // Chromium's false camera shows a moving figure; the code is laid over it as the picture that a camera would give.
  const code = readFileSync(join(fixtures, "print.png")).toString("base64");
  await page.evaluate(async (bytes) => {
    const picture = await createImageBitmap(new Blob([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], { type: "image/png" }));
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [picture.width, picture.height];
    const draw = () => canvas.getContext("2d").drawImage(picture, 0, 0);
    draw();
    setInterval(draw, 50);
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    let times = 0;
    navigator.mediaDevices.getUserMedia = (wish) => (++times === 1 ? real(wish) : Promise.resolve(canvas.captureStream(20)));
  }, code);
  await page.click("#camera");
  await page.waitForFunction(() => document.getElementById("video").videoWidth > 0);
  await page.click("#stop");
  await page.waitForSelector("#viewfinder", { state: "hidden" });
  await page.click("#camera");
  await page.waitForSelector(".card", { timeout: 30_000 });
  assert.equal(await verdict(page.locator(".card").first()), "sealed");
  assert.ok(!(await page.locator("#viewfinder").isVisible()), "the camera is off after the code was read");
  await page.close();
});

test("lists: another is taken, and what is no list is refused", async () => {
  const page = await open({ language: "en" });
  await page.click("#trust-more summary");
  await page.setInputFiles("#trust-file", join(fixtures, "b", "trust.json"));
  await page.waitForFunction(() => document.getElementById("trust-now").textContent.includes("that you loaded"));
  assert.equal(await verdict(await choose(page, copy("good"))), "unknown-issuer");
  assert.equal(await verdict(await choose(page, copy("stranger"))), "authentic-status-unknown");
  await page.setInputFiles("#trust-file", join(fixtures, "good.jpg"));
  await page.getByText("This list cannot be used").waitFor();
  await page.setInputFiles("#status-file", join(fixtures, "log", "status"));
  await page.getByText("This list cannot be used").waitFor();
  assert.equal(await verdict(await choose(page, copy("stranger"))), "authentic-status-unknown");
  await page.reload();
  await page.waitForSelector("html[data-ready]");
  // A newer list of the pinned root is known as such; an older one is refused.
  await page.setInputFiles("#trust-file", join(fixtures, "list-1"));
  await page.getByText("This list cannot be used").waitFor();
  await page.setInputFiles("#trust-file", join(fixtures, "list-3"));
  await page.waitForFunction(() => /edition 3.*signed by danh-sach.example.vn/.test(document.getElementById("trust-now").textContent));
  assert.equal(await verdict(await choose(page, copy("stranger"))), "authentic-status-unknown");
  await page.reload();
  await page.waitForSelector("html[data-ready]");
  assert.match(await page.locator("#trust-now").innerText(), /came with this page: edition 2.*signed by danh-sach.example.vn/, "a list that was loaded is gone with the page");
  await page.close();
});

test("both languages say everything, and the choice is kept", async () => {
  const page = await open();
  await choose(page, copy("good"));
  const vietnamese = await page.locator("main").innerText();
  await page.click("[data-language=en]");
  const english = await page.locator("main").innerText();
  assert.match(vietnamese, /HỢP LỆ/);
  assert.match(english, /VALID/);
  assert.doesNotMatch(english, /Chưa kiểm tra|Kết quả|Danh sách|Không đạt/);
  assert.equal(await page.getAttribute("html", "lang"), "en");
  await page.reload();
  assert.equal(await page.getAttribute("html", "lang"), "en");
  await page.click("[data-language=vi]");
  await page.close();
});

for (const [device, viewport] of [["phone", PHONE], ["desk", DESK]]) {
  for (const language of ["vi", "en"]) {
    test(`accessible (WCAG 2.2 AA by axe) and without sideways scrolling: ${device}, ${language}`, async () => {
      const page = await open({ viewport, language });
      const forged = readdirSync(join(fixtures, "forged"));
      await inspect(page, "empty");
      await shoot(page, `${device}-${language}-empty`);
      for (const [name, path] of [
        ["good", copy("good")], ["revoked", copy("revoked")], ["stranger", copy("stranger")], ["none", join(fixtures, "none.pdf")],
        ["print", join(fixtures, "print.png")], ["forged", join(fixtures, "forged", forged.find((one) => one.startsWith("evil-annotation")))],
      ]) {
        await page.evaluate(() => document.querySelectorAll(".card .close").forEach((button) => button.click()));
        await page.waitForFunction(() => document.querySelectorAll(".card").length === 0);
        const card = await choose(page, path);
        await card.evaluate((one) => one.querySelectorAll("details").forEach((more) => (more.open = true)));
        const field = card.locator(".fields button").first();
        if (await field.count()) await field.click();
        await page.waitForLoadState("networkidle");
        await inspect(page, name);
        await page.waitForFunction(() => [...document.querySelectorAll(".card canvas")].every((one) => one.width !== 300));
        await shoot(page, `${device}-${language}-${name}`);
      }
      await drop(page, ["good", "stranger", "revoked", "khai-sinh-12-sach"].map((name) => ({ name: `${name}.pdf`, path: copy(name) })));
      await page.locator(".card", { hasText: "khai-sinh-12-sach" }).locator(".toggle").click();
      await inspect(page, "many");
      await shoot(page, `${device}-${language}-many`);
      await page.close();
    });
  }
}

async function inspect(page, name) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${name}: ${wide} pixels too wide`);
  // Injected as a script of the test's own world, which the page's policy does not bind.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
  assert.deepEqual(told, [], name);
}

test("works by keyboard alone", async () => {
  const page = await open({ language: "en" });
  await page.evaluate(() => document.activeElement?.blur());
  const reached = new Set();
  for (let step = 0; step < 14; step += 1) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.dataset.language || document.activeElement.tagName));
  }
  for (const id of ["vi", "en", "files", "camera", "link"]) assert.ok(reached.has(id), `${id} is not reached: ${[...reached]}`);
  await page.close();
});

test("the policy forbids every connection elsewhere, in the page and in its worker", async () => {
  const page = await open();
  const attempt = async () => {
    const refused = [];
    const note = (what) => refused.push(what);
    await fetch("https://elsewhere.example/").catch(() => note("fetch"));
    await fetch("http://127.0.0.1:9/").catch(() => note("fetch of another port"));
    try {
      const socket = new WebSocket("wss://elsewhere.example/");
      await new Promise((resolve) => (socket.onerror = socket.onclose = resolve));
      note("WebSocket");
    } catch {
      note("WebSocket");
    }
    return refused;
  };
  const violations = await page.evaluate(() => {
    window.refused = [];
    document.addEventListener("securitypolicyviolation", ({ violatedDirective }) => window.refused.push(violatedDirective));
  });
  assert.equal(violations, undefined);
  assert.deepEqual(await page.evaluate(attempt), ["fetch", "fetch of another port", "WebSocket"]);
  const worker = page.workers().find((one) => one.url().startsWith("blob:"));
  assert.ok(worker, "the verifier runs in a worker");
  assert.deepEqual(await worker.evaluate(attempt), ["fetch", "fetch of another port", "WebSocket"]);
  const beyond = await page.evaluate(async () => {
    const image = new Image();
    const loaded = await new Promise((resolve) => {
      image.onload = () => resolve("loaded");
      image.onerror = () => resolve("refused");
      image.src = "https://elsewhere.example/x.png";
    });
    const script = document.createElement("script");
    script.textContent = "window.inline = true";
    document.head.append(script);
    const beacon = navigator.sendBeacon("https://elsewhere.example/", "x");
    await new Promise((resolve) => setTimeout(resolve, 0));
    return { loaded, inline: window.inline ?? false, beacon, refused: window.refused };
  });
  assert.equal(beyond.loaded, "refused");
  assert.equal(beyond.inline, false);
  for (const directive of ["connect-src", "img-src", "script-src-elem"]) {
    assert.ok(beyond.refused.includes(directive), `${directive} was not refused: ${beyond.refused}`);
  }
  await page.close();
});

test("works without a network after the first visit", async () => {
  const page = await open();
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForFunction(() => navigator.serviceWorker.controller);
  down = true;
  server.closeAllConnections();
  try {
    await page.reload();
    await page.waitForSelector("html[data-ready]");
    assert.equal(await verdict(await choose(page, copy("good"))), "valid");
    assert.equal(await verdict(await choose(page, join(fixtures, "print.png"))), "sealed");
    const link = readFileSync(join(fixtures, "seal.txt"), "utf8").trim();
    const opened = await open({ hash: link.slice(link.indexOf("#")) });
    await opened.waitForSelector(".card");
    assert.equal(await verdict(opened.locator(".card").first()), "sealed");
    assert.match(await opened.locator("#offline").innerText(), /không có mạng/);
    await opened.close();
  } finally {
    down = false;
  }
  await page.close();
});

test("how long the verdict of a large copy takes", async (context) => {
  const page = await open();
  const bytes = readFileSync(copy("large"));
  const given = await page.evaluateHandle((data) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], "large.pdf", { type: "application/pdf" }));
    return transfer;
  }, bytes.toString("base64"));
  const milliseconds = await page.evaluate(async (transfer) => {
    const begun = performance.now();
    const input = document.getElementById("files");
    input.files = transfer.files;
    input.dispatchEvent(new Event("change"));
    while (!document.querySelector(".card")) await new Promise(requestAnimationFrame);
    return performance.now() - begun;
  }, given);
  assert.equal(await verdict(page.locator(".card").first()), "valid");
  context.diagnostic(`${(statSync(copy("large")).size / 1e6).toFixed(1)} MB, from choosing the file to the verdict on the page: ${milliseconds.toFixed(0)} ms`);
  await page.close();
});

test("nothing left this machine, and the server was asked for the page's own files only", () => {
  assert.deepEqual(left.filter((place) => !CHROMIUMS_OWN.test(place)), [], "connections beyond the page's own server");
  // What the test of the policy tried was refused before it became a request; the page itself asked its own server alone.
  assert.ok(requests.length > 100, `${requests.length} requests were seen`);
  const elsewhere = requests.filter((url) => !url.startsWith(address) && !/^(blob|data):/.test(url) && !/^(https:..elsewhere.example|http:..127.0.0.1:9)\//.test(url));
  assert.deepEqual(elsewhere, []);
  const own = new Set(["/", "/favicon.ico", ...readdirSync(site).map((name) => `/${name}`)]);
  assert.deepEqual(asked.filter((url) => !own.has(url)), []);
});
