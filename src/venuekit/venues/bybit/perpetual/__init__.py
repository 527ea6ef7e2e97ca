"""Bybit linear perpetuals, settled in USDT or USDC."""
