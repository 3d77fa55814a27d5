"""An independent reference of the portward formats, written from the pages in spec/ alone.

It is made for clearness, not for speed and not for use with real secrets.
"""
