"""One folder per company, one sub-folder per product: facts, tables and translations."""
