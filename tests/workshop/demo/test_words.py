"""Which language a reader gets, and that both say the same."""

from __future__ import annotations

import re

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from chitra.errors import WorkshopError
from workshop.demo.problems import ProblemError, problem_of, sentence, told_on_terminal
from workshop.demo.words import WORDS, preferred, words_in
from workshop.report.words import Language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("ja", Language.JA),
        ("ja-JP,ja;q=0.9,en-US;q=0.8", Language.JA),
        ("en-US,en;q=0.9,ja;q=0.8", Language.EN),
        ("fr-FR,ja;q=0.5,en;q=0.3", Language.JA),
        ("en;q=0.2,JA;q=0.8", Language.JA),
        ("ja;q=0", Language.EN),
        ("jam,de", Language.EN),
        ("ja;q=x,,;q=", Language.EN),
        ("", Language.EN),
    ],
)
def test_should_read_the_browsers_language(header: str, language: Language) -> None:
    assert preferred(header) is language


def test_should_say_the_same_in_both_languages() -> None:
    for key, (japanese, english) in WORDS.items():
        assert sorted(re.findall(r"{\w+", japanese)) == sorted(re.findall(r"{\w+", english)), key
        assert "\n" not in japanese + english


def refusal(code: str, message: str = "", status: int = 400, **more: object) -> ClientError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}, **more}
    return ClientError(answer, "InvokeEndpoint")  # type: ignore[arg-type]


PROBLEMS = [
    (refusal("ValidationError", "Endpoint e of account 1 not found."), "gone"),
    (refusal("ValidationException", 'Could not find endpoint "e".'), "gone"),
    (refusal("ExpiredTokenException", status=403), "credentials"),
    (refusal("UnrecognizedClientException", status=403), "credentials"),
    (NoCredentialsError(), "credentials"),
    (refusal("AccessDeniedException", "not authorized", 403), "denied"),
    (refusal("ThrottlingException", "Rate exceeded"), "busy"),
    (refusal("ServiceUnavailable", status=503), "busy"),
    (refusal("ModelNotReadyException", status=429), "busy"),
    (refusal("ModelError", "from primary", 424, OriginalStatusCode=503), "busy"),
    (refusal("ModelError", "from primary", 424, OriginalStatusCode=413), "refused"),
    (refusal("ModelError", "from primary", 424, OriginalStatusCode=500), "model_failed"),
    (refusal("ValidationError", "Request payload is larger"), "aws"),
    (EndpointConnectionError(endpoint_url="https://e"), "network"),
    (WorkshopError("endpoint e: its answer is none of this workshop's image."), "workshop"),
    (ProblemError("empty"), "empty"),
    (KeyError("scores"), "unexpected"),
]


@pytest.mark.parametrize(("error", "key"), PROBLEMS)
def test_should_say_in_one_sentence_what_went_wrong(error: Exception, key: str) -> None:
    problem = problem_of(error)
    assert problem.key == key
    for language in Language:
        assert sentence(problem, words_in(language)).endswith(("。", "."))
    line = told_on_terminal(error)
    assert "\n" not in line
    assert bool(line) != isinstance(error, ProblemError)
