"""Speed as ratios: ours against bare Flask on the same server, started beside it, slice by slice in one run."""
