"""The HTTP route /greeter/hello/NAME."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from offhook.pbx.pbx import Pbx


def routes(pbx: Pbx) -> list[Route]:
    """What stands under /greeter."""

    async def hello(request: Request) -> JSONResponse:
        return JSONResponse({"greeting": f"Hello {request.path_params['name']}", "calls": pbx.calls})

    return [Route("/hello/{name}", hello)]
