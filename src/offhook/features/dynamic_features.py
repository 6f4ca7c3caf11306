"""Features behind which there are applications: [applicationmap] of features.conf, and recording by DTMF.

A channel may use those that its variable DYNAMIC_FEATURES names (features and groups, joined by #).  The
application runs on one of the two channels of a conversation while the other one waits; then both talk again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from offhook.config.files.features import DynamicFeature, FeaturesConf
from offhook.dialplan.errors import DialplanError
from offhook.features.touch_recording import TouchRecording
from offhook.pbx.aside import aside
from offhook.pbx.conversation import Feature, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offhook.dialplan.call import Call
    from offhook.dialplan.runner import Runner
    from offhook.pbx.channel import Channel
    from offhook.pbx.conversation import Act, Conversation
    from offhook.pbx.pbx import Pbx

__all__ = ["DynamicFeatures"]

log = logging.getLogger(__name__)


class DynamicFeatures:
    """The features of one node that need its dialplan."""

    def __init__(self, pbx: Pbx, runner: Runner, conf: FeaturesConf | None = None) -> None:
        self._runner = runner
        self._pbx = pbx
        self._recording = TouchRecording(runner)
        self.conf = conf or FeaturesConf()
        pbx.features.dynamic = self.of
        pbx.features.builtin["automixmon"] = self._recording.toggle

    def use(self, conf: FeaturesConf) -> None:
        """Use what features.conf says now, for the conversations to come."""
        self.conf = conf
        self._pbx.features.general, self._pbx.features.codes = conf.general, conf.featuremap

    def of(self, channel: Channel) -> list[Feature]:
        """The features that a channel's DYNAMIC_FEATURES names."""
        said = channel.get_variable("DYNAMIC_FEATURES")
        if not said:
            return []
        return [
            Feature(feature.name, feature.code, self._act(feature))
            for name in said.split("#")
            for feature in self._named(name.strip())
        ]

    def _named(self, name: str) -> Iterable[DynamicFeature]:
        feature = self.conf.applicationmap.get(name)
        return (feature,) if feature is not None else self.conf.groups.get(name, ())

    def _act(self, feature: DynamicFeature) -> Act:
        async def act(conversation: Conversation, leg: Channel) -> Outcome | None:
            target = leg if feature.on_self else conversation.other(leg)
            await self._run(conversation, target, feature)
            return None

        return act

    async def _run(self, conversation: Conversation, target: Channel, feature: DynamicFeature) -> None:
        other = conversation.other(target)

        async def work(call: Call) -> str:
            channel = call.channel
            place = channel.context, channel.exten, channel.priority
            depth = len(call.frames)
            call.set_variable("DYNAMIC_FEATURENAME", feature.name)
            call.set_variable("DYNAMIC_PEERNAME", other.name)
            try:
                await call.execute(feature.application, call.evaluate(feature.arguments))
                if len(call.frames) > depth:  # Gosub
                    await self._runner.finish_subroutine(call, depth, place)
            except DialplanError as error:
                call.complain(f"{feature.where}: {feature.name}: {error}")
            return ""

        with aside(conversation, target, music=feature.music or None):
            await self._runner.run_on(target, work)
        if not target.ended and not other.ended and target.bridge is conversation.bridge:
            conversation.resume()
