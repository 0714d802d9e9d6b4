#!/usr/bin/env python3
"""The whole job against OCRmyPDF 17: the same pages, the same number of jobs, in turns, on this machine.

    cargo build --release && python3 benches/whole.py [--jobs 2] [--pages 40] [--turns 3] [--json FILE]

Two inputs: one PDF of N pages, and N single JPEG pages (300 dpi, colour, A4, from `--example generate`). Saoy does its whole
job (read, extract, record, PDF/A, seal, sign, log); OCRmyPDF makes searchable PDF/A with the same model (`-l vie`). Each takes
its turn, so that a busy machine is busy for both; of the turns the median counts. Prints pages a second, CPU seconds a page,
peak memory (of all processes together), size of the output and character error rate, and what they are to each other.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parent.parent
OCRMYPDF = "ocrmypdf==17.13.0"
# PDF/A needs veraPDF or Ghostscript; without either it is spared that work, which is in its favour.
OUTPUT = "pdfa" if shutil.which("verapdf") or shutil.which("gs") else "auto"


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def pages(folder, count):
    """The generated pages: (joined PDF, [JPEG], [truth])."""
    done = folder / f"done-{count}"
    if not done.exists():
        say(f"making {count} pages in {folder}")
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(
            ["cargo", "run", "--release", "--quiet", "--example", "generate", "--", "--out", folder, "--seed", "17",
             "--count", str(count), "--dense", "--dpi", "300", "--style", "scan", "--color", "rgb", "--join", "all.pdf"],
            cwd=ROOT, check=True)
        done.touch()
    images = sorted(folder.glob("*.jpg"))
    truths = [json.loads(i.with_suffix(".expected.json").read_text())["pages"][0]["text"] for i in images]
    if len(images) != count:
        sys.exit(f"{folder} holds {len(images)} JPEG pages, not {count}: delete it and run again")
    return folder / "all.pdf", images, truths


def ocrmypdf(folder):
    """OCRmyPDF in an environment of its own, of the version that is compared with."""
    binary = folder / "bin" / "ocrmypdf"
    if not binary.exists():
        say(f"installing {OCRMYPDF} in {folder}")
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", OCRMYPDF, "img2pdf"], check=True)
    return binary


def tree_memory(root):
    """Resident bytes of a process and all below it; shared pages count for the process that maps them most (PSS where known)."""
    children, sizes = {}, {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as f:
                children.setdefault(int(f.read().rsplit(")", 1)[1].split()[1]), []).append(int(entry))
        except OSError:
            continue
    waiting, total = [root], 0
    while waiting:
        pid = waiting.pop()
        waiting += children.get(pid, [])
        try:
            with open(f"/proc/{pid}/smaps_rollup") as f:
                sizes[pid] = next(int(l.split()[1]) * 1024 for l in f if l.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
        total += sizes[pid]
    return total


class Run:
    """Commands one after another, with their wall and CPU time and the peak memory of all their processes."""

    def __init__(self):
        self.wall = self.cpu = 0.0
        self.peak = 0

    def __call__(self, command, environment=None):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.monotonic()
        process = subprocess.Popen([str(c) for c in command], env=environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        watching = True

        def watch():
            while watching:
                self.peak = max(self.peak, tree_memory(process.pid))
                time.sleep(0.2)

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        output, _ = process.communicate()
        self.wall += time.monotonic() - began
        watching = False
        thread.join()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if process.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}\nended with {process.returncode}:\n{output.decode(errors='replace')}")
        return output


def run_saoy(saoy, jobs, inputs, work):
    home, out = work / "home", work / "out"
    out.mkdir(parents=True)
    subprocess.run([saoy, "init", "--home", home, "--name", "UBND xã Mẫu", "--code", "MAU.999", "--officer", "Nguyễn Văn Mẫu",
                    "--title", "Chủ tịch"], check=True, stdout=subprocess.DEVNULL)
    run = Run()
    run([saoy, "certify", "--home", home, "--compared", "--jobs", jobs, "--out", out, "--json", *inputs])
    return run, sorted(out.glob("*.pdf"))


def run_ocrmypdf(binary, jobs, inputs, work):
    work.mkdir(parents=True)
    environment = dict(os.environ, OMP_THREAD_LIMIT="1")
    common = ["--output-type", OUTPUT, "-l", "vie", "--quiet"]
    run, outputs = Run(), [work / (pathlib.Path(i).stem + ".pdf") for i in inputs]
    if len(inputs) == 1:
        run([binary, *common, "--jobs", jobs, inputs[0], outputs[0]], environment)
    else:
        # One process a file, as many at once as there are jobs.
        pairs = [str(p) for pair in zip(inputs, outputs) for p in pair]
        script = 'n=$1; shift; printf "%s\\0" "$@" | xargs -0 -n 2 -P "$n" sh -c \'exec "$0" ' + " ".join(common) + \
            ' --jobs 1 "$1" "$2"\' "$OCRMYPDF"'
        run(["bash", "-c", script, "bash", jobs, *pairs], dict(environment, OCRMYPDF=str(binary)))
    return run, outputs


def text_of(pdf):
    text = subprocess.run(["pdftotext", "-enc", "UTF-8", str(pdf), "-"], check=True, capture_output=True).stdout.decode()
    return [page for page in text.split("\f")]


def fold(text):
    return " ".join(unicodedata.normalize("NFC", text).split())


def edits(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(diagonal + (x != y), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def error_rate(truths, read):
    """Characters wrong of all. Lines are compared wherever they stand: the two tools order a page's head differently,
    and that is not an error of reading. Each line of the truth is set against the stretch of the text that fits best."""
    wrong = total = 0
    for truth, text in zip(truths, read):
        text = fold(text)
        for line in map(fold, truth.splitlines()):
            total += len(line)
            wrong += min(len(line), best_stretch(line, text))
    return wrong / total


def best_stretch(line, text):
    """The fewest edits that make some stretch of `text` into `line` (Sellers' algorithm)."""
    if line in text:
        return 0
    row = list(range(len(line) + 1))
    best = row[-1]
    for character in text:
        diagonal = row[0]
        for j, wanted in enumerate(line, 1):
            replaced = diagonal + (wanted != character)
            diagonal = row[j]
            row[j] = min(replaced, row[j] + 1, row[j - 1] + 1)
        best = min(best, row[-1])
    return best


def measure(name, tool, inputs, truths, turn, work):
    place = work / f"{name}-{turn}"
    shutil.rmtree(place, ignore_errors=True)
    run, outputs = tool(inputs, place)
    count = len(truths)
    read = [page for pdf in outputs for page in text_of(pdf)[: count if len(outputs) == 1 else 1]]
    result = {
        "pages_per_s": count / run.wall,
        "cpu_s_per_page": run.cpu / count,
        "peak_mib": run.peak / 2**20,
        "cer": error_rate(truths, read) if turn == 0 else None,
        "bytes_per_page": sum(p.stat().st_size for p in outputs) / count,
    }
    say(f"  {name}: {result['pages_per_s']:.2f} pages/s, {result['cpu_s_per_page']:.2f} CPU s/page")
    shutil.rmtree(place)
    return result


def median(results):
    return {key: statistics.median([r[key] for r in results if r[key] is not None]) for key in results[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--saoy", type=pathlib.Path, default=ROOT / "target" / "release" / "saoy")
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "target" / "whole")
    parser.add_argument("--ocrmypdf", type=pathlib.Path, help="an installed OCRmyPDF; by default one is installed under target/")
    arguments = parser.parse_args()
    if not arguments.saoy.exists():
        sys.exit(f"{arguments.saoy} is missing: cargo build --release")
    if not shutil.which("pdftotext"):
        sys.exit("pdftotext is missing: apt install poppler-utils")

    joined, images, truths = pages(arguments.work / "pages", arguments.pages)
    other = arguments.ocrmypdf or ocrmypdf(arguments.work / "venv")
    jobs = str(arguments.jobs)
    tools = {
        "saoy": lambda inputs, work: run_saoy(arguments.saoy, jobs, inputs, work),
        "ocrmypdf": lambda inputs, work: run_ocrmypdf(other, jobs, inputs, work),
    }
    version = subprocess.run([other, "--version"], capture_output=True, text=True).stdout.strip()
    report = {
        "date": datetime.date.today().isoformat(), "machine": machine(), "pages": arguments.pages, "jobs": arguments.jobs,
        "turns": arguments.turns, "ocrmypdf": version, "output_type": OUTPUT,
        "tesseract": tesseract_version(), "cases": {},
    }
    for case, inputs in {"one PDF": [joined], "single JPEG pages": images}.items():
        say(case)
        results = {name: [] for name in tools}
        for turn in range(arguments.turns):
            # Who goes first changes, so that neither always finds the warmer machine.
            for name in list(tools)[:: 1 if turn % 2 == 0 else -1]:
                results[name].append(measure(name, tools[name], inputs, truths, turn, arguments.work))
        report["cases"][case] = {name: median(r) for name, r in results.items()}
    show(report)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")


def machine():
    with open("/proc/cpuinfo") as f:
        model = next((l.split(":", 1)[1].strip() for l in f if l.startswith("model name")), platform.machine())
    return f"{model}, {len(os.sched_getaffinity(0))} CPUs, Linux {platform.release()}"


def tesseract_version():
    words = subprocess.run(["tesseract", "--version"], capture_output=True, text=True).stdout.split()
    return words[1] if len(words) > 1 else "?"


def show(report):
    print(f"{report['date']}, {report['machine']}; Tesseract {report['tesseract']}; {report['pages']} pages, {report['jobs']} jobs, "
          f"OCRmyPDF's output type {report['output_type']}, median of {report['turns']} turns\n")
    rows = [("pages a second", "pages_per_s", "{:.2f}", 1), ("CPU seconds a page", "cpu_s_per_page", "{:.2f}", 1),
            ("peak memory, MiB", "peak_mib", "{:.0f}", 1), ("CER, %", "cer", "{:.2f}", 100), ("size, kB a page", "bytes_per_page", "{:.0f}", 1e-3)]
    print(f"| case | measure | Saoy | OCRmyPDF {report['ocrmypdf']} | Saoy : OCRmyPDF |\n|---|---|---|---|---|")
    for case, results in report["cases"].items():
        for label, key, form, factor in rows:
            ours, theirs = results["saoy"][key], results["ocrmypdf"][key]
            ratio = f"{ours / theirs:.2f}" if theirs else "–"
            print(f"| {case} | {label} | {form.format(ours * factor)} | {form.format(theirs * factor)} | {ratio} |")


if __name__ == "__main__":
    main()
