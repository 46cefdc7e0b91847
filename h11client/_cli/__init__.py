"""The command line: arguments become one call of a session, and its response what is written.

arguments, items    what was said
settings, sending   what it means for a session, and for a request
run                 the call, and where its body goes:
printing            to a terminal or a pipe
saving              to a file, with a progress bar
failures            what went wrong, in a line and as an exit code
"""
