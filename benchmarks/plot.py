def main_table(documents): return ""
