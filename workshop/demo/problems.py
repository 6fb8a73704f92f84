"""What went wrong, as a sentence for who reads the page."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, TokenRetrievalError
from botocore.exceptions import CredentialRetrievalError as NoRetrieval
from botocore.exceptions import UnauthorizedSSOTokenError as SsoExpired

from chitra.errors import InputError, WorkshopError
from workshop.aws.advice import BAD_CREDENTIALS, advice, is_denied, is_passing
from workshop.demo.words import Words

CREDENTIALS = (NoCredentialsError, NoRetrieval, SsoExpired, TokenRetrievalError)
GONE = ("not found", "could not find", "does not exist")
BUSY_STATUS, TOO_LARGE = (429, 503), 413


class ProblemError(Exception):
    """``key`` is a sentence of the page's words, ``values`` are put into it."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key, self.values = key, values


def problem_of(error: Exception) -> ProblemError:
    """What the page says about an error of a question to a model, an endpoint or AWS."""
    match error:
        case ProblemError():
            return error
        case ClientError():
            return _refusal(error)
        case BotoCoreError():
            return ProblemError("credentials" if isinstance(error, CREDENTIALS) else "network")
        case WorkshopError() | InputError():
            return ProblemError("workshop")
    return ProblemError("unexpected")


def _refusal(error: ClientError) -> ProblemError:
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "").lower()
    if code in BAD_CREDENTIALS:
        return ProblemError("credentials")
    if is_denied(error):
        return ProblemError("denied")
    if code == "ModelError":
        return _refusal_of_container(int(error.response.get("OriginalStatusCode", 0) or 0))
    if code.startswith("Validation") and any(words in message for words in GONE):
        return ProblemError("gone")
    if code == "ModelNotReadyException" or is_passing(error):
        return ProblemError("busy")
    return ProblemError("aws", code=code)


def _refusal_of_container(status: int) -> ProblemError:
    if status in BUSY_STATUS:
        return ProblemError("busy")
    return ProblemError("refused" if 400 <= status < 500 else "model_failed")


def sentence(problem: ProblemError, words: Words) -> str:
    return words[problem.key].format(**problem.values)


def told_on_terminal(error: Exception) -> str:
    """One line for who started the page; empty where the page says it all."""
    match error:
        case ProblemError():
            return ""
        case ClientError() | BotoCoreError():
            return advice(error)
        case WorkshopError() | InputError():
            return str(error)
    return f"{type(error).__name__}: {error}"
