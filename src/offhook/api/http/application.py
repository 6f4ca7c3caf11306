"""The ASGI application: what stands under which path.

    /ari/...            ARI, where ari.conf has it
    /rawman, /mxml, /manager   the manager interface, where manager.conf has `webenabled`
    /metrics            Prometheus
    /health, /ready     for load balancers and service managers
    /httpstatus         what this server is, for people
    /NAME/...           what a package adds by the entry point NAME of `offhook.routes`
    /static/...         files of `static-http` in the data folder, where http.conf has `enable_static`

`prefix` of http.conf stands before all of them.
"""

from __future__ import annotations

import html
import logging
import re
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from offhook.api.ari.asgi import AriApp
from offhook.api.ari.outbound import Outbound
from offhook.api.http.metrics import exposition
from offhook.api.http.restricted import Restricted

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from offhook.api.node import Node
    from offhook.config.files.http import HttpGeneral

__all__ = ["build"]

log = logging.getLogger(__name__)


_OURS = ("ari", "httpstatus", "static", "rawman", "mxml", "manager")
"""Names that are the server's also while what is under them is switched off."""


def build(node: Node, conf: HttpGeneral) -> Starlette | Restricted:
    """The application of a node."""
    prefix = conf.prefix
    routes: list[BaseRoute] = []

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(request: Request) -> Response:
        up = node.fully_booted.is_set()
        return JSONResponse({"status": "ready" if up else "starting"}, status_code=200 if up else 503)

    async def metrics(request: Request) -> Response:
        return PlainTextResponse(exposition(node), media_type="text/plain; version=0.0.4")

    async def status(request: Request) -> Response:
        rows = {
            "Server": conf.servername,
            "Prefix": prefix or "/",
            "Bind Address": conf.bindaddr,
            "Bind Port": str(conf.bindport),
        }
        cells = "".join(
            f"<tr><td>{name}</td><td>{html.escape(text)}</td></tr>" for name, text in rows.items()
        )
        return HTMLResponse(f"<title>HTTP server status</title><table>{cells}</table>")

    for old, new in conf.redirect:
        routes.append(Route(old, _redirection(new)))
    routes += [
        Route(f"{prefix}/health", health),
        Route(f"{prefix}/ready", ready),
        Route(f"{prefix}/metrics", metrics),
    ]
    if conf.enable_status:
        routes.append(Route(f"{prefix}/httpstatus", status))
    if node.manager is not None:
        routes += node.manager.web_routes(prefix)
    if node.ari is not None:
        ari = AriApp(node.ari)
        node.ari.outbound = Outbound(ari)
        below = Mount(f"{prefix}/ari", app=ari)
        # names in a path may have any character, a line break too
        below.path_regex = re.compile(below.path_regex.pattern, re.DOTALL)
        routes.append(below)
    taken = {*_OURS, *(_name(route, prefix) for route in routes)}
    for name, own in node.packages.routes(node.pbx).items():
        if name in taken:
            log.error(
                "a package's routes cannot be named %s: there is something under /%s already", name, name
            )
            continue
        routes.append(Mount(f"{prefix}/{name}", routes=own))
    if conf.enable_static:
        folder = node.paths.data / "static-http"
        routes.append(Mount(f"{prefix}/static", app=StaticFiles(directory=folder, check_dir=False)))
    app = Starlette(routes=routes)
    return Restricted(app, node) if node.snapshot.http.restrictions else app


def _name(route: BaseRoute, prefix: str) -> str:
    """What a route is under, behind the prefix."""
    path: str = getattr(route, "path", "")
    return path.removeprefix(prefix).strip("/").partition("/")[0]


def _redirection(to: str):
    async def redirect(request: Request) -> Response:
        return RedirectResponse(to, status_code=302)

    return redirect
