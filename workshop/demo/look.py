"""Gradio's theme with fonts of the system and colours that are easy to read, and the style of our own parts."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

FONTS = ("system-ui", "Hiragino Sans", "Noto Sans JP", "Yu Gothic UI", "Meiryo", "sans-serif")
CSS = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
THEME = gr.themes.Default(
    primary_hue="blue", neutral_hue="slate", font=FONTS, font_mono=("ui-monospace", "monospace")
).set(
    body_text_color_subdued="*neutral_600",
    input_placeholder_color="*neutral_500",
    input_placeholder_color_dark="*neutral_400",
    button_primary_background_fill="#2457b3",
    button_primary_background_fill_dark="#2457b3",
    button_primary_background_fill_hover="#1c468f",
    button_primary_background_fill_hover_dark="#1c468f",
)
