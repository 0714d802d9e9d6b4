/** A sentence in Vietnamese and English. */
export interface Text {
  vi: string;
  en: string;
}

export type State = "passed" | "failed" | "not-checked" | "warning";

/** One check and how it ended; `docs/report.schema.json` lists the ids. */
export interface Fact {
  id: string;
  title: Text;
  state: State;
  evidence: Text;
  /** The moment for which that stands, RFC 3339; null where nothing was concluded, or the trust list does not say when it was made. */
  as_of: string | null;
}

/** What later entries of the registry say, where that is known. */
export type Status =
  | { state: "good" | "void" | "revoked" }
  | { state: "superseded" | "corrected"; replacement: number };

export type Act = "digitisation" | "agency-copy" | "certification";

export interface Field {
  value: unknown;
  /** Whether a person confirmed it. */
  confirmed: boolean;
  /** The page that it stands on, from 1. */
  page: number | null;
  /** Where on that page: pixels of the upright image, left, top, right, bottom. */
  box: [number, number, number, number] | null;
}

/** What a copy says about itself: only as good as the verdict. */
export interface Copy {
  /** Whether the office answers for it; else the file only claims it. */
  proven: boolean;
  copy_id: string;
  office: string;
  office_name: string;
  officer: string | null;
  act: Act;
  number: string;
  book: string;
  date: string;
  copies: number;
  pages: number;
  index: number | null;
  form: string | null;
  fields: Record<string, Field>;
  withheld: number | null;
}

export interface Signature {
  role: "officer" | "office";
  subject: string | null;
  certificate: string | null;
  claimed_time: string | null;
  indication: "TOTAL-PASSED" | "INDETERMINATE" | "TOTAL-FAILED";
  sub_indication: string | null;
}

export interface Report {
  version: 1;
  verdict: "valid" | "invalid" | "indeterminate" | "unknown-issuer" | "authentic-status-unknown";
  trial: boolean;
  checked_at: string;
  summary: Text;
  advice: Text;
  indication: "TOTAL-PASSED" | "INDETERMINATE" | "TOTAL-FAILED";
  sub_indication: string | null;
  copy: Copy | null;
  signatures: Signature[];
  facts: Fact[];
  status: Status | null;
}

/** What the office sealed. */
export interface Seal {
  copy_id: string;
  office: string;
  office_name: string;
  act: Act;
  number: string;
  date: string;
  pages: number;
  index: number;
  values: Record<string, string>;
  omitted: string[];
}

/** Of a print's QR code by itself; there is no `valid`, since a print is not the certified copy. */
export interface SealReport {
  version: 1;
  verdict: "sealed" | "invalid" | "indeterminate" | "unknown-issuer";
  trial: boolean;
  checked_at: string;
  summary: Text;
  advice: Text;
  seal: Seal | null;
  facts: Fact[];
  status: Status | null;
}

export interface Page {
  type: "image/jpeg" | "image/png";
  /** How it is turned to stand upright: EXIF's 1 to 8. */
  orientation: number;
  width: number;
  height: number;
  bytes: Uint8Array;
}

type Bytes = Uint8Array | ArrayBuffer;

/** There is nothing to verify, or nothing to verify it with: `not-a-copy`, `bad-seal`, `no-trust`, `bad-trust-list`, … */
/** A signature in a PDF that is no copy: what it covers and whether it holds, not whose it is. */
export interface ForeignSignature {
  byte_range: [number, number, number, number];
  bytes_after: number;
  revisions_after: number;
  subject: string | null;
  fact: Fact;
}

export class SaoyError extends Error {
  code: string;
  advice: string;
  /** Of a PDF that others signed. */
  signatures: ForeignSignature[];
}

export class Verifier {
  private constructor();
  static load(source: Bytes | WebAssembly.Module | Response | Promise<Response>): Promise<Verifier>;
  root(key: string): string;
  trust(list: Bytes | string): {
    sequence: number;
    /** Seconds since 1970. */
    expires: number;
    /** The root that signed it; null for one that is not signed. */
    signed_by: string | null;
    offices: { code: string; name: string }[];
  };
  status(list: Bytes): void;
  verify(copy: Bytes, now?: Date): Report;
  verifySeal(text: string, now?: Date): SealReport;
  page(index: number): Page;
  codes(picture: { width: number; height: number; data: Uint8Array | Uint8ClampedArray }): string[];
  titles(): Record<string, { title: string | null; order: string[]; fields: Record<string, string> }>;
}
