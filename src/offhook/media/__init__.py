"""Python's face of the media engine: ports, playing and recording, sounds, say, tones by country, formats, music.

May import offhook._core and offhook.config only; knows no SIP, no channels.
"""
