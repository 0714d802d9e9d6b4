#!/usr/bin/env python3
"""Papers worn by somebody else's program: python3 benches/wear.py IN OUT [--seed N]

IN holds papers as the generator sets them clean (`--split test --style clean --dpi 300`), with their `.expected.json`; OUT gets the same papers
worn by Augraphy (PyPI, MIT; `pip install augraphy`), so that no wear that Saoy's own generator draws is in the measurement. Every paper gets,
by a seed of its own: the back showing through, faded or bleeding ink, uneven light, punch holes or a fold, up to 2
degrees of skew, 200 dpi, noise, JPEG of quality 60. Papers of several pages (PDF, TIFF) are left out.
"""
import argparse
import pathlib
import random
import shutil

import cv2
import numpy as np
from augraphy import (AugraphyPipeline, BindingsAndFasteners, BleedThrough, Folding, InkBleed, LightingGradient, LowInkRandomLines, OneOf,
                      SubtleNoise)

DPI = 200
QUALITY = 60


def pipeline():
    """One turn of Augraphy, in the order of a paper's life: ink, paper, scanner."""
    return AugraphyPipeline(
        ink_phase=[
            OneOf([InkBleed(intensity_range=(0.1, 0.3), p=1), LowInkRandomLines(count_range=(3, 8), use_consistent_lines=False, p=1)], p=0.6),
            BleedThrough(intensity_range=(0.05, 0.2), color_range=(0, 160), ksize=(17, 17), sigmaX=1, alpha=0.15, offsets=(10, 20), p=0.6),
        ],
        paper_phase=[],
        post_phase=[
            OneOf([
                BindingsAndFasteners(effect_type="punch_holes", width_range=(60, 80), height_range=(60, 80), ntimes=(2, 2), edge="left", edge_offset=(40, 80), p=1),
                Folding(fold_count=1, fold_noise=0.0, gradient_width=(0.1, 0.2), gradient_height=(0.005, 0.01), p=1),
            ], p=0.5),
            LightingGradient(max_brightness=255, min_brightness=215, mode="gaussian", transparency=0.6, p=0.5),
            SubtleNoise(subtle_range=8, p=1),
        ],
    )


def wear(image, seed):
    """The worn paper as OpenCV holds it (BGR), 200 dpi."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    cv2.setRNGSeed(seed % 2**31)
    worn = pipeline()(image)
    if worn.ndim == 2:
        worn = cv2.cvtColor(worn, cv2.COLOR_GRAY2BGR)
    worn = np.ascontiguousarray(worn[:, :, :3]).astype(np.uint8)
    height, width = worn.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), random.uniform(-2, 2), 1)
    worn = cv2.warpAffine(worn, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    scale = DPI / 300
    return cv2.resize(worn, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)


def set_dpi(jpeg):
    """OpenCV writes no resolution; the JFIF header holds it (units 1: dots an inch)."""
    assert jpeg[6:11] == b"JFIF\0"
    return jpeg[:13] + b"\x01" + DPI.to_bytes(2, "big") * 2 + jpeg[18:]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("papers", type=pathlib.Path)
    arguments.add_argument("out", type=pathlib.Path)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--count", type=int, help="only so many")
    arguments = arguments.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    made = 0
    for expected in sorted(arguments.papers.glob("*.expected.json")):
        stem = expected.name.removesuffix(".expected.json")
        scan = next((expected.with_name(stem + end) for end in (".png", ".jpg") if expected.with_name(stem + end).exists()), None)
        if scan is None or made == arguments.count:
            continue
        worn = wear(cv2.imread(str(scan), cv2.IMREAD_COLOR), arguments.seed * 1_000_003 + made)
        done, jpeg = cv2.imencode(".jpg", worn, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        assert done
        (arguments.out / (stem + ".jpg")).write_bytes(set_dpi(jpeg.tobytes()))
        shutil.copy(expected, arguments.out / expected.name)
        made += 1
        print(f"{stem}.jpg", flush=True)


if __name__ == "__main__":
    main()
