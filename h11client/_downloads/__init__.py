"""From a URL to a file: what goes on from where it stopped, and what is only ever whole."""
