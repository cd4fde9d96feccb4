"""The web page, one file per part, called in screen order by app.py. It shows, asks and calls the pipeline; it decides nothing."""
