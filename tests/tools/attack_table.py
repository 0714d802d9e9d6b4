"""Who accepts which forgery: Saoy, pyHanko and Poppler's pdfsig side by side, as a Markdown table.

    attack_table.py SAOY HOME FORGERIES

FORGERIES is what `cargo run --example attack -- COPY OTHER FORGERIES` wrote, HOME the office's folder (trust list and root certificate).
A tool accepts a file when it calls every signature in it valid, trusted under the office's root and, where the tool tells coverage,
the last one over the whole file. That is a lot to ask of pdfsig, which cannot know what a certified copy is: the table says what a
reader would see, not whose fault it is.
"""

import json
import pathlib
import subprocess
import sys
from collections import Counter

from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext


def by_saoy(saoy, trust, files):
    """Verdicts of one run over all files; a file that is refused as no copy has none."""
    run = subprocess.run([saoy, "verify", "--trust", trust, "--json", *files], capture_output=True, text=True)
    verdicts = {}
    for line in run.stdout.splitlines():
        report = json.loads(line)
        verdicts[report["file"]] = report.get("verdict", "refused")
    return {file: verdicts.get(str(file), "refused") in ("valid", "authentic-status-unknown") for file in files}


def by_pyhanko(root, file):
    """Whether every signature is intact, valid and trusted, and covers what pyHanko asks for."""
    try:
        with open(file, "rb") as handle:
            signatures = PdfFileReader(handle, strict=True).embedded_signatures
            if not signatures:
                return False
            context = ValidationContext(trust_roots=[root], allow_fetching=False)
            return all(validate_pdf_signature(one, context).bottom_line for one in signatures)
    except Exception:  # whatever it does not take, it refuses
        return False


def by_pdfsig(file):
    """Whether each signature `is Valid` and the last covers the total document; certificates are not asked about."""
    run = subprocess.run(["pdfsig", "-nocert", file], capture_output=True, text=True, errors="replace")
    found = run.stdout.count("Signature Validation:")
    valid = run.stdout.count("Signature is Valid")
    return found > 0 and valid == found and "Total document signed" in run.stdout


def main():
    saoy, home, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    root = load_cert_from_pemder(str(next(home.glob("keys/**/*root*.pem"), None) or next(home.glob("**/*root*"))))
    files = sorted(folder.glob("*.pdf"))
    ours = by_saoy(saoy, home / "trust.json", files)
    tools = {"Saoy": ours.get, "pyHanko": lambda file: by_pyhanko(root, file), "pdfsig": by_pdfsig}
    rows = {}
    for file in files:
        family = file.name.split(".")[0]
        counts, names = rows.setdefault(family, (Counter(), []))
        counts["all"] += 1
        accepted = [tool for tool, accepts in tools.items() if accepts(file)]
        counts.update(accepted)
        if accepted:
            names.append(f"{file.name.split('.', 1)[1].removesuffix('.pdf')} ({', '.join(accepted)})")
    print("| family | forgeries | Saoy accepts | pyHanko accepts | pdfsig accepts | which |\n|---|---|---|---|---|---|")
    total = Counter()
    for family, (counts, names) in rows.items():
        total.update(counts)
        cells = [str(counts[tool]) for tool in ("all", *tools)]
        print(f"| {family} | {' | '.join(cells)} | {'; '.join(names)} |")
    print(f"| **all** | {' | '.join(str(total[tool]) for tool in ('all', *tools))} | |")
    return 1 if total["Saoy"] else 0


if __name__ == "__main__":
    sys.exit(main())
