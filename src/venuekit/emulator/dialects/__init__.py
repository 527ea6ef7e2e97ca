"""One module per venue product: how it speaks, written from its documentation."""
