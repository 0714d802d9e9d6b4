// A result as elements. Text from files is only ever text: nothing here parses HTML.

import { TEXTS, day, humanise } from "./texts.js";

const GROUPS = ["failed", "not-checked", "warning", "passed"];
const MARKS = { valid: "✓", sealed: "✓", "authentic-status-unknown": "✓", invalid: "✕", indeterminate: "?", "unknown-issuer": "?", nothing: "–" };
const WORDS = { passed: "✓", failed: "✕", "not-checked": "–", warning: "!" };
/** The widest that a page is drawn. */
const WIDEST = 1800;

/** `result`: {name, report} or {name, error}, with `pages(index)` and `picture` where there is something to show. */
export function card(result, { language, titles, remove }) {
  const t = TEXTS[language];
  const { report, error } = result;
  const verdict = report?.verdict ?? "nothing";
  const article = element("article", { className: "card", data: { verdict } });
  const summary = report ? report.summary[language] : error.code === "not-a-copy" ? t.nothing : t.error;
  const advice = report ? report.advice[language] : (t.errors[error.code] ?? error.advice);
  const colon = summary.indexOf(":");
  const heading = element(
    "h3",
    {},
    element("span", { className: "verdict" }, summary.slice(0, Math.max(colon, 0)) || summary),
    colon > 0 ? element("span", { className: "sentence" }, upper(summary.slice(colon + 1).trim())) : "",
  );
  article.append(
    element(
      "header",
      { className: "head" },
      element("span", { className: "mark", ariaHidden: "true" }, MARKS[verdict]),
      element("div", {}, heading, element("p", { className: "advice" }, advice), element("p", { className: "file" }, text(result.name ?? t.print))),
      element("button", { type: "button", className: "close", ariaLabel: `${t.remove}: ${text(result.name ?? t.print)}`, onclick: remove }, "×"),
    ),
  );
  if (!report) return article;

  const figure = result.pages ? viewer(result, t) : result.picture ? still(result.picture, t) : null;
  const said = report.copy ? copy(report, t, language, titles, figure) : report.seal ? seal(report.seal, t, language, titles) : null;
  const trusted = !["invalid", "unknown-issuer"].includes(verdict);
  const body = element("div", { className: "body" }, element("div", { className: "told" }, trusted ? said : "", facts(report, t, language)));
  if (trusted && figure) body.append(figure.element);
  article.append(body);
  if (!trusted && said) {
    const claims = element("div", { className: "body" }, element("div", { className: "told" }, said));
    if (figure) claims.append(figure.element);
    const more = element("details", { className: "claims" }, element("summary", {}, t.claims), claims);
    // Drawn when it can be seen: what is forged is not worth decoding before somebody asks.
    if (figure) more.addEventListener("toggle", () => figure.show(0), { once: true });
    article.append(more);
  } else {
    figure?.show(0);
  }
  return article;
}

function copy(report, t, language, titles, figure) {
  const said = report.copy;
  const form = titles[said.form];
  const rows = [
    [t.office, `${said.office_name} (${said.office})`],
    [t.number, `${said.number} — ${said.book}`],
    [t.date, day(said.date, language)],
    [t.officer, said.officer],
    [t.act, t.acts[said.act]],
    [t.form, said.form && language === "vi" && form?.title ? form.title : said.form && humanise(said.form.replaceAll("-", " "))],
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
  const named = (name) => (language === "vi" && form?.fields[name]) || humanise(name);
  const isEmpty = (one) => one === null || (Array.isArray(one) && one.length === 0);
  const names = all.filter(([, field]) => !isEmpty(field.value));
  const empty = all.filter(([, field]) => isEmpty(field.value)).map(([name]) => named(name));
  const nobody = names.length > 0 && names.every(([, field]) => !field.confirmed);
  const list = element("ul", { className: "fields" });
  for (const [name, field] of names) {
    const label = named(name);
    const doubt = field.confirmed || nobody ? "" : element("span", { className: "doubt" }, t.unconfirmed);
    const content = [element("span", { className: "name" }, label), element("span", { className: "value" }, value(field.value, language), " ", doubt)];
    const placed = figure && field.page;
    const item = placed
      ? element("button", { type: "button", ariaPressed: "false" }, ...content)
      : element("div", {}, ...content);
    if (placed) {
      item.addEventListener("click", () => {
        for (const other of list.querySelectorAll("button")) other.ariaPressed = String(other === item);
        figure.show(field.page - 1, field.box);
      });
    }
    list.append(element("li", {}, item));
  }
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

function seal(said, t, language, titles) {
  const known = (name) => language === "vi" && Object.values(titles).map((form) => form.fields[name]).find(Boolean);
  const box = element("div", {}, table([
    [t.office, `${said.office_name} (${said.office})`],
    [t.number, said.number],
    [t.date, day(said.date, language)],
    [t.act, t.acts[said.act]],
    [t.pages, said.pages],
  ]));
  const values = Object.entries(said.values);
  if (values.length > 0) {
    const rows = values.map(([name, one]) => [known(name) || humanise(name), value(one, language)]);
    box.append(element("h4", {}, t.sealed), table(rows, "fields-table"));
  }
  if (said.omitted.length > 0) {
    box.append(element("p", { className: "small" }, `${t.omitted}: ${said.omitted.map((name) => known(name) || humanise(name)).join(", ")}`));
  }
  box.append(element("details", {}, element("summary", {}, t.technical), table([[t.copy_id, said.copy_id], [t.entry, said.index]])));
  return box;
}

function facts(report, t, language) {
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

/** The copy's pages, one at a time, with the place of a field. */
function viewer(result, t) {
  const count = result.report.copy?.pages ?? 1;
  const canvas = element("canvas", { role: "img" });
  const spot = element("div", { className: "spot", hidden: true });
  const place = element("div", { className: "paper" }, canvas, spot);
  const caption = element("figcaption", {});
  const problem = element("p", { className: "small", hidden: true }, t.no_picture);
  let shown = -1;
  let wanted = 0;
  let turn = 0;
  const show = async (index, box) => {
    const mine = ++turn;
    const late = () => mine !== turn;
    wanted = index;
    caption.textContent = `${t.image} · ${t.page(index + 1, count)}`;
    canvas.ariaLabel = caption.textContent;
    back.disabled = index === 0;
    forth.disabled = index + 1 >= count;
    spot.hidden = true;
    if (index !== shown) {
      try {
        const page = await result.pages(index);
        if (late() || !(await draw(canvas, page, late))) return;
        shown = index;
        problem.hidden = true;
        canvas.hidden = false;
      } catch {
        if (late()) return;
        problem.hidden = false;
        canvas.hidden = true;
        return;
      }
    }
    if (late() || !box) return;
    const { width, height } = canvas.upright;
    const percent = (part, whole) => `${(100 * part) / whole}%`;
    Object.assign(spot.style, {
      left: percent(box[0], width),
      top: percent(box[1], height),
      width: percent(box[2] - box[0], width),
      height: percent(box[3] - box[1], height),
    });
    spot.hidden = false;
    spot.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  };
  // From the page that is asked for: its picture may still be on its way.
  const step = (by) => () => show(wanted + by);
  const back = element("button", { type: "button", className: "button", onclick: step(-1) }, t.previous);
  const forth = element("button", { type: "button", className: "button", onclick: step(1) }, t.next);
  const turns = count > 1 ? element("div", { className: "actions" }, back, forth) : "";
  return { element: element("figure", { className: "page" }, caption, place, problem, turns), show };
}

/** The picture that a code was read from. */
function still(picture, t) {
  const canvas = element("canvas", { role: "img", ariaLabel: t.picture });
  const show = async () => paint(canvas, await createImageBitmap(picture), 1);
  return { element: element("figure", { className: "page" }, element("figcaption", {}, t.picture), element("div", { className: "paper" }, canvas)), show };
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
    list.append(element("div", {}, element("dt", {}, name), element("dd", {}, text(String(said)))));
  }
  return list;
}

function value(one, language) {
  if (one === null) return "—";
  if (typeof one === "boolean") return TEXTS[language].truth[String(one)];
  if (Array.isArray(one)) return one.map((item) => value(item, language)).join(", ");
  return text(typeof one === "string" ? day(one, language) : JSON.stringify(one));
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
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}
