"""What runs in the contenders' processes: no contender is imported at module level here."""
