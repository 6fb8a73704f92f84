"""One line for a refusal of AWS: what happened, and what to do."""

from __future__ import annotations

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError, NoCredentialsError
from botocore.parsers import ResponseParserError

# What a call may raise, other than for a mistake in this program: a proxy that answers in AWS's place is among it.
AWS_ERRORS = (ClientError, BotoCoreError, ResponseParserError, Boto3Error)

DENIED = frozenset({"403", "AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"})
SLOW_DOWN = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded"}
    | {"SlowDown", "LimitExceededException", "ServiceUnavailable", "InternalFailure", "InternalError"}
)
BAD_CREDENTIALS = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
BAD_CREDENTIALS |= {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "AuthFailure"}


def is_denied(error: Exception) -> bool:
    """Whether a permission is missing: trying again will not help."""
    return isinstance(error, ClientError) and error.response["Error"]["Code"] in DENIED


def is_passing(error: Exception) -> bool:
    """Whether the same call may well work in a minute: the network is gone, or AWS asks for patience."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return error.response["Error"]["Code"] in SLOW_DOWN or status >= 500
    return isinstance(error, ConnectionError | HTTPClientError | ResponseParserError)


def advice(error: Exception) -> str:
    """In one line, for one of ``AWS_ERRORS``."""
    if isinstance(error, NoCredentialsError):
        return "no AWS credentials were found: set AWS_PROFILE or AWS_SHARED_CREDENTIALS_FILE"
    if not isinstance(error, ClientError):
        return f"AWS did not answer ({_one_line(str(error))}): look at the network, then run the command again"
    code, message = error.response["Error"]["Code"], _one_line(error.response["Error"].get("Message", ""))
    operation = error.operation_name
    if code in DENIED:
        return f"{operation} was denied ({message}): have the caller's permissions extended, then run the command again"
    if code in SLOW_DOWN:
        return f"{operation} was refused for now ({code}): run the command again in a minute"
    if code in BAD_CREDENTIALS:
        return (
            f"AWS does not accept the credentials ({code}): renew them; a region that is switched off answers so, too"
        )
    if "TerminationProtection" in message:
        return "termination protection is on: switch it off (CloudFormation, the stack), then run the command again"
    return f"{operation} failed: {code}: {message}".removesuffix(": ")


def _one_line(text: str) -> str:
    return " ".join(text.split())
