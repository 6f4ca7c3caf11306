"""CURL() and CURLOPT(): fetch something from a web server while the call waits.

Requests are made by the standard library in threads of their own, so a slow server holds up the call that
asked, and no other.  Options are the channel's; what they do not say is libcurl's default.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qsl

from offhook.dialplan.arguments import join_arguments
from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, function, waiting_function
from offhook.dialplan.errors import FunctionError

if TYPE_CHECKING:
    import http.client
    import urllib.request
    from email.message import Message
    from typing import IO

__all__: list[str] = []

_SERVICE = "curl"
_MOST = 1 << 20  # bytes of an answer that are kept
_AT_ONCE = 32  # requests; the others wait
_TIMEOUT = 180.0  # seconds, when no option says

_FLAGS = frozenset(("followlocation", "header", "ftptext", "ssl_verifypeer", "ssl_verifyhost"))
_TEXTS = frozenset(
    (
        "cookie",
        "conntimeout",
        "dnstimeout",
        "ftptimeout",
        "httpauth",
        "httpheader",
        "httptimeout",
        "maxredirs",
        "proxy",
        "proxytype",
        "proxyport",
        "proxyuserpwd",
        "referer",
        "useragent",
        "userpwd",
        "ssl_cainfo",
        "ssl_capath",
        "ssl_cert",
        "ssl_certtype",
        "ssl_key",
        "ssl_keytype",
        "ssl_keypasswd",
        "hashcompat",
        "failurecodes",
    )
)
_DEFAULTS = {"ssl_verifypeer": "1", "ssl_verifyhost": "1", "followlocation": "0", "header": "0"}
_TRUE = ("1", "yes", "true", "on", "y", "t", "2")

_pool: ThreadPoolExecutor | None = None


def _threads() -> ThreadPoolExecutor:
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="curl")
    return _pool


def _options(call: Call) -> dict[str, str]:
    found = call.services.get(_SERVICE)
    if not isinstance(found, dict):
        call.services[_SERVICE] = found = dict[str, str]()
    return cast("dict[str, str]", found)


@function("CURLOPT", dangerous="write")
def curl_option(call: Call, key: str) -> str:
    """An option of CURL() on this channel: httptimeout, conntimeout, useragent, userpwd, httpheader ...

    Args:
        key: the option; `httpheader` is added to each time that it is set, all others are replaced.
    """
    name = key.strip().lower()
    if name not in _FLAGS and name not in _TEXTS:
        raise FunctionError(f"CURLOPT: there is no option {key!r}")
    return _options(call).get(name, _DEFAULTS.get(name, ""))


@curl_option.writer
def set_curl_option(call: Call, value: str, key: str) -> None:
    """Set an option for the requests of this channel."""
    name = key.strip().lower()
    if name in _FLAGS:
        value = "1" if value.strip().lower() in _TRUE else "0"
    elif name not in _TEXTS:
        raise FunctionError(f"CURLOPT: there is no option {key!r}")
    elif name.endswith("timeout") or name in ("maxredirs", "proxyport"):
        try:
            float(value or 0)
        except ValueError:
            raise FunctionError(f"CURLOPT({name}): {value!r} is no number") from None
    options = _options(call)
    if name == "httpheader" and name in options:
        value = f"{options[name]}\n{value}"
    options[name] = value


@waiting_function("CURL", dangerous="read")
async def curl(call: Call, url: str, post_data: Raw = "") -> str:
    """What a web server answers: CURL(url[,post-data]); empty when it cannot be reached.

    With CURLOPT(hashcompat) an answer in form encoding gives its values, for Set(HASH(x)=${CURL(...)}), which
    finds their names.  At most one MiB of an answer is kept.

    Args:
        url: http, https or ftp.
        post_data: what is sent by POST; without it the request is a GET.

    Sets:
        CURL_STATUS: the status of the answer, 0 when there was none.
    """
    options = dict(_options(call))
    target, data = url.strip(), post_data
    loop = asyncio.get_running_loop()
    call.set_variable("CURL_STATUS", "0")
    try:
        status, text = await loop.run_in_executor(_threads(), _fetch, target, data, options)
    except (OSError, ValueError) as error:
        raise FunctionError(f"CURL: {target}: {error}") from None
    call.set_variable("CURL_STATUS", str(status))
    codes = [code.strip() for code in options.get("failurecodes", "").split(",")]
    if str(status) in codes:
        raise FunctionError(f"CURL: {target}: the answer is {status}")
    text = text.rstrip("\r\n")
    if options.get("hashcompat", "no").lower() in (*_TRUE, "legacy"):
        return _as_hash(call, text)
    return text


def _as_hash(call: Call, text: str) -> str:
    """The values of `a=1&b=2`; their names in the variable in which Set(HASH(x)=...) looks for them."""
    pairs = parse_qsl(text, keep_blank_values=True)
    call.set_variable("~ODBCFIELDS~", join_arguments([name for name, _ in pairs]))
    return join_arguments([value for _, value in pairs])


# ---------------------------------------------------------------- in a thread


def _seconds(options: Mapping[str, str]) -> float:
    for name in ("httptimeout", "ftptimeout", "conntimeout"):
        value = float(options.get(name) or 0)
        if value > 0:
            return value
    return _TIMEOUT


def _fetch(url: str, data: str, options: Mapping[str, str]) -> tuple[int, str]:
    """Do a request; (status, text).  Raises OSError or ValueError."""
    import http.client
    import urllib.error
    import urllib.request

    if "://" not in url:
        url = f"http://{url}"
    if url.partition("://")[0].lower() not in ("http", "https", "ftp"):
        raise ValueError("only http, https and ftp are fetched")
    request = urllib.request.Request(url, data.encode() if data else None)
    request.add_header("User-Agent", options.get("useragent") or "offhook-curl")
    for header in options.get("httpheader", "").splitlines():
        name, colon, value = header.partition(":")
        if colon:
            request.add_header(name.strip(), value.strip())
    for option, name in (("cookie", "Cookie"), ("referer", "Referer")):
        if options.get(option):
            request.add_header(name, options[option])
    opener = _opener(url, options)
    try:
        with opener.open(request, timeout=_seconds(options)) as answer:
            status = int(answer.status or 200)
            text, headers = answer.read(_MOST), answer.headers
    except urllib.error.HTTPError as error:  # an answer all the same, as for libcurl
        with error:
            status, text, headers = error.code, error.read(_MOST), error.headers
    except http.client.HTTPException as error:
        raise OSError(f"it answers something else than HTTP: {error}") from None
    body = text.decode("utf-8", "replace")
    return status, f"{_head(status, headers)}{body}" if options.get("header") == "1" else body


def _head(status: int, headers: Message) -> str:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines)


def _opener(url: str, options: Mapping[str, str]) -> urllib.request.OpenerDirector:
    import ssl
    import urllib.request

    class Redirects(urllib.request.HTTPRedirectHandler):
        max_redirections = int(float(options.get("maxredirs") or 10))

        def redirect_request(
            self,
            req: urllib.request.Request,
            fp: IO[bytes],
            code: int,
            msg: str,
            headers: http.client.HTTPMessage,
            newurl: str,
        ) -> urllib.request.Request | None:
            if options.get("followlocation", "0") != "1":
                return None  # the 3xx itself is the answer
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    context = ssl.create_default_context(
        cafile=options.get("ssl_cainfo") or None, capath=options.get("ssl_capath") or None
    )
    if options.get("ssl_verifyhost") == "0" or options.get("ssl_verifypeer") == "0":
        context.check_hostname = False
    if options.get("ssl_verifypeer") == "0":
        context.verify_mode = ssl.CERT_NONE
    if options.get("ssl_cert"):
        context.load_cert_chain(
            options["ssl_cert"], options.get("ssl_key") or None, options.get("ssl_keypasswd") or None
        )
    handlers: list[urllib.request.BaseHandler] = [Redirects(), urllib.request.HTTPSHandler(context=context)]
    if options.get("userpwd"):
        user, _, password = options["userpwd"].partition(":")
        passwords = urllib.request.HTTPPasswordMgrWithPriorAuth()
        digest = options.get("httpauth", "basic").strip().lower() == "digest"
        passwords.add_password(None, url, user, password, is_authenticated=not digest)
        handlers.append(
            urllib.request.HTTPDigestAuthHandler(passwords)
            if digest
            else urllib.request.HTTPBasicAuthHandler(passwords)
        )
    proxy = options.get("proxy", "")
    if proxy:
        if options.get("proxytype", "http").lower() not in ("http", ""):
            raise ValueError("only proxies of type http are used")
        host = proxy.partition("://")[2] or proxy
        port = options.get("proxyport", "")
        who = f"{options['proxyuserpwd']}@" if options.get("proxyuserpwd") else ""
        address = f"http://{who}{host}{f':{port}' if port and ':' not in host else ''}"
        handlers.append(urllib.request.ProxyHandler({"http": address, "https": address}))
    else:
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)
