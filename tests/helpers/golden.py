"""Tokens and ids that the 2022 hands-on notebook printed for chiTra-1.0, and a vocabulary that gives the same."""

from __future__ import annotations

from pathlib import Path

CAT = "吾輩は猫である。名前はまだない。"
CAT_PIECES = ["我が", "##輩", "は", "猫", "で", "ある", "。", "名前", "は", "未だ", "ない", "。"]
CAT_IDS = [2, 14108, 6619, 485, 2851, 477, 10149, 419, 10793, 485, 11207, 10160, 419, 3]
MOVING = "引越してからすだちを届けます"
MOVING_PIECES = ["引っ越し", "し", "て", "から", "酢", "##橘", "を", "届け", "ます"]
VOCABULARY_SIZE = 32_615


def write_golden_vocabulary(folder: Path) -> None:
    """chiTra-1.0's vocabulary as far as the notebook shows it: those pieces at their ids, the rest filled up."""
    pieces = dict(zip(CAT_IDS, ["[CLS]", *CAT_PIECES, "[SEP]"], strict=True)) | {0: "[PAD]", 1: "[UNK]", 4: "[MASK]"}
    free = iter(i for i in range(5, VOCABULARY_SIZE) if i not in pieces)
    pieces |= {next(free): piece for piece in MOVING_PIECES}
    lines = [pieces.get(i, f"[unused{i}]") for i in range(VOCABULARY_SIZE)]
    (folder / "vocab.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
