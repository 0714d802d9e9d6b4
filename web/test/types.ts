// Compiles only while the package's types say what the package does.

import { SaoyError, Verifier, type Report, type SealReport } from "../npm/index.js";

export async function sentence(wasm: Uint8Array, list: string, copy: Uint8Array, code: string): Promise<string> {
  const verifier = await Verifier.load(wasm);
  const { offices, sequence } = verifier.trust(list);
  try {
    const report: Report = verifier.verify(copy, new Date());
    const failed = report.facts.filter((fact) => fact.state === "failed").map((fact) => fact.title.vi);
    const print: SealReport = verifier.verifySeal(code);
    const values = Object.values(print.seal?.values ?? {});
    return [report.summary.vi, report.copy?.number ?? "", ...failed, ...values, offices[0]!.name, String(sequence)].join("\n");
  } catch (error) {
    // @ts-expect-error: a page has no such member
    void verifier.page(0).nothing;
    return error instanceof SaoyError ? `${error.code}: ${error.advice}` : "";
  }
}
