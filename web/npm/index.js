// The verifier of Saoy's certified copies: WebAssembly without imports, so it has no network, no clock and no storage.

/** What a verifier says when it could not verify: `code`, what is wrong, what to do. */
export class SaoyError extends Error {
  constructor({ code, message, advice, signatures = [] }) {
    super(message);
    this.name = "SaoyError";
    this.code = code;
    this.advice = advice;
    this.signatures = signatures;
  }
}

export class Verifier {
  #wasm;

  /** From the bytes of `saoy.wasm`, a compiled module of it, or a Response with it. */
  static async load(source) {
    let module = source;
    if (!(source instanceof WebAssembly.Module)) {
      const response = await source;
      const bytes = typeof response.arrayBuffer === "function" ? await response.arrayBuffer() : response;
      module = await WebAssembly.compile(bytes);
    }
    const instance = await WebAssembly.instantiate(module, {});
    const verifier = new Verifier();
    verifier.#wasm = instance.exports;
    return verifier;
  }

  /** Pins the root that signed trust lists must be signed by (its public key, as `saoy trust key` prints it); gives its name. */
  root(key) {
    return this.#call("saoy_root", bytesOf(key)).root;
  }

  /** Takes a trust list, plain (trust.json) or signed by the root: never one that is older than the signed one before. Status lists from before are forgotten. */
  trust(list) {
    return this.#call("saoy_trust", bytesOf(list)).trust;
  }

  /** Adds an office's signed status list. */
  status(list) {
    this.#call("saoy_status", bytesOf(list));
  }

  /** Verifies a copy: its report, as `saoy verify --json` writes it. */
  verify(copy, now = new Date()) {
    return this.#call("saoy_verify", bytesOf(copy), now.getTime() / 1000).report;
  }

  /** Verifies the seal of a print: the text of its QR code, or the link in it. */
  verifySeal(text, now = new Date()) {
    return this.#call("saoy_seal", bytesOf(text), now.getTime() / 1000).report;
  }

  /** The image of a page (from 0) of the copy that was verified last. */
  page(index) {
    const { page } = this.#call("saoy_page", null, index);
    const { memory, saoy_blob, saoy_blob_length } = this.#wasm;
    return { ...page, bytes: new Uint8Array(memory.buffer, saoy_blob(), saoy_blob_length()).slice() };
  }

  /** The texts of the QR codes in a picture: `{width, height, data}` with RGBA bytes, as a canvas gives it. */
  codes({ width, height, data }) {
    return this.#call("saoy_codes", data, width, height).codes;
  }

  /** What people call forms and their fields: `{<form>: {title, order: [<field>], fields: {<field>: title}}}`; `order` is the paper's. */
  titles() {
    return this.#call("saoy_titles", null);
  }

  #call(name, bytes, ...numbers) {
    const wasm = this.#wasm;
    if (bytes) {
      const at = wasm.saoy_buffer(bytes.length);
      new Uint8Array(wasm.memory.buffer, at, bytes.length).set(bytes);
    }
    const length = wasm[name](...numbers);
    const answer = new Uint8Array(wasm.memory.buffer, wasm.saoy_json(), length);
    const said = JSON.parse(new TextDecoder().decode(answer));
    if (said.error) throw new SaoyError(said.error);
    return said;
  }
}

function bytesOf(value) {
  if (typeof value === "string") return new TextEncoder().encode(value);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}
