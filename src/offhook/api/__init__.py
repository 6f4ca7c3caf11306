"""What the world talks to: the console socket now; AMI, AGI, ARI, HTTP and the Python API to come.

May import every floor below: apps, functions, features, dialplan, drivers, pbx, sip, media, config, storage.
"""
