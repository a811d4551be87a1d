"""The commands of the command line that are more than a server: what they print, and their exit codes."""
