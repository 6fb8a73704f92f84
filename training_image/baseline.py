"""The honest baseline: TF-IDF over Sudachi's words and a linear SVM, on exactly what the model gets to see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from datasets import Dataset
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from chitra.long_articles import View

CONTINUATION = "##"
BATCH = 100  # articles


def baseline_accuracy(train: Dataset, test: Dataset, *, view: View, vocabulary: Sequence[str]) -> float:
    """Test accuracy of a linear classifier trained on the same articles, in what ``view`` lets the model see.

    Words are put together again from their pieces, so no text has to travel with the encodings; a word that the
    vocabulary cannot spell stays ``[UNK]`` for both. Of the words only their numbers per article stay in memory.
    """

    def articles(dataset: Dataset) -> Iterator[list[str]]:
        for batch in dataset.select_columns("input_ids").iter(BATCH):
            for ids in batch["input_ids"]:
                seen = ids if view.strategy == "windows" else view.parts(ids)[0]
                yield _words([vocabulary[i] for i in seen[1:-1]])

    classifier = make_pipeline(TfidfVectorizer(analyzer=_as_is, sublinear_tf=True, min_df=2), LinearSVC(random_state=0))
    classifier.fit(articles(train), np.asarray(train["label"]))
    return float(accuracy_score(np.asarray(test["label"]), classifier.predict(articles(test))))


def _as_is(words: list[str]) -> list[str]:
    return words


def _words(pieces: list[str]) -> list[str]:
    words: list[str] = []
    for piece in pieces:
        if piece.startswith(CONTINUATION) and words:
            words[-1] += piece.removeprefix(CONTINUATION)
        else:
            words.append(piece)
    return words
