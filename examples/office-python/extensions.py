"""The demo office's dialplan in Python: the same numbers and the same behaviour as examples/office.

6001-6003  the phones            500  the voice menu
600        echo test             8xx  plays a message
9...       out through the trunk

Its tests are the other office's: `offhook test --config examples/office-python examples/office/tests`.
"""

from offhook import Call, Dialplan, DialStatus

RING_SECONDS = 25
KEY_SECONDS = 5

dialplan = Dialplan()
internal = dialplan.context("internal")
services = dialplan.context("services")
outbound = dialplan.context("outbound")
menu = dialplan.context("menu")
from_trunk = dialplan.context("from-trunk")
# What a phone may dial.
phones = dialplan.context("phones", includes=[internal, services, outbound])


async def connect(
    call: Call, destination: str, *, seconds: float = RING_SECONDS, music: str | None = None
) -> None:
    """Call somebody; what the caller hears when nobody answers.  The call ends with it."""
    result = await call.dial(destination, timeout=seconds, music=music)
    match result.status:
        case DialStatus.BUSY:
            await call.apps.Busy(10)
        case DialStatus.NOANSWER:
            await call.play("vm-nobodyavail")
            await call.apps.Hangup("NO_ANSWER")
        case DialStatus.CHANUNAVAIL:
            await call.play("vm-isunavail", answer=False)
            await call.apps.Congestion(10)
        case DialStatus.CONGESTION:
            await call.apps.Congestion(10)
    await call.hangup()


@internal.extension("_600[1-3]")
async def phone(call: Call, number: str) -> None:
    """A colleague."""
    call.log(f"{call.caller_id.number} calls {number}")
    await connect(call, f"PJSIP/{number}")


@services.extension("500")
async def reception(call: Call) -> None:
    """The voice menu."""
    await call.goto(menu, "s")


@services.extension("600")
async def echo(call: Call) -> None:
    """Echo test."""
    call.answer()
    await call.play("demo-echotest")
    await call.apps.Echo()
    await call.play("demo-echodone")


@services.extension("_8XX")
async def message(call: Call, number: str) -> None:
    """A message, and the number that was dialled."""
    call.answer()
    await call.wait(0.5)
    await call.play("tt-monkeys")
    await call.say_digits(number)


@services.extension("601")
async def music_on_hold(call: Call) -> None:
    """Music, to listen to."""
    call.answer()
    await call.apps.MusicOnHold("default")


@outbound.extension("_9{number:X.}")
async def outside(call: Call, number: str) -> None:
    """Out through the trunk."""
    await connect(call, f"PJSIP/{number}@trunk", seconds=60)


# ---------------------------------------------------------------- what comes from outside


@from_trunk.extension("_+{number:X.}")
async def international(call: Call, number: str) -> None:
    """The same without the plus."""
    await call.goto(None, number)


@from_trunk.extension("_155512300{line:[1-3]}")
async def direct(call: Call, line: str) -> None:
    """The last two digits after our number choose a phone."""
    await call.goto(internal, f"600{line}")


@from_trunk.extension("_1555123X", "s", "office")
async def main_number(call: Call) -> None:
    """Our bare number reaches the menu."""
    await call.goto(menu, "s")


# ---------------------------------------------------------------- the voice menu


@menu.extension("s")
async def welcome(call: Call) -> None:
    """1, 2, 3: that phone.  4: a number is asked for and said back.  Or a phone's number."""
    call.answer()
    await call.wait(0.3)
    for _ in range(3):
        match await call.choose("demo-congrats", choices=["_[1-4]", "_600[1-3]"], timeout=KEY_SECONDS):
            case "1" | "2" | "3" as key:
                await call.play("transfer")
                await connect(call, f"PJSIP/600{key}", music="")
            case "4":
                await say_back(call)
            case "6001" | "6002" | "6003" as number:
                await connect(call, f"PJSIP/{number}")
            case "":
                pass
            case _:
                await call.play("pbx-invalid")
    await call.play("vm-goodbye")


async def say_back(call: Call) -> None:
    """Ask for a number."""
    number = await call.read("vm-enter-num-to-call", max_digits=8, attempts=2, timeout=5)
    if number:
        await call.play("you-entered")
        await call.say_digits(number)
