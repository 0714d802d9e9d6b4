// What a person does with the page: files, pictures, the camera, a link; lists; the language.

import { TEXTS, day } from "./texts.js";
import { card, element, rank, tally, text } from "./view.js";

const $ = (id) => document.getElementById(id);
const MAX_BYTES = 512 * 1024 * 1024;
const TIME_LIMIT = 60_000;
/** Sides of the copies in which a code is looked for: fine modules need all pixels, grain and blur fewer. */
const SHARES = [1, 0.5, 0.75, 1.5, 0.25];
const MAX_SIDE = 3600;
/** A scan of a print: how large, and in how many of its pictures a code is looked for. */
const MAX_SCAN = 64 * 1024 * 1024;
const MOST_PICTURES = 4;
/** With more results than these, only headlines stand open. */
const MOST_OPEN = 3;
/** How much of a file tells its kind. */
const HEAD = 1024;

let language = localStorage.getItem("language") === "en" ? "en" : "vi";
let titles = {};
let trust = null;
let statusLists = 0;
let done = 0;
let batches = 0;
let keys = 0;
/** In the order in which they stand: {result, card, batch, turn, byHand}. */
const results = [];
/** What is being done, in the language of the moment. */
let progress = () => "";

// ---- the verifier, in a worker that has this page's policy because it starts from a blob

let worker = null;
let wasm = null;
let source = null;
const given = [];
const waiting = new Map();
let last = 0;

function startWorker() {
  const started = new Worker(source);
  started.onmessage = ({ data: { id, answer, error } }) => {
    const { resolve, reject, timer } = waiting.get(id) ?? {};
    waiting.delete(id);
    clearTimeout(timer);
    if (error) reject?.(error);
    else resolve?.(answer);
  };
  worker = started;
}

function ask(task, parameters = {}) {
  return new Promise((resolve, reject) => {
    const id = ++last;
    const timer = setTimeout(async () => {
      // It does not come back: a new one takes its place, with the same lists.
      worker.terminate();
      for (const { reject: refuse, timer: other } of waiting.values()) {
        clearTimeout(other);
        refuse({ code: "too-long", message: "", advice: "" });
      }
      waiting.clear();
      startWorker();
      await ask("start", { wasm });
      for (const [kind, list] of given) await ask(kind, { list });
    }, TIME_LIMIT);
    waiting.set(id, { resolve, reject, timer });
    worker.postMessage({ id, task, ...parameters });
  });
}

async function own(file) {
  const answer = await fetch(file);
  if (!answer.ok) throw new Error(`${file}: ${answer.status}`);
  return answer;
}

async function start() {
  const [verifier, tasks, module, lists] = await Promise.all([
    own("verifier.js").then((answer) => answer.text()),
    own("worker.js").then((answer) => answer.text()),
    own("saoy.wasm").then((answer) => answer.arrayBuffer()).then((bytes) => WebAssembly.compile(bytes)),
    own("lists.json").then((answer) => answer.json()),
  ]);
  source = URL.createObjectURL(new Blob([verifier.replaceAll(/^export /gm, ""), tasks], { type: "text/javascript" }));
  wasm = module;
  startWorker();
  titles = await ask("start", { wasm });
  for (const name of lists) {
    const list = new Uint8Array(await (await own(name)).arrayBuffer());
    if (name === "root") {
      await ask("root", { list });
      given.push(["root", list]);
    } else if (name === "trust.json") await takeTrust(list, "pinned");
    else await takeStatus(list);
  }
}

// ---- lists

async function takeTrust(list, where) {
  const said = await ask("trust", { list });
  given.splice(0, given.length, ...given.filter(([kind]) => kind === "root"), ["trust", list]);
  statusLists = 0;
  trust = { ...said, where };
  renderTrust();
}

async function takeStatus(list) {
  await ask("status", { list });
  given.push(["status", list]);
  statusLists += 1;
  renderTrust();
}

function renderTrust() {
  const t = TEXTS[language];
  const where = trust && t[`trust_${trust.where}`];
  const until = trust && day(new Date(trust.expires * 1000).toISOString().slice(0, 10), language);
  $("trust-now").textContent = trust ? t.trust_now({ ...trust, until }, where) : t.trust_none;
  $("trust-now").classList.toggle("warning", !trust || (trust.where !== "pinned" && !trust.signed_by));
  $("offices").replaceChildren(...(trust?.offices ?? []).slice(0, 200).map(({ code, name }) => element("li", {}, `${text(name)} (${text(code)})`)));
  $("status-now").textContent = statusLists ? t.status_some(statusLists) : t.status_none;
}

// ---- verifying

/** One batch after another: what is dropped meanwhile waits. */
let taking = Promise.resolve();
let waits = 0;

function take(files) {
  taking = taking.then(() => takeBatch(files)).finally(() => (waits -= 1));
  waits += 1;
  return taking;
}

async function takeBatch(files) {
  const batch = { number: ++batches, count: files.length };
  for (const [at, file] of files.entries()) {
    work((t) => t.checking(text(file.name), at + 1, files.length));
    show(await check(file), batch);
  }
  say((t) => t.checked(files.length));
}

async function check(file) {
  const given = { name: file.name, from: "file" };
  let pdf = false;
  try {
    if (file.size > MAX_BYTES) throw { code: "too-large" };
    const head = await file.slice(0, HEAD).arrayBuffer().catch(() => {
      throw { code: "unreadable-file" };
    });
    const latin = String.fromCharCode(...new Uint8Array(head));
    pdf = latin.includes("%PDF-");
    if (!pdf && (/^image\//.test(file.type) || isPicture(latin))) return { ...given, ...(await checkPicture(file)) };
    const now = new Date();
    const key = ++keys;
    const { report, milliseconds } = await ask("verify", { key, copy: file, now });
    const pages = async (index) => ask("page", { key, copy: file, index, now });
    return { ...given, report, milliseconds, pages: report.copy ? pages : null };
  } catch (error) {
    const refused = { ...failure(error), pdf };
    if (!pdf || refused.code !== "not-a-copy") return { ...given, error: refused };
    // A scanner's PDF is pictures; the code of a print may be in one.
    const scanned = refused.signatures?.length ? null : await checkScan(file).catch(() => null);
    return { ...given, ...(scanned ?? { error: { ...refused, scan: true } }) };
  }
}

/** A PDF that a scanner made of a print: what the code in its first pictures says; null without one. */
async function checkScan(file) {
  if (file.size > MAX_SCAN) return null;
  for (const picture of jpegs(new Uint8Array(await file.arrayBuffer()))) {
    const bitmap = await createImageBitmap(picture).catch(() => null);
    const seals = bitmap ? await sealsIn(bitmap, SHARES, (at) => work((t) => t.looking(text(file.name), at, SHARES.length))) : [];
    bitmap?.close();
    if (seals.length > 0) return { report: await ask("seal", { text: seals[0], now: new Date() }), picture };
  }
  return null;
}

/** The first JPEG pictures that stand in a PDF as they are. */
function jpegs(bytes) {
  const word = (text, at) => [...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0));
  const found = [];
  for (let at = bytes.indexOf(0xff); at >= 0 && found.length < MOST_PICTURES; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] !== 0xd8 || bytes[at + 2] !== 0xff) continue;
    if (!word("stream\n", at - 7) && !word("stream\r\n", at - 8)) continue;
    let end = at;
    do end = bytes.indexOf(0x65, end + 1);
    while (end >= 0 && !word("endstream", end));
    if (end < 0) break;
    found.push(new Blob([bytes.subarray(at, end)], { type: "image/jpeg" }));
    at = end;
  }
  return found;
}

/** JPEG, PNG, GIF, BMP, TIFF, WebP, HEIC and AVIF, whatever they are called. */
function isPicture(head) {
  return /^(\xff\xd8\xff|\x89PNG|GIF8|BM.{4}\0{4}|II\*\0|MM\0\*|RIFF.{4}WEBP|.{4}ftyp(hei|hev|mif1|msf1|avi[fs]))/s.test(head);
}

async function checkPicture(file) {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw { code: "unreadable-picture" };
  });
  const seals = await sealsIn(bitmap, SHARES, (at) => work((t) => t.looking(text(file.name), at, SHARES.length)));
  bitmap.close();
  if (seals.length === 0) throw { code: "no-seal" };
  return { report: await ask("seal", { text: seals[0], now: new Date() }), picture: file };
}

/** The texts of the codes that look like a seal's. */
async function sealsIn(image, shares, begin = () => {}) {
  const width = image.videoWidth ?? image.width;
  const height = image.videoHeight ?? image.height;
  const most = Math.min(1, MAX_SIDE / Math.max(width, height));
  for (const [at, share] of shares.entries()) {
    begin(at + 1);
    const scale = share * most;
    const canvas = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const codes = await ask("codes", { picture: { width: canvas.width, height: canvas.height, data } });
    const seals = codes.filter((code) => /^(SC1:|https:\/\/[^#]*#)[A-Z2-7]+$/.test(code));
    if (seals.length > 0) return seals;
  }
  return [];
}

/** `from`: whether somebody pasted a "link" or a "code" was read. */
async function takeSeal(given, from) {
  const batch = { number: ++batches, count: 1 };
  try {
    show({ from, report: await ask("seal", { text: given, now: new Date() }) }, batch);
  } catch (error) {
    show({ from, error: failure(error) }, batch);
  }
  if (waits === 0) say((t) => t.checked(1));
}

function failure(error) {
  return error?.code ? error : { code: "broken-down", message: String(error), advice: "" };
}

// ---- the results

/** The newest batch stands first; in it, what is wrong. No card but the new one is made or drawn for a result. */
function inOrder(a, b) {
  if (a.batch !== b.batch) return b.batch.number - a.batch.number;
  return rank(a.result) - rank(b.result) || a.turn - b.turn;
}

function show(result, batch) {
  const one = { result, batch, turn: ++done, byHand: false };
  one.card = card(result, { open: batch.count <= MOST_OPEN, remove: () => remove(one), touched: () => (one.byHand = true) });
  one.card.render(language, titles);
  const after = results.findIndex((other) => inOrder(one, other) < 0);
  const at = after < 0 ? results.length : after;
  $("results").insertBefore(one.card.element, results[at]?.card.element ?? null);
  results.splice(at, 0, one);
  $("results").hidden = false;
  // Where there are many, what nobody opened is folded; what is given alone stands open.
  if (results.length > MOST_OPEN) {
    for (const other of results) if (!other.byHand && other.batch !== batch) other.card.open(false);
  }
  renderTally();
  if (!batch.seen) (batch.count > 1 ? $("results") : one.card.element).scrollIntoView({ block: "start" });
  batch.seen = true;
}

function remove(one) {
  const at = results.indexOf(one);
  results.splice(at, 1);
  one.card.element.remove();
  renderTally();
  $("results").hidden = results.length === 0;
  (results[at]?.card.element ?? results.at(-1)?.card.element ?? $("files")).focus();
}

function renderTally() {
  const go = (result) => {
    const { card } = results.find((one) => one.result === result);
    card.open(true);
    card.element.focus();
    card.element.scrollIntoView({ block: "start" });
  };
  $("tally").hidden = results.length < 2;
  $("tally").replaceChildren(...(results.length < 2 ? [] : tally(results.map((one) => one.result), language, go)));
}

function work(sentence) {
  say(sentence);
  $("progress").classList.add("busy");
}

/** `sentence`: from the texts of a language. */
function say(sentence) {
  progress = sentence;
  $("progress").classList.remove("busy");
  $("progress").textContent = sentence(TEXTS[language]);
}

// ---- the camera

let stream = null;

async function openCamera() {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1920 } } });
  } catch {
    say((t) => t.camera_none);
    return;
  }
  const mine = stream;
  $("viewfinder").hidden = false;
  $("video").srcObject = mine;
  await $("video").play();
  $("stop").focus();
  while (stream === mine) {
    const [seal] = await sealsIn($("video"), [1]).catch(() => []);
    if (seal && stream === mine) {
      closeCamera();
      await takeSeal(seal, "code");
    }
    await new Promise(requestAnimationFrame);
  }
}

function closeCamera() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  $("viewfinder").hidden = true;
  $("camera").focus();
}

// ---- the language

function renderLanguage() {
  const t = TEXTS[language];
  document.documentElement.lang = language;
  document.title = t.document;
  for (const place of document.querySelectorAll("[data-text]")) place.textContent = t[place.dataset.text];
  for (const button of document.querySelectorAll("[data-language]")) button.ariaPressed = String(button.dataset.language === language);
  $("offline").textContent = navigator.serviceWorker?.controller ? t.offline : t.online;
  $("progress").textContent = progress(t);
  renderTrust();
  for (const one of results) one.card.render(language, titles);
  renderTally();
}

// ---- what a person does

for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => {
    language = button.dataset.language;
    localStorage.setItem("language", language);
    renderLanguage();
  });
}
$("files").addEventListener("change", async ({ target }) => {
  await take([...target.files]);
  target.value = "";
});
$("camera").addEventListener("click", openCamera);
$("stop").addEventListener("click", closeCamera);
$("link-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = $("link").value.trim();
  if (given) await takeSeal(given, "link");
});
for (const [id, use] of [["trust-file", (list) => takeTrust(list, "loaded")], ["status-file", takeStatus]]) {
  $(id).addEventListener("change", async ({ target }) => {
    for (const file of target.files) {
      try {
        await use(new Uint8Array(await file.arrayBuffer()));
        say(() => "");
      } catch (error) {
        say((t) => `${t.wrong_list}: ${text(file.name)}. ${t.errors[error.code] ?? text(error.message ?? "")}`);
      }
    }
    target.value = "";
  });
}
// A file that misses the field must not be opened in the page's place.
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    $("intake").classList.toggle("over", kind === "dragenter" || kind === "dragover");
    if (kind === "drop") take([...event.dataTransfer.files]);
  });
}

/** The seal stands after `#`, which no browser sends; it does not stay in the history either. */
async function openLink() {
  const seal = location.hash.slice(1);
  if (!seal) return;
  history.replaceState(null, "", location.pathname);
  await takeSeal(`SC1:${seal}`, "code");
}
window.addEventListener("hashchange", openLink);

renderLanguage();
try {
  await start();
  renderTrust();
  document.documentElement.dataset.ready = "true";
  await openLink();
} catch (error) {
  say(() => String(error?.message ?? error));
}
if ("serviceWorker" in navigator) {
  navigator.serviceWorker.addEventListener("controllerchange", renderOffline);
  await navigator.serviceWorker.register("service.js").catch(() => {});
}

function renderOffline() {
  $("offline").textContent = TEXTS[language].offline;
}
