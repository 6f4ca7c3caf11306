"""Python's face of the media engine: ports, playing, recording, sounds, say, tones by country, music.

May import offhook._core and offhook.config only; knows no SIP, no channels.
"""
