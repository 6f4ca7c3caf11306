"""`UnicastRTP/host:port`: plain RTP to an address, without signalling (Asterisk: chan_rtp)."""

from offhook.drivers.rtp.channel import UnicastChannel, UnicastTechnology

__all__ = ["UnicastChannel", "UnicastTechnology"]
