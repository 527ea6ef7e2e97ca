"""The language in which a venue's wire module is written: structs, endpoint rows, pools, feeds, domains."""
