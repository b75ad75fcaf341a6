"""Systems that need no training: lookup of lexicons, a constant answer, cue words."""
