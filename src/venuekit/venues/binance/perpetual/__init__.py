"""Binance USD-M perpetual futures."""
