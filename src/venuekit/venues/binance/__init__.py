"""Binance: what its products share, and a folder for each."""
