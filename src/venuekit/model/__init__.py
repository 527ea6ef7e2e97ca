"""Facts in our own vocabulary: frozen values and enums."""
