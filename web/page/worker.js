// Follows verifier.js in one script that app.js starts from a blob, so that the page's policy binds it too.

let module = null;
let root = null;
let lists = [];
let verifier = null;
/** The key of the copy that the verifier holds. */
let held = null;

/** A verifier with the lists; anew after one that broke down. */
async function ready() {
  if (verifier) return verifier;
  const fresh = await Verifier.load(module);
  if (root) fresh.root(root);
  if (lists.length > 0) {
    fresh.trust(lists[0]);
    for (const list of lists.slice(1)) fresh.status(list);
  }
  verifier = fresh;
  held = null;
  return verifier;
}

/** `copy` is a File: its bytes are read here, not in the page. */
async function verify({ key, copy, now }) {
  const bytes = new Uint8Array(await copy.arrayBuffer());
  const one = await ready();
  held = null;
  const report = one.verify(bytes, now);
  held = key;
  return report;
}

const tasks = {
  async start({ wasm }) {
    module = wasm;
    return (await ready()).titles();
  },
  async root({ list }) {
    const name = (await ready()).root(list);
    root = list;
    return name;
  },
  async trust({ list }) {
    const said = (await ready()).trust(list);
    lists = [list];
    return said;
  },
  async status({ list }) {
    (await ready()).status(list);
    lists.push(list);
  },
  async verify(given) {
    const begun = performance.now();
    const report = await verify(given);
    return { report, milliseconds: performance.now() - begun };
  },
  async seal({ text, now }) {
    return (await ready()).verifySeal(text, now);
  },
  async page({ key, copy, index, now }) {
    // Another file may have been verified since.
    if (held !== key) await verify({ key, copy, now });
    return (await ready()).page(index);
  },
  async codes({ picture }) {
    return (await ready()).codes(picture);
  },
};

self.onmessage = async ({ data: { id, task, ...given } }) => {
  try {
    self.postMessage({ id, answer: await tasks[task](given) });
  } catch (error) {
    if (!(error instanceof SaoyError)) verifier = null;
    const { code = "broken-down", message = String(error), advice = "", signatures = [] } = error;
    self.postMessage({ id, error: { code, message: String(message), advice, signatures } });
  }
};
