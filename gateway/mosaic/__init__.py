"""The guard against mosaics: what was answered before decides whether another answer may follow."""
