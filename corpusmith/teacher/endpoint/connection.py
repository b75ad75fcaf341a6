"""Find the cause of a failed call, and the remedy."""

import errno
import os
import ssl
from collections.abc import Iterator
from socket import gaierror
from urllib.parse import urlsplit

import aiohttp
import openai

from corpusmith.teacher.endpoint.address import Endpoint
from corpusmith.teacher.endpoint.refusal import Refusal, read_refusal


def connection_refusal(endpoint: Endpoint, error: openai.APIConnectionError) -> Refusal:
    """Classify a failed connection by its cause: the client raises "Request timed out." for
    most."""
    causes = list(_causes(error))
    if any(isinstance(cause, aiohttp.ClientProxyConnectionError) for cause in causes):
        variable = _proxy_variable(endpoint)
        return Refusal(
            "unreachable",
            f"the proxy {_proxy(variable)} does not answer",
            f"cannot be reached through the proxy: check {variable}, or set NO_PROXY",
        )
    for cause in causes:
        if type(cause) is ssl.SSLCertVerificationError:
            return Refusal(
                "unreachable",
                f"TLS certificate not trusted: {cause.verify_message}",
                "has a certificate that is not trusted: set SSL_CERT_FILE to its authority's",
            )
        if isinstance(cause, ssl.SSLError) and "WRONG_VERSION" in str(cause):
            return Refusal(
                "unreachable", "no TLS there", "doesn't use TLS: use http:// in --base-url"
            )
        if type(cause) is ssl.SSLError:
            return Refusal("unreachable", f"TLS failed: {cause.reason}", "cannot agree on TLS")
        if isinstance(cause, gaierror):
            return Refusal("unreachable", "unknown host", "is an unknown host: check --base-url")
        if isinstance(cause, ConnectionRefusedError):
            return Refusal(
                "unreachable",
                "connection refused",
                "does not listen on this port: start the server, or check --base-url",
            )
        if isinstance(cause, ConnectionResetError):
            return Refusal(
                "passing",
                "connection reset",
                f"resets every connection: {_other_scheme(endpoint)}",
            )
        if isinstance(cause, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError):
            return Refusal(
                "passing",
                "connection closed in the middle of a reply",
                f"closes every connection: {_other_scheme(endpoint)}",
            )
        if isinstance(cause, OSError) and cause.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            reason = "no route to the host"
            return Refusal("unreachable", reason, "cannot be reached: check network and --base-url")
        if isinstance(cause, aiohttp.ClientHttpProxyError):
            reason = f"the proxy refuses, HTTP {cause.status}"
            remedy = f"cannot be reached through the proxy: check {_proxy_variable(endpoint)}"
            return Refusal("unreachable", reason, remedy)
    if isinstance(error, openai.APITimeoutError):
        return Refusal("passing", "timed out")
    return Refusal("passing", f"connection failed ({type(causes[-1]).__name__})")


def status_refusal(error: openai.APIStatusError) -> Refusal:
    """Classify a reply with an error status."""
    reply = error.response
    return read_refusal(reply.status_code, reply.content, reply.headers, reply.reason_phrase)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _other_scheme(endpoint: Endpoint) -> str:
    if urlsplit(endpoint.base_url).scheme == "http":
        return "if the port uses TLS, use https:// in --base-url"
    return "if the port doesn't use TLS, use http:// in --base-url"


def _proxy_variable(endpoint: Endpoint) -> str:
    scheme = urlsplit(endpoint.base_url).scheme.upper()
    names = (f"{scheme}_PROXY", f"{scheme.lower()}_proxy", "ALL_PROXY", "all_proxy")
    return next((name for name in names if os.environ.get(name)), f"{scheme}_PROXY")


def _proxy(variable: str) -> str:
    parts = urlsplit(os.environ.get(variable, ""))
    return f"{parts.hostname}:{parts.port}" if parts.hostname else "of the environment"
