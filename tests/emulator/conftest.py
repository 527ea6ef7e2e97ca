"""Its presence puts this folder on the import path, so that tests below find `scripted_market`."""
