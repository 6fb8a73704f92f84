"""Builds the stand-in model: chiTra's exact file format with small dimensions, from the corpus at hand.

No pretrained weight and no held-out article goes in. So that it learns usefully within minutes on a CPU, its
untrained weights start from what the training articles, and their categories, say about words:

- word embeddings are the latent semantic analysis of the training split (truncated SVD of TF-IDF, without the
  first component, which only tells frequent from rare words), at length one per word;
- one dimension carries the logarithm of a word's salience: how much it weighs in a linear classifier of the training
  articles. The attention starts out as the average of all words weighted by it: BERT normalises embeddings, which would
  remove weights from their scale. [CLS] has next to nothing of its own;
- the values are scaled so that averages of articles, which differ little, spread over all dimensions, and the
  pooler hands them on as they are.
"""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC
from sudachipy import Dictionary, SplitMode
from sudachitra.word_formatter import word_formatter
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import BertConfig, BertForPreTraining

from chitra.corpus import Article, read_corpus
from chitra.model_files import STAND_IN_NAME
from chitra.split import check_categories, split_articles
from chitra.tokenisation import within_limit

Array = np.ndarray[Any, np.dtype[Any]]

VOCABULARY_SIZE = 16_000
HIDDEN_SIZE = 192
TOPICS = HIDDEN_SIZE - 1  # dimensions of the semantic analysis; the last one carries the salience
RARE = 2  # a character seen less often is left to [UNK]
UNKNOWN = "[UNK]"
SPECIAL_TOKENS = ["[PAD]", UNKNOWN, "[CLS]", "[SEP]", "[MASK]"]
WORD_FORM = "normalized_and_surface"
SPREAD = 2.0  # standard deviation, over articles, of each dimension of their words' average
SVM_C = 0.5
LEAST_SALIENCE = 0.02  # of the average: of what tells nothing, and of what no training article holds, as [SEP]
CLS_NOISE = 0.01
MEASURED_ARTICLES = 512  # whose averages are looked at
MEASURED_PIECES = 510
TOKENIZER_CONFIG = {
    "tokenizer_class": "BertSudachipyTokenizer",
    "do_lower_case": False,
    "do_nfkc": False,
    "do_word_tokenize": True,
    "do_subword_tokenize": True,
    "word_tokenizer_type": "sudachipy",
    "subword_tokenizer_type": "wordpiece",
    "word_form_type": WORD_FORM,
    "model_max_length": 512,
    "sudachipy_kwargs": {"split_mode": "C", "dict_type": "core"},
}


def build_stand_in(corpus: Path, folder: Path, *, seed: int) -> int:
    """Write the model to ``folder`` and return the size of its vocabulary.

    ``seed`` is that of the preprocessing job, so that both hold the same articles out.

    Raises:
        InputError: the corpus cannot be used.
    """
    articles = read_corpus(corpus).articles
    check_categories(Counter(article.category for article in articles))
    training = split_articles(articles, seed).train
    words = _segment(training)
    vocabulary = _train_vocabulary(words)
    torch.manual_seed(seed)
    pieces = _pieces(words, vocabulary)
    vectorizer = TfidfVectorizer(analyzer=list, lowercase=False, vocabulary=vocabulary, sublinear_tf=True)
    matrix = vectorizer.fit_transform(pieces)
    salience = _log_salience(matrix, vectorizer.idf_, [article.category for article in training], seed)
    model = _initialise(BertForPreTraining(_config(len(vocabulary))), _word_vectors(matrix, seed), salience)
    _spread(model, _inputs(pieces[:MEASURED_ARTICLES], vocabulary))
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    (partial / "vocab.txt").write_text("".join(f"{piece}\n" for piece in vocabulary), encoding="utf-8")
    (partial / "tokenizer_config.json").write_text(json.dumps(TOKENIZER_CONFIG, indent=2) + "\n", encoding="utf-8")
    model.config.save_pretrained(partial)
    torch.save(model.state_dict(), partial / "pytorch_model.bin")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    return len(vocabulary)


def _config(vocabulary_size: int) -> BertConfig:
    return BertConfig(
        name=STAND_IN_NAME,
        vocab_size=vocabulary_size,
        hidden_size=HIDDEN_SIZE,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        classifier_dropout=0.4,
    )


def _segment(articles: Sequence[Article]) -> list[list[str]]:
    dictionary = Dictionary(dict="core")
    tokenizer = dictionary.tokenizer(SplitMode.C)
    form = word_formatter(WORD_FORM, dictionary)
    return [
        [word for morpheme in tokenizer.tokenize(within_limit(article.text)) if (word := form(morpheme).strip())]
        for article in articles
    ]


def _train_vocabulary(documents: Sequence[Sequence[str]]) -> list[str]:
    """WordPiece over the words; the order of the vocabulary is the order of ids.

    Continuing characters are handed to the trainer in a fixed order, as special tokens: it would number them in
    the random order of a hash map and break ties between merges by those numbers.
    """
    words = Counter(word for document in documents for word in document)
    characters: Counter[str] = Counter()
    for word, count in words.items():
        for character in word:
            characters[character] += count
    alphabet = {character for character, count in characters.items() if count >= RARE}
    continuing = sorted({f"##{character}" for word in words for character in word[1:] if character in alphabet})
    tokenizer = Tokenizer(models.WordPiece(unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.WordPieceTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=[*SPECIAL_TOKENS, *continuing],
        initial_alphabet=sorted(alphabet),
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    tokenizer.train_from_iterator((" ".join(document) for document in documents), trainer)
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    return sorted(vocabulary, key=lambda piece: vocabulary[piece])


def _pieces(words: Sequence[Sequence[str]], vocabulary: Sequence[str]) -> list[list[str]]:
    model = models.WordPiece(vocab={piece: i for i, piece in enumerate(vocabulary)}, unk_token=UNKNOWN)
    pieces_of = {word: [piece.value for piece in model.tokenize(word)] for document in words for word in set(document)}
    return [[piece for word in document for piece in pieces_of[word]] for document in words]


def _word_vectors(matrix: Any, seed: int) -> Array:
    """Unit vectors of shape (vocabulary, TOPICS), from TF-IDF of shape (articles, vocabulary).

    Pieces never seen get random vectors: BERT would blow zeros up to full length in the one dimension that is left,
    and all attention would go to them.
    """
    articles, pieces = matrix.shape
    components = min(TOPICS + 1, articles, pieces)
    svd = TruncatedSVD(components, random_state=seed).fit(matrix)
    vectors = np.zeros((pieces, TOPICS), dtype=np.float32)
    vectors[:, : components - 1] = (svd.components_ * np.sqrt(svd.singular_values_)[:, None])[1:].T
    unseen = np.linalg.norm(vectors, axis=1) <= 1e-6
    vectors[unseen] = np.random.default_rng(seed).standard_normal((unseen.sum(), TOPICS))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _log_salience(matrix: Any, idf: Array, categories: Sequence[str], seed: int) -> Array:
    """How much the pieces tell about categories, of shape (vocabulary,), as logarithms of shares of the average.

    It is a piece's idf, times the square root of the length of its weights in a linear SVM on TF-IDF. Without the root
    a small corpus is learnt by heart, and idf alone is half a point worse on livedoor.
    """
    weights = LinearSVC(C=SVM_C, random_state=seed).fit(matrix, categories).coef_
    salience = np.sqrt(np.linalg.norm(weights, axis=0)) * idf
    return np.asarray(np.log(salience / salience[salience > 0].mean() + LEAST_SALIENCE))


@torch.no_grad()
def _initialise(model: BertForPreTraining, vectors: Array, salience: Array) -> BertForPreTraining:
    config = model.config
    embeddings = model.bert.embeddings
    embeddings.word_embeddings.weight[:, :TOPICS] = torch.from_numpy(vectors)
    embeddings.word_embeddings.weight[:, TOPICS] = torch.from_numpy(salience * vectors.std()).float()
    cls = torch.randn(config.hidden_size) * CLS_NOISE
    cls[TOPICS] = -1.0
    embeddings.word_embeddings.weight[SPECIAL_TOKENS.index("[CLS]")] = cls
    embeddings.position_embeddings.weight.mul_(0.1)
    embeddings.token_type_embeddings.weight.zero_()
    attention: Any = model.bert.encoder.layer[0].attention
    identity = torch.eye(config.hidden_size)
    attention.self.value.weight.copy_(identity)
    attention.output.dense.weight.copy_(identity)
    attention.self.query.weight.mul_(0.1)
    attention.self.key.weight.mul_(0.1)
    head_size = config.hidden_size // config.num_attention_heads
    for first in range(0, config.hidden_size, head_size):
        attention.self.key.weight[first].zero_()
        attention.self.key.weight[first, TOPICS] = 1.0
        attention.self.query.bias[first] = math.sqrt(head_size)
    pooler: Any = model.bert.pooler
    pooler.dense.weight.copy_(identity)
    return model


def _inputs(documents: Sequence[Sequence[str]], vocabulary: Sequence[str]) -> list[torch.Tensor]:
    """``[CLS] pieces [SEP]`` of the beginning of each document, of shape (1, ids)."""
    ids = {piece: number for number, piece in enumerate(vocabulary)}
    begun = (["[CLS]", *document[:MEASURED_PIECES], "[SEP]"] for document in documents)
    return [torch.tensor([[ids[piece] for piece in document]]) for document in begun]


@torch.no_grad()
def _spread(model: BertForPreTraining, inputs: Sequence[torch.Tensor]) -> None:
    """Let the values of [CLS] have mean 0 and standard deviation SPREAD over the given articles, in each dimension."""
    bert = model.bert.eval()
    attention: Any = bert.encoder.layer[0].attention.self
    seen: list[torch.Tensor] = []
    hook = attention.register_forward_hook(lambda module, given, result: seen.append(result[0][0, 0]))
    for ids in inputs:
        bert(ids)
    hook.remove()
    averages = torch.stack(seen)
    scale = SPREAD / averages.std(dim=0).clamp_min(1e-6)
    attention.value.weight.mul_(scale[:, None])
    attention.value.bias.copy_(-averages.mean(dim=0) * scale)
