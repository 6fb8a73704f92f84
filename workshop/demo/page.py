"""The page in one language: what is on it, and what happens when somebody presses a button."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import gradio as gr

from chitra.visible import visible
from workshop.demo import drawing
from workshop.demo.article_files import MEGABYTES, MOST_ARTICLES, MOST_CHARACTERS, Row, read_articles, results_csv
from workshop.demo.examples import Example
from workshop.demo.problems import ProblemError, problem_of, sentence, told_on_terminal
from workshop.demo.subject import Subject
from workshop.demo.words import words_in
from workshop.language import Language

REFRESH_SECONDS = 60
RESULTS = "results.csv"
EVENT: dict[str, Any] = {"api_visibility": "private"}  # for this page, not for programs
SILENT = {**EVENT, "show_progress": "hidden"}


class Page:
    """Builds the page; its handlers answer with HTML. Whatever goes wrong is one sentence in the page's language."""

    def __init__(self, subject: Subject, language: Language, examples: list[Example]) -> None:
        self._subject, self._language, self._examples = subject, language, examples
        self._words = words_in(language)

    def build(self) -> Any:
        words = self._words
        other = Language.EN if self._language is Language.JA else Language.JA
        with gr.Blocks(title=words["title"], analytics_enabled=False) as blocks:
            _html(drawing.draw_language(other, words))
            heading = _html()
            with gr.Tabs():
                with gr.Tab(words["text_tab"]):
                    self._build_text_tab()
                with gr.Tab(words["file_tab"]):
                    self._build_file_tab()
                with gr.Tab(words["report_tab"]) as report_tab:
                    report = _html(drawing.draw_note(words["report_waits"]))
            report_tab.select(self.show_report, None, report, **EVENT)
            blocks.load(self.show_heading, None, heading, **SILENT)
            if self._subject.status:
                gr.Timer(REFRESH_SECONDS).tick(self.show_heading, None, heading, **SILENT)
        return blocks

    def _build_text_tab(self) -> None:
        words = self._words
        with gr.Row():
            with gr.Column(min_width=280):
                article = gr.Textbox(label=words["article"], placeholder=words["article_hint"], lines=8, max_lines=16)
                with gr.Row():
                    clear = gr.Button(words["clear"], min_width=80, scale=1)
                    classify = gr.Button(words["classify"], variant="primary", min_width=120, scale=3)
                examples = gr.Column()
            with gr.Column(min_width=280):
                scores = _html(drawing.draw_note(words["nothing_yet"]))
        tokens = _html()
        why = gr.Button(words["why"], size="sm", min_width=120)
        reasons = _html()
        results = [scores, tokens, reasons]
        with examples:
            gr.Examples(
                [[each.text] for each in self._examples],
                article,
                results,
                self.classify,
                cache_examples=False,
                run_on_click=True,
                label=words["examples"],
                example_labels=[each.category for each in self._examples],
                **EVENT,
            )
        classify.click(self.classify, article, results, **EVENT)
        article.submit(self.classify, article, results, **EVENT)
        why.click(self.explain, article, reasons, **EVENT)
        empty = "", drawing.draw_note(words["nothing_yet"]), "", ""
        clear.click(lambda: empty, None, [article, *results], **EVENT)

    def _build_file_tab(self) -> None:
        words = self._words
        _html(drawing.draw_note(words["file_help"].format(articles=MOST_ARTICLES, megabytes=MEGABYTES)))
        file = gr.File(label=words["file"], type="filepath", height=140)
        classify = gr.Button(words["classify_file"], variant="primary")
        results = _html()
        download = gr.DownloadButton(words["download"], visible=False)
        classify.click(self.classify_file, file, [results, download], **EVENT)

    def show_heading(self) -> str:
        """What is asked, how long it lives and what it costs."""
        kind = "endpoint" if self._subject.status else "model"
        try:
            status = self._subject.status() if self._subject.status else None
            if kind == "endpoint" and status is None:
                raise ProblemError("gone")
            facts = drawing.endpoint_facts(status, self._words) if status else [self._words["no_cost"]]
        except Exception as error:
            facts = [self._sentence(error)]
        return drawing.draw_heading(kind, self._subject.name, facts, self._words)

    def classify(self, text: str) -> tuple[str, str, str]:
        """The scores and the tokens, in the place of what was shown of another text."""
        try:
            article = _checked(text)
            [answer] = self._subject.ask([article])
            scores = drawing.draw_scores(answer["scores"], self._words)
            reading = self._subject.read(article)
        except Exception as error:
            return drawing.draw_problem(self._sentence(error)), "", ""
        return scores, drawing.draw_tokens(reading, self._words, are_tokens=self._subject.reads_tokens), ""

    def explain(self, text: str) -> str:
        """The words that the category rests on."""
        try:
            return drawing.draw_why(self._subject.explain(_checked(text)), self._words)
        except Exception as error:
            return drawing.draw_problem(self._sentence(error))

    def classify_file(self, file: str | None, progress: gr.Progress = gr.Progress()) -> tuple[str, Any]:  # noqa: B008
        """The table of results, and the button that gives them as a file."""
        words = self._words
        try:
            if file is None:
                raise ProblemError("no_file")
            articles = read_articles(Path(file))
            count = len(articles)
            answers = self._subject.answers(articles, lambda done: progress((done, count), words["working"]))
        except Exception as error:
            return drawing.draw_problem(self._sentence(error)), gr.update(visible=False)
        rows = [
            Row(str(number), answer["label_name"], f"{answer['scores'][answer['label_name']]:.3f}", article)
            for number, (article, answer) in enumerate(zip(articles, answers, strict=True), 1)
        ]
        heading = [words[key] for key in ("number", "category", "score", "article")]
        target = Path(tempfile.mkdtemp()) / RESULTS
        target.write_bytes(results_csv(heading, rows))
        return drawing.draw_results(rows, words), gr.update(value=str(target), visible=True)

    def show_report(self) -> str:
        """The page about the run, or why there is none."""
        try:
            page = self._subject.report(self._language)
        except Exception as error:
            return drawing.draw_problem(self._sentence(error))
        if page is None:
            return drawing.draw_note(self._words["no_report"])
        return drawing.draw_report(page, self._words)

    def _sentence(self, error: Exception) -> str:
        if line := told_on_terminal(error):
            print(f"error: {visible(line)}", file=sys.stderr)
        return sentence(problem_of(error), self._words)


def _html(value: str = "") -> gr.HTML:
    return gr.HTML(value, apply_default_css=False, js_on_load=None)


def _checked(text: str) -> str:
    article = text.encode(errors="replace").decode().strip()  # a browser may send half of a surrogate pair
    if not article:
        raise ProblemError("empty")
    if len(article) > MOST_CHARACTERS:
        raise ProblemError("too_long", most=MOST_CHARACTERS)
    return article
