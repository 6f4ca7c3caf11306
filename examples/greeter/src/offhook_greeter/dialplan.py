"""The application Greet() and the function GREETING()."""

from offhook import Call, application, function


@application("Greet")
async def greet(call: Call, name: str, times: int = 1) -> None:
    """Say hello.

    Args:
        name: who is greeted.
        times: how often.

    Sets:
        GREETED: the name.
    """
    for _ in range(times):
        await call.play("hello-world")
    call.variables["GREETED"] = name


@function("GREETING")
def greeting(call: Call, name: str) -> str:
    """A greeting for somebody.

    Args:
        name: for whom.
    """
    return f"Hello {name}, from {call.exten}"
