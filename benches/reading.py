#!/usr/bin/env python3
"""What three programs read on the same papers: Saoy, Tesseract's own command line, OCRmyPDF 17.

    cargo build --release && python3 benches/reading.py DIR [--papers 24] [--saoy PROGRAM] [--ocrmypdf PROGRAM]

DIR holds papers and their answers as `--example generate` makes them; those of one page are read, the first N by name in turns of
the forms. Saoy reads with its own model, the other two with `vie`; OCRmyPDF gets a resolution where a file says none (200), as it refuses the file
otherwise. Prints, a program a row: characters and words that are wrong, measured as `saoy eval` does (each line of the paper against
the stretch of the text that fits it best, so the order of blocks counts for nobody; NFC), papers that it read nothing of, and seconds
of processor time a page.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import unicodedata

import numpy


def plain(text):
    return " ".join(unicodedata.normalize("NFC", text).split())


def best_stretch(line, text):
    """The fewest edits that make some stretch of `text` into `line` (Sellers 1980); both are lists of numbers."""
    steps = numpy.arange(len(text) + 1)
    text = numpy.array(text, dtype=numpy.int64)
    row = numpy.zeros(len(text) + 1, dtype=numpy.int64)
    for done, item in enumerate(line, 1):
        above = numpy.empty_like(row)
        above[0] = done
        above[1:] = numpy.minimum(row[:-1] + (text != item), row[1:] + 1)
        # What is read too much costs one each: a running minimum along the text.
        row = numpy.minimum.accumulate(above - steps) + steps
    return int(row.min())


def errors(expected, read):
    """((wrong, all) characters, (wrong, all) words) of a paper."""
    read = plain(read)
    number = {}
    def words(text):
        return [number.setdefault(word, len(number)) for word in text.split()]
    characters, read_words = [ord(c) for c in read], words(read)
    totals = [0, 0, 0, 0]
    for line in map(plain, expected.splitlines()):
        for at, (items, among) in enumerate((([ord(c) for c in line], characters), (words(line), read_words))):
            totals[2 * at] += best_stretch(items, among)
            totals[2 * at + 1] += len(items)
    return totals


def check():
    """The measure itself, on what can be counted by hand."""
    assert errors("Họ và tên\nSố: 12", "Số: 12 gì đó\n\nHọ vả tên") == [1, 15, 1, 5]
    assert errors("ab", "") == [2, 2, 1, 1]


def run(command, **environment):
    """Standard output and seconds of processor time; None where it failed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, env={**os.environ, "OMP_THREAD_LIMIT": "1", **environment})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (done.stdout.decode() if done.returncode == 0 else None), seconds


def papers(folder, count):
    """The one-page image papers: (image, text)."""
    found = []
    for answers in sorted(folder.glob("*.expected.json"), key=lambda p: p.name.removesuffix(".expected.json").split("-")[::-1]):
        pages = json.loads(answers.read_text())["pages"]
        images = [answers.with_name(answers.name.replace(".expected.json", end)) for end in (".jpg", ".png")]
        images = [image for image in images if image.exists()]
        if images and len(pages) == 1:
            found.append((images[0], pages[0]["text"]))
    return found[:count]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--papers", type=int, default=24)
    parser.add_argument("--saoy", default=pathlib.Path(__file__).resolve().parent.parent / "target/release/saoy")
    parser.add_argument("--ocrmypdf", default="ocrmypdf")
    options = parser.parse_args()
    check()
    todo = papers(options.folder, options.papers)
    if not todo:
        sys.exit(f"{options.folder} holds no one-page papers with answers")
    names = ["Saoy", "Tesseract's command line", "OCRmyPDF"]
    totals = {name: [0, 0, 0, 0] for name in names}
    unread, seconds = dict.fromkeys(names, 0), dict.fromkeys(names, 0.0)
    with tempfile.TemporaryDirectory() as scratch:
        for at, (image, text) in enumerate(todo, 1):
            print(f"{at}/{len(todo)} {image.name}", file=sys.stderr, flush=True)
            read = {}
            out, spent = run([options.saoy, "read", "--json", "--jobs", "1", image])
            read["Saoy"] = out and "\n".join(page["text"] for page in json.loads(out)[0]["pages"]), spent
            read["Tesseract's command line"] = run(["tesseract", image, "-", "-l", "vie"])
            sidecar = pathlib.Path(scratch, "text")
            sidecar.unlink(missing_ok=True)
            out, spent = run([options.ocrmypdf, "-q", "-l", "vie", "--image-dpi", "200", "--output-type", "pdf", "-j", "1",
                              "--sidecar", sidecar, image, pathlib.Path(scratch, "out.pdf")])
            read["OCRmyPDF"] = sidecar.read_text() if sidecar.exists() else None, spent
            for name, (words, spent) in read.items():
                seconds[name] += spent
                unread[name] += not (words or "").strip()
                totals[name] = [a + b for a, b in zip(totals[name], errors(text, words or ""))]
    print(f"| {options.folder.name}, {len(todo)} papers | characters wrong | words wrong | papers of which nothing was read | CPU s a page |")
    print("|---|---|---|---|---|")
    for name in names:
        wrong, characters, wrong_words, words = totals[name]
        print(f"| {name} | {100 * wrong / characters:.2f} % | {100 * wrong_words / words:.2f} % | {unread[name]} | {seconds[name] / len(todo):.2f} |")


main()
