"""How good the model is on the test split, in numbers and per article."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from training_image.scores import Array, softmax


@dataclass(frozen=True, slots=True)
class Evaluation:
    """``confusion_matrix[i][j]`` counts articles of category i that were taken for category j."""

    accuracy: float
    macro_f1: float
    categories: dict[str, dict[str, float]]
    confusion_matrix: list[list[int]]
    articles: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def evaluate(labels: Array, predicted: Array, categories: list[str]) -> Evaluation:
    """Compare label ids; both arrays of shape (articles,)."""
    ids = list(range(len(categories)))
    precision, recall, f1, support = precision_recall_fscore_support(labels, predicted, labels=ids, zero_division=0.0)
    return Evaluation(
        accuracy=float(accuracy_score(labels, predicted)),
        macro_f1=float(f1_score(labels, predicted, labels=ids, average="macro", zero_division=0.0)),
        categories={
            name: {
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "f1": float(f1[i]),
                "articles": int(support[i]),
            }
            for i, name in enumerate(categories)
        },
        confusion_matrix=confusion_matrix(labels, predicted, labels=ids).tolist(),
        articles=len(labels),
    )


def prediction_rows(articles: list[int], labels: Array, logits: Array, categories: list[str]) -> list[dict[str, Any]]:
    """One row per test article: its row in the raw dataset, what it is, what it was taken for."""
    scores = softmax(logits)
    predicted = logits.argmax(axis=1)
    return [
        {
            "article": article,
            "label_name": categories[label],
            "predicted": categories[guess],
            "score": round(float(score[guess]), 4),
        }
        for article, label, guess, score in zip(articles, labels.tolist(), predicted.tolist(), scores, strict=True)
    ]
