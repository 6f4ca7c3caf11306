"""Console commands about media: file formats, sounds, music on hold, tones of countries, RTP settings."""

from __future__ import annotations

import asyncio
import os
import shlex
from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError, Commands
from offhook.config.files.musiconhold import Mode
from offhook.media.formats import FILE_FORMATS, READABLE_EXTENSIONS
from offhook.media.indications import ToneSyntaxError, Zone, parse_tone_list
from offhook.media.music import MusicClass
from offhook.media.music_command import CommandMusic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.api.node import Node

__all__ = ["declare"]


def declare(commands: Commands) -> None:
    """Add the commands."""
    _declare_formats(commands)
    _declare_music(commands)
    _declare_indications(commands)


def _sounds(folders: Sequence[str]) -> dict[str, set[str]]:
    """Name (with its language's folder) -> formats."""
    found: dict[str, set[str]] = {}
    for folder in folders:
        for root, _, files in os.walk(folder):
            below = os.path.relpath(root, folder)
            for file in files:
                stem, dot, extension = file.rpartition(".")
                if dot and extension in READABLE_EXTENSIONS:
                    found.setdefault(os.path.normpath(os.path.join(below, stem)), set()).add(extension)
    return found


def _declare_formats(commands: Commands) -> None:
    @commands.add("core show file formats")
    def show_formats(node: Node, words: list[str]) -> str:
        """Show the kinds of sound file that can be played or recorded."""
        line = "{:<10} {:<12} {:<20}\n"
        text = line.format("Format", "Name", "Extensions") + line.format("------", "----", "----------")
        usable = [one for one in FILE_FORMATS.values() if one.readable]
        for one in usable:
            text += line.format(one.codec, one.name, "|".join(one.extensions))
        return f"{text}{len(usable)} file formats registered.\n"

    @commands.add("core show image formats")
    def show_images(node: Node, words: list[str]) -> str:
        """Show the formats of pictures: they are passed on, none is read from files."""
        line = "{:>10} {:>10} {:>50} {:>10}\n"
        text = line.format("Name", "Extensions", "Description", "Format")
        text += line.format("----", "----------", "-----------", "------")
        return f"{text}\n0 image formats registered.\n"

    @commands.add("core show sounds")
    async def show_sounds(node: Node, words: list[str]) -> str:
        """Show the sounds that are installed."""
        found = await asyncio.to_thread(_sounds, node.pbx.sounds.folders)
        return "Available audio files:\n" + "".join(f"{name}\n" for name in sorted(found))

    @commands.add("core show sound", "NAME")
    async def show_sound(node: Node, words: list[str]) -> str:
        """Show in which languages and formats there is a sound."""
        if len(words) != 1:
            raise CommandError("Usage: core show sound NAME")
        found = await asyncio.to_thread(_sounds, node.pbx.sounds.folders)
        rows = [
            (name, formats)
            for name, formats in sorted(found.items())
            if name == words[0] or name.partition("/")[2] == words[0]
        ]
        if not rows:
            raise CommandError(f"ERROR: File {words[0]} not found in media index")
        out = [f"Indexed Information for {words[0]}:"]
        for name, formats in rows:
            out += [f"  {name}:", *(f"    Format: {one}" for one in sorted(formats))]
        return "\n".join([*out, ""])

    @commands.add("rtp show settings")
    def show_rtp(node: Node, words: list[str]) -> str:
        """Show the settings of rtp.conf."""
        rtp = node.snapshot.rtp
        rows = (
            ("Port start", rtp.rtpstart),
            ("Port end", rtp.rtpend),
            ("Strict RTP", "Yes" if rtp.strictrtp.value != "no" else "No"),
            ("ICE support", "Yes" if rtp.icesupport else "No"),
            ("STUN address", "{}:{}".format(*rtp.stunaddr) if rtp.stunaddr[0] else "-"),
            ("TURN address", "{}:{}".format(*rtp.turnaddr) if rtp.turnaddr[0] else "-"),
            ("Probation", f"{rtp.probation} packets"),
            ("DTLS MTU", rtp.dtls_mtu),
            ("Replay Protect", "Yes" if rtp.srtpreplayprotection else "No"),
        )
        lines = "".join(f"  {name + ':':<16} {value}\n" for name, value in rows)
        return f"\n\nGeneral Settings:\n----------------\n{lines}----------------\n"

    @commands.add("udptl show config")
    def show_udptl(node: Node, words: list[str]) -> str:
        """Show the settings of udptl.conf."""
        fax = node.snapshot.udptl
        rows = (
            ("udptlstart", fax.udptlstart),
            ("udptlend", fax.udptlend),
            ("use_even_ports", "yes" if fax.use_even_ports else "no"),
        )
        lines = "".join(f"{name + ':':<16} {value}\n" for name, value in rows)
        return f"UDPTL Global options\n--------------------\n\n{lines}"


def _declare_music(commands: Commands) -> None:
    @commands.add("moh show classes")
    def show_classes(node: Node, words: list[str]) -> str:
        """Show the classes of music on hold."""
        configured = node.snapshot.musiconhold.classes
        out: list[str] = []
        for name, one in sorted(node.music.classes.items()):
            mode = configured[name].mode if name in configured else Mode.FILES
            out += [f"Class: {name}", f"\tMode: {mode.value}"]
            if isinstance(one, CommandMusic):
                out += [
                    f"\tApplication: {shlex.join(one.command.arguments)}",
                    f"\tFormat: {one.command.format}",
                ]
            if isinstance(one, MusicClass):
                out += [f"\tDirectory: {folder}" for folder in one.folders[:1] if mode is Mode.FILES]
                if one.sort not in ("", "alpha"):
                    out.append(f"\tSort: {one.sort}")
        return "\n".join([*out, ""])

    @commands.add("moh show files")
    async def show_files(node: Node, words: list[str]) -> str:
        """Show the files of each class of music on hold, as a caller with ulaw hears them."""

        def read() -> list[str]:
            out: list[str] = []
            for name, one in sorted(node.music.classes.items()):
                out += [f"Class: {name}", *(f"\tFile: {path}" for path in one.files())]
            return out

        return "\n".join([*await asyncio.to_thread(read), ""])

    @commands.add("moh reload")
    async def reload(node: Node, words: list[str]) -> str:
        """Read all configuration anew, musiconhold.conf with it; nothing changes when it has an error."""
        await node.reload("res_musiconhold")
        return ""

    @commands.add("moh unregister class", "CLASS")
    def unregister(node: Node, words: list[str]) -> str:
        """Take a class of music away until the next reload; those who hear it go on hearing it."""
        if len(words) != 1:
            raise CommandError("Usage: moh unregister class CLASS")
        if words[0] == "default":
            raise CommandError("The class default stays: it is what others fall back on.")
        if not node.music.remove(words[0]):
            raise CommandError(f"No such moh class '{words[0]}'.")
        return f"Unregistered moh class '{words[0]}'.\n"


def _declare_indications(commands: Commands) -> None:
    @commands.add("indication show", "[COUNTRY]")
    def show(node: Node, words: list[str]) -> str:
        """Show the countries whose tones are known, or the tones of some."""
        indications = node.pbx.indications
        if not words:
            rows = [
                f"{name:<7.7} {indications.zone(name).description or 'no description'}\n"
                for name in indications.countries()
            ]
            return "Country Description\n===========================\n" + "".join(rows)
        out = ["Country Indication      PlayList", "====================================="]
        for word in words:
            if word.lower() not in indications.countries():
                raise CommandError(f"No countries matching '{word}'")
            zone = indications.zone(word)
            cadence = ",".join(str(part) for part in zone.ring_cadence_ms)
            out.append(f"{zone.country:<7.7} {'ringcadence':<15.15} {cadence}")
            out += [f"{zone.country:<7.7} {name:<15.15} {tones}" for name, tones in zone.tones.items()]
        return "\n".join([*out, ""])

    @commands.add("indication add", 'COUNTRY INDICATION "TONES"')
    def add(node: Node, words: list[str]) -> str:
        """Set a tone of a country until the next reload."""
        if len(words) != 3:
            raise CommandError('Usage: indication add COUNTRY INDICATION "TONES"')
        country, name, tones = words[0].lower(), words[1], words[2]
        try:
            parse_tone_list(tones)
        except ToneSyntaxError as error:
            raise CommandError(str(error)) from error
        indications = node.pbx.indications
        if country in indications.countries():
            zone = indications.zone(country)
            zone = zone._replace(tones={**zone.tones, name: tones})
        else:
            zone = Zone(country, "", (), {name: tones})
        node.pbx.provide_sounds(node.pbx.sounds, indications.with_zones([zone]))
        return ""

    @commands.add("indication remove", "COUNTRY INDICATION")
    def remove(node: Node, words: list[str]) -> str:
        """Take a tone of a country away until the next reload."""
        if len(words) != 2:
            raise CommandError("Usage: indication remove COUNTRY INDICATION")
        indications = node.pbx.indications
        zone = indications.zone(words[0])
        if words[0].lower() not in indications.countries() or words[1] not in zone.tones:
            raise CommandError(f"There is no tone {words[1]!r} of {words[0]!r}")
        left = {name: tones for name, tones in zone.tones.items() if name != words[1]}
        node.pbx.provide_sounds(node.pbx.sounds, indications.with_zones([zone._replace(tones=left)]))
        return ""
