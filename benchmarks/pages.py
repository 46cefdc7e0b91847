def write(documents): pass
