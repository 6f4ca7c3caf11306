"""Console commands about the manager interface: `manager show ...`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.ami.announce import SHOWN
from offhook.api.ami.declare import ACTIONS
from offhook.api.ami.privileges import words_of
from offhook.api.console.commands import CommandError, Commands

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("manager show commands")
    def show_commands(node: Node, words: list[str]) -> str:
        """List the actions of the manager interface."""
        lines = [f"  {'Action':<40.40}  Synopsis", f"  {'------':<40.40}  --------"]
        lines += [f"  {one.name:<40.40}  {one.synopsis}." for one in ACTIONS.all()]
        return "\n".join(lines) + "\n"

    @commands.add("manager show command", "ACTION")
    def show_command(node: Node, words: list[str]) -> str:
        """Explain an action of the manager interface."""
        if not words:
            raise CommandError("Usage: manager show command ACTION ...")
        pages: list[str] = []
        for word in words:
            found = ACTIONS.get(word)
            if found is None:
                raise CommandError(f"No manager command found with name '{word}'")
            said = found.documentation
            lines = [f"Action: {found.name}", f"Synopsis: {found.synopsis}.", f"Privilege: {found.privilege}"]
            lines += ["", said.description] if said.description else []
            lines += ["", "Headers:", "  ActionID: repeated in the answers (optional)"]
            for one in found.parameters:
                need = "" if one.required else " (optional)"
                lines.append(f"  {one.header}: {said.arguments.get(one.name, '')}{need}")
            pages.append("\n".join(lines))
        return "\n\n".join(pages) + "\n"

    @commands.add("manager show events")
    def show_events(node: Node, words: list[str]) -> str:
        """List the events of the manager interface."""
        names = sorted({*ACTIONS.sent(), *(name for one in SHOWN for name in one.names)})
        return "Events:\n" + "".join(f"  {name}\n" for name in names)

    @commands.add("manager show event", "EVENT")
    def show_event(node: Node, words: list[str]) -> str:
        """Explain an event of the manager interface."""
        if len(words) != 1:
            raise CommandError("Usage: manager show event EVENT")
        wanted = words[0].lower()
        pages = [
            f"Event: {', '.join(one.names)}\nPrivilege: {words_of(one.mask)}\nSynopsis: {one.synopsis}\n"
            for one in SHOWN
            if wanted in (name.lower() for name in one.names)
        ]
        for name, actions in ACTIONS.sent().items():
            if name.lower() == wanted:
                of = ", ".join(one.name for one in actions)
                pages.append(f"Event: {name}\nSynopsis: Part of the answer to {of}.\n")
        if not pages:
            raise CommandError(f"Could not find event '{words[0]}'")
        return "".join(pages)

    @commands.add("manager show connected")
    def show_connected(node: Node, words: list[str]) -> str:
        """List who is connected with the manager interface."""
        sessions = [one for one in node.manager.sessions if one.user is not None] if node.manager else []
        line = "  {:<15.15} {:<40.40} {:<10} {:<10} {:>8} {:>10} {:>10}"
        lines = [line.format("Username", "IP Address", "Start", "Elapsed", "FileDes", "Read", "Write")]
        now = node.pbx.wall_clock()
        for one in sessions:
            begin = int(one.logged_in_at)
            elapsed = int(now - one.logged_in_at)
            number = one.descriptor if one.descriptor >= 0 else "HTTP"
            lines.append(line.format(one.name, one.peer[0], begin, elapsed, number, one.read, one.write))
        lines.append(f"{len(sessions)} users connected.")
        return "\n".join(lines) + "\n"

    @commands.add("manager kick session", "FILEDES")
    def kick(node: Node, words: list[str]) -> str:
        """End the session of a client, by the number that `manager show connected` shows."""
        if len(words) != 1 or not (words[0].isascii() and words[0].isdigit()):
            raise CommandError("Usage: manager kick session FILEDES")
        for one in list(node.manager.sessions) if node.manager else ():
            if one.descriptor == int(words[0]):
                one.close()
                return f"Kicking manager session connected using file descriptor {words[0]}\n"
        raise CommandError(f"No manager session found using file descriptor {words[0]}")

    @commands.add("manager set debug [on|off]")
    def set_debug(node: Node, words: list[str]) -> str:
        """Number the events of the manager interface (SequenceNumber), or show whether they are."""
        server = node.manager
        if server is None:
            raise CommandError("The manager interface is not enabled (manager.conf)")
        if words not in ([], ["on"], ["off"]):
            raise CommandError("Usage: manager set debug [on|off]")
        if words:
            server.number_events(words == ["on"])
        return f"manager debug is {'on' if server.conf.general.debug else 'off'}\n"

    @commands.add("manager show users")
    def show_users(node: Node, words: list[str]) -> str:
        """List the users of manager.conf."""
        users = sorted(node.snapshot.manager.users)
        return "".join(
            [
                *(f"{name}\n" for name in users),
                "-------------------\n",
                f"{len(users)} manager users configured.\n",
            ]
        )

    @commands.add("manager show user", "USER")
    def show_user(node: Node, words: list[str]) -> str:
        """Show a user of manager.conf."""
        if len(words) != 1:
            raise CommandError("Usage: manager show user USER")
        user = node.snapshot.manager.users.get(words[0])
        if user is None:
            raise CommandError(f"There is no manager user called {words[0]}")
        rows = {
            "username": user.name,
            "secret": "<Set>" if user.secret else "<N/A>",
            "ACL": "yes" if user.rules or user.acl else "no",
            "read perm": ",".join(user.read),
            "write perm": ",".join(user.write),
            "displayconnects": "no" if user.displayconnects is False else "yes",
            "allowmultiplelogin": "no" if user.allowmultiplelogin is False else "yes",
        }
        return "".join(f"{name:>20}: {value}\n" for name, value in rows.items())

    @commands.add("manager show settings")
    def show_settings(node: Node, words: list[str]) -> str:
        """Show [general] of manager.conf."""
        general = node.snapshot.manager.general
        rows = {
            "Manager (AMI)": general.enabled,
            "Web Manager (AMI/HTTP)": general.webenabled,
            "TCP Bindaddress": f"{general.bindaddr.host}:{general.port}",
            "HTTP Timeout (seconds)": general.httptimeout,
            "TLS Enable": general.tlsenable,
            "Allow multiple login": general.allowmultiplelogin,
            "Display connects": general.displayconnects,
            "Timestamp events": general.timestampevents,
            "Channel vars": ",".join(general.channelvars),
            "Disabled events": ",".join(general.disabledevents),
        }
        words_of_bool = {True: "Yes", False: "No"}
        shown = {
            name: words_of_bool[value] if isinstance(value, bool) else value for name, value in rows.items()
        }
        head = "Global Settings:\n----------------\n"
        return head + "".join(f"  {name + ':':<25} {value}\n" for name, value in shown.items())

    @commands.add("manager reload")
    async def reload(node: Node, words: list[str]) -> str:
        """Read all configuration anew; nothing changes when it has an error."""
        await node.reload("manager")
        return ""
