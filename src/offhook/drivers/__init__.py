"""Channel technologies: sip/ (PJSIP/...), local/ (Local/...); more to come.

Each turns a protocol's calls into `offhook.pbx` channels.  May import offhook.pbx, sip, media, config
and storage; knows no dialplan and no application.
"""
