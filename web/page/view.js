// A result as elements. Text from files is only ever text: nothing here parses HTML.

import { TEXTS, day } from "./texts.js";
import { fieldLabel, formLabel, valueLabel } from "./labels.js";

const GROUPS = ["failed", "not-checked", "warning", "passed"];
const MARKS = { valid: "✓", sealed: "✓", "authentic-status-unknown": "✓", invalid: "✕", indeterminate: "?", "unknown-issuer": "?", nothing: "–", error: "–" };
const WORDS = { passed: "✓", failed: "✕", "not-checked": "–", warning: "!" };
/** What is wrong first. */
const RANKS = ["invalid", "unknown-issuer", "indeterminate", "error", "nothing", "authentic-status-unknown", "sealed", "valid"];
/** Those that may be relied on as far as they say. */
const GOOD = ["valid", "sealed", "authentic-status-unknown"];
/** The widest that a page is drawn. */
const WIDEST = 1800;
/** How much of a page's width is shown around a field, at least: its label stands beside it. */
const CROP = 0.28;
/** The most results that the summary names. */
const MOST_NAMED = 30;

/**
 * `result`: {name, report} or {name, error}, with `from` ("file", "link" or "code"), `pages(index)` and `picture` where there is something to show.
 * The card keeps what a person opened and every picture that was drawn: `render` again says it in another language, `open` folds and unfolds it;
 * `touched` is told when a person does.
 */
export function card(result, { open: atFirst, remove, touched }) {
  const article = element("article", { className: "card", tabIndex: -1, data: { verdict: result.report ? result.report.verdict : "nothing" } });
  const figure = result.report && (result.pages ? viewer(result) : result.picture ? still(result.picture) : null);
  const chosen = { name: null, crop: null };
  let folded = Boolean(result.report) && !atFirst;
  let said = null;
  let inside = null;
  let toggle = null;

  const label = () => {
    if (!toggle) return;
    toggle.ariaExpanded = String(!folded);
    toggle.textContent = folded ? said.t.unfold : said.t.fold;
    toggle.ariaLabel = `${toggle.textContent}: ${nameOf(result, said.t)}`;
  };
  const fill = () => {
    if (!inside || folded || inside.hasChildNodes()) return;
    inside.append(...contents(result, said, figure, chosen));
  };
  const open = (wanted) => {
    folded = !wanted && inside !== null;
    article.classList.toggle("folded", folded);
    if (inside) inside.hidden = folded;
    label();
    fill();
  };
  const render = (language, titles) => {
    const t = TEXTS[language];
    const opened = [...article.querySelectorAll("details")].map((more) => more.open);
    const { verdict, sentence, advice } = headline(result, language);
    said = { language, titles, t };
    const told = result.report || result.error?.signatures?.length;
    inside = told ? element("div", { className: "inside", hidden: folded }) : null;
    toggle = inside && element("button", { type: "button", className: "toggle", onclick: () => (touched(), open(folded)) });
    const heading = element("h3", {}, element("span", { className: "verdict" }, verdict), sentence && element("span", { className: "sentence" }, sentence));
    article.replaceChildren(
      element(
        "header",
        { className: "head" },
        element("span", { className: "mark", ariaHidden: "true" }, MARKS[kind(result)]),
        element("div", {}, heading, advice && element("p", { className: "advice" }, advice), element("p", { className: "file" }, nameOf(result, t))),
        toggle,
        element("button", { type: "button", className: "close", ariaLabel: `${t.remove}: ${nameOf(result, t)}`, onclick: remove }, "×"),
      ),
    );
    figure?.name(t);
    if (!inside) return;
    article.append(inside);
    article.classList.toggle("folded", folded);
    label();
    fill();
    for (const [at, more] of article.querySelectorAll("details").entries()) more.open = opened[at] ?? more.open;
  };
  return { element: article, render, open };
}

/** One line on many results, and the way to each that is not good. */
export function tally(results, language, go) {
  const t = TEXTS[language];
  const groups = new Map();
  for (const result of [...results].sort((a, b) => rank(a) - rank(b))) {
    const { word } = headline(result, language);
    groups.set(word, [...(groups.get(word) ?? []), result]);
  }
  const counts = [...groups].map(([word, those]) => element("li", { data: { verdict: kind(those[0]) } }, element("strong", {}, String(those.length)), ` ${word}`));
  const wrong = [...groups.values()].flat().filter((result) => !GOOD.includes(kind(result)));
  const links = wrong.slice(0, MOST_NAMED).map((result) => {
    const name = `${nameOf(result, t)} — ${headline(result, language).word}`;
    return element("li", {}, element("button", { type: "button", className: "jump", data: { verdict: kind(result) }, onclick: () => go(result) }, name));
  });
  if (wrong.length > MOST_NAMED) links.push(element("li", { className: "small" }, t.more(wrong.length - MOST_NAMED)));
  return [
    element("p", { className: "total" }, t.total(results.length)),
    element("ul", { className: "counts" }, ...counts),
    links.length > 0 ? element("ul", { className: "wrong" }, ...links) : "",
  ];
}

/** Small for what is wrong. */
export function rank(result) {
  return RANKS.indexOf(kind(result));
}

function kind({ report, error }) {
  return report ? report.verdict : error.code === "not-a-copy" ? "nothing" : "error";
}

function nameOf(result, t) {
  return result.name === undefined ? t.from[result.from] : text(result.name);
}

/** The verdict, what it means, what to do; and the verdict as a word to count by. */
function headline(result, language) {
  const { report, error, from } = result;
  const t = TEXTS[language];
  if (!report) {
    const known = t.errors[error.code] ?? ((language === "en" && error.advice) || t.errors["broken-down"]);
    const more = error.signatures?.length ? ` ${t.foreign}` : error.scan ? ` ${t.scan}` : "";
    const advice = (typeof known === "object" ? known[from] : known) + (error.code === "not-a-copy" ? more : "");
    if (error.code !== "not-a-copy") return { word: t.unchecked, verdict: t.error[from], sentence: "", advice };
    return { word: t.nothing_word, verdict: t.nothing, sentence: t.nothing_more, advice };
  }
  const summary = report.summary[language];
  const colon = summary.indexOf(":");
  const verdict = colon > 0 ? summary.slice(0, colon) : summary;
  return { word: verdict.toLocaleLowerCase(language), verdict, sentence: colon > 0 ? upper(summary.slice(colon + 1).trim()) : "", advice: report.advice[language] };
}

/** What stands under the headline. */
function contents(result, said, figure, chosen) {
  const { report, error } = result;
  if (!report) {
    const signed = { facts: error.signatures.map(({ fact }) => fact) };
    return [element("div", { className: "body" }, element("div", { className: "told" }, facts(signed, said)))];
  }
  const told = report.copy ? copy(report, said, figure, chosen) : report.seal ? seal(report.seal, said) : null;
  const trusted = !["invalid", "unknown-issuer"].includes(report.verdict);
  const body = element("div", { className: "body" }, element("div", { className: "told" }, trusted ? told : "", facts(report, said)));
  if (trusted && figure) {
    body.append(figure.element);
    figure.need();
  }
  if (trusted || !told) return [body];
  const claims = element("div", { className: "body" }, element("div", { className: "told" }, told), figure?.element);
  const more = element("details", { className: "claims" }, element("summary", {}, said.t.claims), claims);
  // Drawn when it can be seen: what is forged is not worth decoding before somebody asks.
  more.addEventListener("toggle", () => more.open && figure?.need());
  return [body, more];
}

function copy(report, { t, language, titles }, figure, chosen) {
  const said = report.copy;
  const form = titles[said.form];
  const rows = [
    [t.office, `${said.office_name} (${said.office})`],
    [t.number, `${said.number} — ${said.book}`],
    [t.date, day(said.date, language)],
    [t.officer, said.officer],
    [t.act, t.acts[said.act]],
    [t.form, formLabel(said.form, language, titles)],
    [t.pages, said.pages],
  ];
  const signed = report.signatures.find((one) => one.claimed_time)?.claimed_time;
  const technical = [
    [t.copy_id, said.copy_id],
    [t.entry, said.index],
    [t.signed, signed && moment(signed, language)],
  ];
  const order = (name) => (form?.order.indexOf(name) + 1 || Infinity);
  const all = Object.entries(said.fields).sort(([a], [b]) => order(a) - order(b) || (a < b ? -1 : 1));
  const named = (name) => fieldLabel(name, said.form, language, titles);
  const isEmpty = (one) => one === null || (Array.isArray(one) && one.length === 0);
  const names = all.filter(([, field]) => !isEmpty(field.value));
  const empty = all.filter(([, field]) => isEmpty(field.value)).map(([name]) => named(name));
  const nobody = names.length > 0 && names.every(([, field]) => !field.confirmed);
  const list = element("ul", { className: "fields" });
  const buttons = new Map();
  const press = () => {
    for (const [name, button] of buttons) {
      button.ariaPressed = String(name === chosen.name);
      button.parentElement.querySelector(".crop")?.remove();
      if (name === chosen.name && chosen.crop) button.after(enlarged(chosen.crop, named(name), t, figure));
    }
  };
  const choose = async (name, { page, box }) => {
    const again = chosen.name === name;
    Object.assign(chosen, { name: again ? null : name, crop: null });
    press();
    if (again) return figure.unmark();
    const crop = await figure.show(page - 1, box);
    if (chosen.name !== name) return;
    chosen.crop = crop;
    press();
  };
  for (const [name, field] of names) {
    const doubt = field.confirmed || nobody ? "" : element("span", { className: "doubt" }, t.unconfirmed);
    const content = [element("span", { className: "name" }, named(name)), element("span", { className: "value" }, ...value(name, field.value, language), " ", doubt)];
    const placed = figure && field.page;
    const item = placed
      ? element("button", { type: "button", className: "field", ariaPressed: "false", onclick: () => choose(name, field) }, ...content)
      : element("div", { className: "field" }, ...content);
    if (placed) buttons.set(name, item);
    list.append(element("li", {}, item));
  }
  press();
  const box = element("div", {}, table(rows));
  if (names.length > 0) {
    box.append(element("h4", {}, t.certified));
    if (nobody) box.append(element("p", { className: "small doubted" }, t.nobody));
    if (figure) box.append(element("p", { className: "small" }, t.compare));
    box.append(list);
  }
  if (empty.length > 0) box.append(element("p", { className: "small" }, t.empty(empty.join(", "))));
  if (said.withheld > 0) box.append(element("p", { className: "small" }, t.withheld(said.withheld)));
  box.append(element("details", {}, element("summary", {}, t.technical), table(technical)));
  return box;
}

function seal(said, { t, language, titles }) {
  const named = (name) => fieldLabel(name, null, language, titles);
  const box = element("div", {}, table([
    [t.office, `${said.office_name} (${said.office})`],
    [t.number, said.number],
    [t.date, day(said.date, language)],
    [t.act, t.acts[said.act]],
    [t.pages, said.pages],
  ]));
  const values = Object.entries(said.values);
  if (values.length > 0) {
    box.append(element("h4", {}, t.sealed), table(values.map(([name, one]) => [named(name), value(name, one, language)]), "fields-table"));
  }
  if (said.omitted.length > 0) {
    box.append(element("p", { className: "small" }, `${t.omitted}: ${said.omitted.map(named).join(", ")}`));
  }
  box.append(element("details", {}, element("summary", {}, t.technical), table([[t.copy_id, said.copy_id], [t.entry, said.index]])));
  return box;
}

/** The place of a field, large, under its row; narrow screens have the page far below. */
function enlarged(crop, name, t, figure) {
  crop.ariaLabel = t.crop(name);
  const whole = element("button", { type: "button", className: "button whole", onclick: figure.reach }, t.whole);
  return element("div", { className: "crop" }, crop, whole);
}

function facts(report, { t, language }) {
  const box = element("section", { className: "facts" }, element("h4", {}, t.facts));
  const failed = report.facts.some((fact) => fact.state === "failed");
  for (const state of GROUPS) {
    // What failed decides; what could not be checked after it is a line to open.
    const open = state === "failed" || (state !== "passed" && !failed);
    const found = report.facts.filter((fact) => fact.state === state);
    if (found.length === 0) continue;
    const list = element("ul", {}, ...found.map((fact) =>
      element("li", { data: { state } },
        element("span", { className: "state", ariaHidden: "true" }, WORDS[state]),
        element("div", {}, element("strong", {}, fact.title[language]), element("p", {}, text(fact.evidence[language]))))));
    const group = element("details", { className: "group", open },
      element("summary", {}, t.count(t.groups[state], found.length)), list);
    box.append(group);
  }
  return box;
}

/** The copy's pages, one at a time, with the place of a field. Each is asked for when it is first needed. */
function viewer(result) {
  const count = result.report.copy?.pages ?? 1;
  const canvas = element("canvas", { role: "img" });
  const spot = element("div", { className: "spot", hidden: true });
  const place = element("div", { className: "paper blank" }, canvas, spot);
  const caption = element("figcaption", {});
  const problem = element("p", { className: "small", hidden: true });
  let t = null;
  let shown = -1;
  let wanted = 0;
  let turn = 0;
  let needed = false;
  const tell = () => {
    caption.textContent = `${t.image} · ${t.page(wanted + 1, count)}`;
    canvas.ariaLabel = caption.textContent;
    problem.textContent = t.no_picture;
    [back.textContent, forth.textContent] = [t.previous, t.next];
  };
  /** Shows a page, marks a place on it and gives that place enlarged; nothing where another was asked for meanwhile or it cannot be drawn. */
  const show = async (index, box) => {
    const mine = ++turn;
    const late = () => mine !== turn;
    needed = true;
    wanted = index;
    tell();
    back.disabled = index === 0;
    forth.disabled = index + 1 >= count;
    spot.hidden = true;
    if (index !== shown) {
      try {
        const page = await result.pages(index);
        if (late() || !(await draw(canvas, page, late))) return null;
        shown = index;
        shape(place, canvas);
        problem.hidden = true;
        place.hidden = false;
      } catch {
        if (late()) return null;
        problem.hidden = false;
        place.hidden = true;
        return null;
      }
    }
    if (late() || !box) return null;
    const { width, height } = canvas.upright;
    const percent = (part, whole) => `${(100 * part) / whole}%`;
    Object.assign(spot.style, {
      left: percent(box[0], width),
      top: percent(box[1], height),
      width: percent(box[2] - box[0], width),
      height: percent(box[3] - box[1], height),
    });
    spot.hidden = false;
    return cut(canvas, box.map((part) => (part * canvas.width) / width));
  };
  // From the page that is asked for: its picture may still be on its way.
  const step = (by) => () => show(wanted + by);
  const back = element("button", { type: "button", className: "button", disabled: true, onclick: step(-1) });
  const forth = element("button", { type: "button", className: "button", disabled: count < 2, onclick: step(1) });
  const turns = count > 1 ? element("div", { className: "actions" }, back, forth) : "";
  return {
    element: element("figure", { className: "page" }, caption, place, problem, turns),
    show,
    need: () => needed || show(0),
    unmark: () => (spot.hidden = true),
    reach: () => (spot.hidden ? caption : spot).scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" }),
    name: (words) => {
      t = words;
      tell();
    },
  };
}

/** The picture that a code was read from. */
function still(picture) {
  const canvas = element("canvas", { role: "img" });
  const caption = element("figcaption", {});
  const place = element("div", { className: "paper blank" }, canvas);
  let needed = false;
  const need = async () => {
    if (needed) return;
    needed = true;
    const whole = await createImageBitmap(picture);
    const narrower = whole.width > WIDEST ? { resizeWidth: WIDEST, resizeQuality: "high" } : {};
    paint(canvas, await createImageBitmap(whole, narrower), 1);
    whole.close();
    shape(place, canvas);
  };
  const name = (t) => {
    caption.textContent = t.picture;
    canvas.ariaLabel = t.picture;
  };
  return { element: element("figure", { className: "page" }, caption, place), need, name };
}

/** A place of the page with what stands beside it; what is not the place is paler, nothing lies over its letters. */
function cut(canvas, [left, top, right, bottom]) {
  const margin = Math.min(bottom - top, 40);
  const width = Math.min(canvas.width, Math.max(right - left + 2 * margin, CROP * canvas.width));
  const height = Math.min(canvas.height, bottom - top + 2.4 * margin);
  const within = (middle, size, most) => Math.round(Math.min(Math.max(middle - size / 2, 0), most - size));
  const [x, y] = [within((left + right) / 2, width, canvas.width), within((top + bottom) / 2, height, canvas.height)];
  const crop = element("canvas", { width: Math.round(width), height: Math.round(height), role: "img" });
  const context = crop.getContext("2d");
  context.drawImage(canvas, x, y, width, height, 0, 0, width, height);
  const around = new Path2D();
  around.rect(0, 0, width, height);
  const clear = margin / 4;
  around.rect(left - x - clear, top - y - clear, right - left + 2 * clear, bottom - top + 2 * clear);
  context.fillStyle = "#e9eef2a8";
  context.fill(around, "evenodd");
  return crop;
}

/** The frame takes the picture's shape, so that it can be as large as the window allows. */
function shape(place, canvas) {
  place.classList.remove("blank");
  place.style.setProperty("--shape", String(canvas.width / canvas.height));
}

/** Whether it was drawn: not where another page was asked for meanwhile. */
async function draw(canvas, page, late) {
  const narrower = page.width > WIDEST ? { resizeWidth: WIDEST, resizeQuality: "high" } : {};
  const bitmap = await createImageBitmap(new Blob([page.bytes], { type: page.type }), narrower);
  if (late()) return false;
  paint(canvas, bitmap, page.orientation);
  const swapped = page.orientation > 4;
  canvas.upright = { width: swapped ? page.height : page.width, height: swapped ? page.width : page.height };
  return true;
}

/** Draws upright, by EXIF's orientations 1 to 8. */
function paint(canvas, bitmap, orientation) {
  const { width: w, height: h } = bitmap;
  [canvas.width, canvas.height] = orientation > 4 ? [h, w] : [w, h];
  const matrix = [
    [1, 0, 0, 1, 0, 0], [-1, 0, 0, 1, w, 0], [-1, 0, 0, -1, w, h], [1, 0, 0, -1, 0, h],
    [0, 1, 1, 0, 0, 0], [0, 1, -1, 0, h, 0], [0, -1, -1, 0, h, w], [0, -1, 1, 0, 0, w],
  ][orientation - 1];
  const context = canvas.getContext("2d");
  context.setTransform(...matrix);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
}

function table(rows, className = "about") {
  const list = element("dl", { className });
  for (const [name, said] of rows) {
    if (said === null || said === undefined || said === "") continue;
    list.append(element("div", {}, element("dt", {}, name), element("dd", {}, ...(Array.isArray(said) ? said : [text(String(said))]))));
  }
  return list;
}

/** A field's value as nodes: a list's items each on a line of its own. */
function value(name, one, language) {
  if (Array.isArray(one)) return one.map((item) => element("span", { className: "item" }, ...value(name, item, language)));
  if (one === null) return ["—"];
  if (typeof one === "object") return Object.entries(one).map(([key, part]) => element("span", { className: "item" }, `${fieldLabel(key, null, language, {})}: `, ...value(key, part, language)));
  return [valueLabel(name, one, language) ?? text(day(String(one), language))];
}

/** A text of a file: without control characters, and without those that turn its direction. */
export function text(said) {
  return said.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}

function moment(iso, language) {
  const style = { dateStyle: "medium", timeStyle: "medium", timeZone: "Asia/Ho_Chi_Minh" };
  return new Intl.DateTimeFormat(language === "vi" ? "vi-VN" : "en-GB", style).format(new Date(iso));
}

function upper(sentence) {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

export function element(name, { data = {}, role, ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  if (role) made.setAttribute("role", role);
  Object.assign(made.dataset, data);
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}
